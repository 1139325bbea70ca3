"""Images: DICOM de-identified record by record, and images of avatars.

``engine.deidentify_folder`` serves the command line; ``deidentify``, ``embed``, ``synthesize`` and ``facts`` the
pipeline.
"""

from anon_pipeline.modalities.imaging.record_level import deidentify
from anon_pipeline.modalities.imaging.synthetic.decode import embed, facts, synthesize

__all__ = ["deidentify", "embed", "facts", "synthesize"]
