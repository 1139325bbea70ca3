"""Genotypes: synthetic cohorts that keep frequencies, LD and declared associations; somatic panels.

``engine.synthesize_vcf`` and ``somatic.synthesize_somatic`` serve the command line; ``embed`` and ``synthesize`` the
pipeline. The attacks are in ``anon_pipeline.risk.genomic_suite``.
"""

from anon_pipeline.modalities.genomics.avatars import synthesize
from anon_pipeline.modalities.genomics.embedding import embed

__all__ = ["embed", "synthesize"]
