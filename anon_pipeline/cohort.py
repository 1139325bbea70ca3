"""An extracted cohort on disk: the one layout that extraction writes and every modality reads.

Extraction writes two such folders, ``training`` and ``holdout``: the patients of ``holdout`` are set apart before
anything is learnt from anyone, and only the attacks ever read them.

    ROOT/members.parquet                  person_id BIGINT: which patients
    ROOT/observational/{person,visit_occurrence,condition_occurrence,drug_exposure,procedure_occurrence,
                        observation,observation_period,death}.parquet
    ROOT/biology/measurement.parquet
    ROOT/genomics/cohort.vcf.gz           samples renamed to person_id; only the members
    ROOT/notes/note.parquet               note_id, person_id, note_date, note_title, note_text
    ROOT/images/index.parquet             person_id, path (relative to ROOT/images), sha256; the DICOM files beside it
    ROOT/vocabulary/{concept,concept_ancestor}.parquet

Tables keep OMOP CDM 5.4 names in lower case, BIGINT ids, DATE and TIMESTAMP types. A missing file means that the
cohort does not have it. How a cohort is read from a warehouse belongs to ``anon_pipeline.warehouse``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

OBSERVATIONAL_TABLES = (
    "person",
    "observation_period",
    "visit_occurrence",
    "condition_occurrence",
    "drug_exposure",
    "procedure_occurrence",
    "observation",
    "death",
)
BIOLOGY_TABLES = ("measurement",)


@dataclass(frozen=True)
class ExtractedCohort:
    """The two parts of an extraction."""

    name: str
    root: Path

    @property
    def training(self) -> Cohort:
        return Cohort(self.name, self.root / "training")

    @property
    def holdout(self) -> Cohort:
        return Cohort(self.name, self.root / "holdout")


@dataclass(frozen=True)
class Cohort:
    """One part of an extraction: its cohort's name and its folder."""

    name: str
    root: Path

    @property
    def members(self) -> Path:
        return self.root / "members.parquet"

    @property
    def vcf(self) -> Path:
        return self.root / "genomics" / "cohort.vcf.gz"

    @property
    def notes(self) -> Path:
        return self.root / "notes" / "note.parquet"

    @property
    def images(self) -> Path:
        """``images`` of an extraction; ``imaging`` where folders are named by modality, as what was anonymised is."""
        extracted = self.root / "images"
        return extracted if extracted.is_dir() else self.root / "imaging"

    def path(self, table: str) -> Path:
        """Where an OMOP table of this cohort lies."""
        if table in BIOLOGY_TABLES:
            return self.root / "biology" / f"{table}.parquet"
        if table == "note":
            return self.notes
        if table in ("concept", "concept_ancestor"):
            return self.root / "vocabulary" / f"{table}.parquet"
        return self.root / "observational" / f"{table}.parquet"

    def has(self, table: str) -> bool:
        return self.path(table).is_file()

    def read(self, table: str, columns: list[str] | None = None) -> pa.Table:
        import pyarrow.parquet as pq

        return pq.read_table(self.path(table), columns=columns)
