"""anon-pipeline: from a hospital's cohorts to anonymised releases, with the evidence to show it."""

__version__ = "0.1.0"
