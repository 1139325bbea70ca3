"""Turns a block's arrays into one chart a patient, which documents and images are made from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from anon_pipeline.fictional import biology, events
from anon_pipeline.fictional.dicom_headers import Examination
from anon_pipeline.fictional.identity import homes, identity, staff
from anon_pipeline.fictional.notes import Chart, Stay
from anon_pipeline.fictional.population import Population
from anon_pipeline.fictional.tables import CARE_SITES
from anon_pipeline.fictional.visits import Visits


def charts(people: Population, seen: Visits, take: int) -> Iterator[Chart]:
    """Charts of the block's first ``take`` patients."""
    matrix = biology.values(people, seen)
    limits = np.array([analyte.limit for analyte in biology.ANALYTES])
    names = [analyte.name for analyte in biology.ANALYTES]
    concept, has = events.condition_matrix(people)
    drugs = events.drug_rows(people, seen)
    choice = events.observation_choices(people)
    septum = biology.septum_mm(people)
    living, members = homes(people), staff(people.seed)
    first = np.searchsorted(seen.patient, np.arange(len(people) + 1))
    start = seen.start.astype("datetime64[D]").astype(object)
    end = (seen.start + seen.days.astype("timedelta64[D]")).astype("datetime64[D]").astype(object)
    taken: dict[int, list[int]] = {}
    for person, drug in zip(np.asarray(drugs["person_id"]), np.asarray(drugs["drug_concept_id"]), strict=True):
        taken.setdefault(int(person), []).append(int(drug))
    for row in range(take):
        person = identity(people, row, living[row])
        stays = []
        for visit in range(int(first[row]), int(first[row + 1])):
            known = np.flatnonzero(~np.isnan(matrix[visit]))
            stays.append(
                Stay(
                    visit_id=int(seen.visit_id[visit]),
                    provider_id=int(seen.provider[visit]),
                    kind=int(seen.kind[visit]),
                    start=start[visit],
                    end=end[visit],
                    nda=str(seen.nda[visit]),
                    unit=CARE_SITES[int(seen.care_site[visit]) - 1][1],
                    values={
                        names[i]: (float(max(matrix[visit, i], limits[i])), bool(matrix[visit, i] < limits[i]))
                        for i in known
                    },
                )
            )
        life = {
            label: answers[choice[row, i]]
            for i, (label, answers) in enumerate(events.OBSERVATIONS.values())
            if choice[row, i] >= 0
        }
        yield Chart(
            seed=people.seed,
            number=int(people.number[row]),
            person=person,
            staff=members,
            stays=stays,
            conditions=[int(c) for c in concept[has[row]]],
            drugs=taken.get(person.person_id, []),
            lesion_mm=float(people.lesion_mm[row]),
            septum_mm=float(septum[row]),
            liver=bool(people.liver[row]),
            hcm=bool(people.hcm[row]),
            dead=bool(people.dead[row]),
            end=people.end[row].astype("datetime64[D]").astype(object),
            life=life,
        )


def examination(chart: Chart) -> Examination:
    """The visit to radiology on the day of the index visit."""
    stay, count = chart.stays[0], len(chart.staff)
    number = chart.number
    return Examination(
        seed=chart.seed,
        number=number,
        person=chart.person,
        day=stay.start,
        age=(stay.start - chart.person.birth).days / 365.25,
        lesion_mm=chart.lesion_mm,
        hcm=chart.hcm,
        nda=stay.nda,
        accession=f"ACC{stay.visit_id % 10**9:09d}",
        physicians=(
            chart.staff[stay.provider_id - 1],
            chart.staff[(number * 5 + 2) % count],
            chart.staff[(number * 3 + 1) % count],
        ),
    )
