"""Biology: laboratory measurements as irregular series, with units, reference ranges and detection limits."""

from anon_pipeline.modalities.biology.embed import embed
from anon_pipeline.modalities.biology.synthesize import synthesize

__all__ = ["embed", "synthesize"]
