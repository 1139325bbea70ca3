"""What the hospital holds and the graph only reads: tables, images, genomes. Reading them is the extraction's work."""

from __future__ import annotations

import dagster as dg

from anon_pipeline.pipeline.assets.keys import SOURCES_OF_BOX, asset_key
from anon_pipeline.release.evidence import Evidence, FileRecord

_DESCRIPTIONS = {"warehouse": "OMOP table of the warehouse", "pacs": "DICOM files", "vcf": "Genotypes, a VCF file"}


def build_sources() -> list[dg.AssetSpec]:
    names = dict.fromkeys(name for names in SOURCES_OF_BOX.values() for name in names)
    return [
        dg.AssetSpec(asset_key(name), description=_DESCRIPTIONS[name.split("/")[0]], group_name="extraction")
        for name in names
    ]


def observations(evidence: Evidence) -> list[dg.AssetObservation]:
    """What an extraction read, by digest, one observation a source that the graph shows."""
    by_source: dict[str, list[FileRecord]] = {}
    for record in evidence.inputs:
        if source := _source_of(record.name):
            by_source.setdefault(source, []).append(record)
    return [_observation(source, records, evidence) for source, records in by_source.items()]


def _observation(source: str, records: list[FileRecord], evidence: Evidence) -> dg.AssetObservation:
    import hashlib

    lines = "\n".join(f"{record.name} {record.sha256}" for record in sorted(records, key=lambda r: r.name))
    digest = records[0].sha256 if len(records) == 1 else hashlib.sha256(lines.encode()).hexdigest()
    rows = [record.rows for record in records if record.rows is not None]
    return dg.AssetObservation(
        asset_key=asset_key(source),
        metadata={
            "read_for_cohort": evidence.cohort,
            "sha256": digest,
            "files": len(records),
            **({"rows": sum(rows)} if rows else {}),
        },
        tags={"dagster/data_version": digest},
    )


def _source_of(name: str) -> str | None:
    """The source of a record of evidence, from its name's first part."""
    kind, _, rest = name.partition("/")
    if kind in ("images", "pacs"):
        return "pacs/images"
    if kind in ("vcf", "genomics"):
        return "vcf/genotypes"
    table = rest.partition(".")[0] if kind == "warehouse" else kind.partition(".")[0]
    source = f"warehouse/{table}"
    return source if any(source in sources for sources in SOURCES_OF_BOX.values()) else None
