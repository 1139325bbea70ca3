"""Observational records: persons, visits, conditions, drugs, procedures, observations and deaths of OMOP."""

from anon_pipeline.modalities.observational.embed import embed
from anon_pipeline.modalities.observational.synthesize import synthesize

__all__ = ["embed", "synthesize"]
