"""Notes: de-identified record by record, and notes of avatars.

``engine.deidentify_documents`` serves the command line; ``deidentify``, ``embed`` and ``synthesize`` the pipeline.
"""

from anon_pipeline.modalities.text.record_level import deidentify
from anon_pipeline.modalities.text.synthetic.compose import synthesize
from anon_pipeline.modalities.text.synthetic.embedding import embed

__all__ = ["deidentify", "embed", "synthesize"]
