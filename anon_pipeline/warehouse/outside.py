"""The sources of a cohort that are not in the warehouse: a folder of images and a VCF, each optional.

Where they are and how their parts join an extraction; what is inside them is read in ``images.py`` and ``variants.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anon_pipeline.cohort import Cohort
    from anon_pipeline.keys import Key
    from anon_pipeline.policy import Policy
    from anon_pipeline.warehouse.extraction import ExtractionReport
    from anon_pipeline.warehouse.members import Members
    from anon_pipeline.warehouse.reading import Warehouse

IMAGES = "images/files"
VCF = "vcf/genotypes"


@dataclass(frozen=True)
class Outside:
    """What was named, by the caller or else by the policy; None where neither names it."""

    images: Path | None
    vcf: Path | None

    @classmethod
    def of(cls, policy: Policy, images: Path | str | None, vcf: Path | str | None) -> Outside:
        named = policy.sources
        return cls(
            Path(images) if images else policy.path(named.images) if named.images else None,
            Path(vcf) if vcf else policy.path(named.vcf) if named.vcf else None,
        )

    def extract(
        self,
        warehouse: Warehouse,
        members: Members,
        parts: list[Cohort],
        key: Key,
        report: ExtractionReport,
        quiet: bool,
    ) -> None:
        """Write both modalities of both parts. Raises BadInput for a source that is not there or broken."""
        from anon_pipeline.warehouse.identifiers import PersonFinder
        from anon_pipeline.warehouse.images import extract_images, scan_images
        from anon_pipeline.warehouse.variants import extract_variants, member_samples, vcf_digest, vcf_file

        if self.images is None:
            report.absent["imaging"] = "no source of images is named"
        if self.vcf is None:
            report.absent["genomics"] = "no VCF is named"
        if self.images is None and self.vcf is None:
            return
        finder = PersonFinder.read(warehouse, members)
        if self.images is not None:
            scan = scan_images(self.images, finder, quiet)
            extract_images(scan, finder, parts, report)
            report.sources[IMAGES] = (scan.digest(key), len(scan.files))
        if self.vcf is not None:
            path = vcf_file(self.vcf)
            extract_variants(path, finder, parts, report, quiet)
            report.sources[VCF] = (vcf_digest(path, key), member_samples(path, finder))

    def digests(self, warehouse: Warehouse, members: Members, key: Key) -> dict[str, tuple[str, int]]:
        """The digests alone, as ``extract`` reports them."""
        from anon_pipeline.warehouse.identifiers import PersonFinder
        from anon_pipeline.warehouse.images import scan_images
        from anon_pipeline.warehouse.variants import member_samples, vcf_digest, vcf_file

        found: dict[str, tuple[str, int]] = {}
        if self.images is None and self.vcf is None:
            return found
        finder = PersonFinder.read(warehouse, members)
        if self.images is not None:
            scan = scan_images(self.images, finder)
            found[IMAGES] = (scan.digest(key), len(scan.files))
        if self.vcf is not None:
            path = vcf_file(self.vcf)
            found[VCF] = (vcf_digest(path, key), member_samples(path, finder))
        return found
