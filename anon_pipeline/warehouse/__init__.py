"""Loading an OMOP warehouse, and reading a cohort out of it.

- ``load_folder(directory, target)``: a folder of OMOP files to a DuckDB file;
- ``open_warehouse(url)``: DuckDB or PostgreSQL, read-only;
- ``extract(warehouse, name, policy, key, out)`` and ``purge``: a cohort's files, in the layout of
  ``anon_pipeline.cohort``.
"""

from anon_pipeline.warehouse.extraction import ExtractionReport, extract, purge, source_digests
from anon_pipeline.warehouse.loading import LoadReport, load_folder
from anon_pipeline.warehouse.reading import CohortEntry, Warehouse, open_warehouse

__all__ = [
    "CohortEntry",
    "ExtractionReport",
    "LoadReport",
    "Warehouse",
    "extract",
    "load_folder",
    "open_warehouse",
    "purge",
    "source_digests",
]
