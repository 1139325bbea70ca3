"""From the hospital's own patient number to person_id, in memory only.

PatientID in DICOM files and sample names in a VCF are the ``person_source_value`` of OMOP's person (in a French
hospital, the IPP). In a warehouse where no member has one, they are the ``person_id`` itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from anon_pipeline.warehouse import cdm
from anon_pipeline.warehouse.statements import statement

if TYPE_CHECKING:
    from anon_pipeline.warehouse.members import Members
    from anon_pipeline.warehouse.reading import Warehouse

FIELDS = ("person_id", "person_source_value")


@dataclass(frozen=True, repr=False)
class PersonFinder:
    """``parts`` says in which part a person is; ``ambiguous`` numbers belong to two members and find nobody."""

    persons: dict[str, int]
    parts: dict[int, int]
    ambiguous: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def read(cls, warehouse: Warehouse, members: Members) -> PersonFinder:
        fields = [cdm.tables()["person"].field(name) for name in FIELDS]
        sql = f"WITH person_identifiers AS (\n{warehouse.relation('person', fields, False)}\n)\n"
        schema = pa.schema([("person_id", pa.int64()), ("person_source_value", pa.string())])
        found: dict[str, int] = {}
        ambiguous: set[str] = set()
        relations = {"members": members.arrow()}
        for batch in warehouse.batches(sql + statement("extraction/identifiers"), schema, relations, "table person"):
            for person, number in zip(batch[0].to_pylist(), batch[1].to_pylist(), strict=True):
                own = (number or "").strip()
                if own and found.setdefault(own, person) != person:
                    ambiguous.add(own)
        for number in ambiguous:
            del found[number]
        if not found and not ambiguous:
            found = {str(person): person for person in members.person_ids.tolist()}
        return cls(
            found, dict(zip(members.person_ids.tolist(), members.parts.tolist(), strict=True)), frozenset(ambiguous)
        )

    def find(self, number: str) -> int | None:
        return self.persons.get(number.strip().strip("\0").strip())
