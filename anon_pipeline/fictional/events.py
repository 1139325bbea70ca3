"""What happens to a block of patients, as OMOP rows: periods, visits, diagnoses, drugs, procedures and so on.

Laboratory values are in ``biology``, words in ``notes``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.fictional.concepts import codes, names
from anon_pipeline.fictional.population import Population
from anon_pipeline.fictional.visits import INPATIENT, Visits, moment
from anon_pipeline.keys import seeded_rng

LIVER, HCM, NODULE = 2000000201, 2000000204, 2000000202
UDCA, FUROSEMIDE = 2000000301, 956874
CT, ECHO, CHEST, ECG, BIOPSY, ULTRASOUND, ENDOSCOPY = range(2000000401, 2000000408)
COHORTS = {1: "Hépatopathie stéatosique", 2: "Cardiomyopathie hypertrophique"}

# concept: (ICD-10, base probability, added in liver disease, added in cardiomyopathy, added for 10 years over 60)
CONDITIONS = {
    320128: ("I10", 0.35, 0.10, 0.00, 0.06),
    201826: ("E11.9", 0.12, 0.25, 0.00, 0.02),
    201254: ("E10.9", 0.01, 0.00, 0.00, 0.00),
    432867: ("E78.5", 0.20, 0.15, 0.00, 0.02),
    433736: ("E66.9", 0.10, 0.25, 0.00, 0.00),
    316139: ("I50.9", 0.05, 0.00, 0.25, 0.05),
    313217: ("I48.9", 0.06, 0.00, 0.20, 0.05),
    4329847: ("I21.9", 0.03, 0.00, 0.02, 0.01),
    317009: ("J45.9", 0.06, 0.00, 0.00, 0.00),
    255573: ("J44.9", 0.05, 0.00, 0.00, 0.02),
    255848: ("J18.9", 0.05, 0.00, 0.00, 0.02),
    439777: ("D64.9", 0.08, 0.05, 0.00, 0.02),
    80180: ("M19.9", 0.15, 0.00, 0.00, 0.06),
    140673: ("E03.9", 0.07, 0.00, 0.00, 0.01),
    440383: ("F32.9", 0.09, 0.00, 0.00, 0.00),
    2000000203: ("K74.6", 0.00, 0.18, 0.00, 0.01),
    2000000205: ("E75.2", 0.00, 0.00, 0.01, 0.00),
    2000000206: ("E83.1", 0.005, 0.01, 0.00, 0.00),
    2000000207: ("G47.3", 0.06, 0.10, 0.03, 0.01),
    2000000208: ("M10.9", 0.04, 0.03, 0.00, 0.01),
}
# concept: (base probability, added in liver disease, added in cardiomyopathy)
DRUGS = {
    1338005: (0.15, 0.00, 0.50),
    1307863: (0.02, 0.00, 0.10),
    1309944: (0.03, 0.00, 0.10),
    1310149: (0.03, 0.00, 0.08),
    1503297: (0.10, 0.20, 0.00),
    1545958: (0.25, 0.05, 0.05),
    1332418: (0.20, 0.00, -0.10),
    1112807: (0.18, 0.00, 0.00),
    1125315: (0.40, 0.00, 0.00),
    1501700: (0.07, 0.00, 0.00),
    1713332: (0.12, 0.00, 0.00),
    2000000302: (0.00, 0.00, 0.06),
}
PROFESSIONS = (
    "agriculteur", "aide-soignante", "artisan boulanger", "assistante maternelle", "cadre administratif", "caissière",
    "chauffeur routier", "cheminot retraité", "comptable", "couvreur", "enseignant", "infirmière", "ingénieur",
    "marin-pêcheur", "menuisier", "notaire", "ostréiculteur", "ouvrier spécialisé", "retraité de la métallurgie",
    "sans profession", "secrétaire", "serveur", "surveillant pénitentiaire", "technicien de laboratoire", "viticulteur",
)  # fmt: skip
OBSERVATIONS = {
    2000000501: ("Tabac", ("jamais fumeur", "ancien fumeur", "fumeur actif")),
    2000000502: ("Profession", PROFESSIONS),
    2000000503: ("Alcool", ("pas d'alcool", "consommation occasionnelle", "consommation quotidienne")),
    2000000504: ("Famille", ("célibataire", "marié", "pacsé", "divorcé", "veuf")),
}


def _index_visits(seen: Visits) -> NDArray[np.int64]:
    return np.flatnonzero(seen.rank == 0)


def _sorted(columns: dict[str, object], key: NDArray[np.int64]) -> dict[str, object]:
    order = np.argsort(key, kind="stable")
    return {name: value if np.isscalar(value) else np.asarray(value)[order] for name, value in columns.items()}


def periods(people: Population) -> dict[str, object]:
    return {
        "observation_period_id": people.number + 1,
        "person_id": people.person_id,
        "observation_period_start_date": people.index,
        "observation_period_end_date": people.end,
        "period_type_concept_id": 32817,
    }


def visit_rows(people: Population, seen: Visits) -> dict[str, object]:
    end = seen.start + seen.days.astype("timedelta64[D]")
    previous = np.ma.masked_array(seen.visit_id - 1, mask=seen.rank == 0)
    dead_here = people.dead[seen.patient] & (end == people.end[seen.patient])
    return {
        "visit_occurrence_id": seen.visit_id,
        "person_id": people.person_id[seen.patient],
        "visit_concept_id": seen.kind,
        "visit_start_date": seen.start.astype("datetime64[D]"),
        "visit_start_datetime": moment(seen.start, seen.minute),
        "visit_end_date": end.astype("datetime64[D]"),
        "visit_end_datetime": moment(end, np.minimum(seen.minute + 60, 1439)),
        "visit_type_concept_id": 32827,
        "provider_id": seen.provider,
        "care_site_id": seen.care_site,
        "visit_source_value": seen.nda,
        "visit_source_concept_id": 0,
        "admitted_from_concept_id": 0,
        "discharged_to_concept_id": 0,
        "discharged_to_source_value": np.where(dead_here, "DECES", np.where(seen.kind == INPATIENT, "DOMICILE", "")),
        "preceding_visit_occurrence_id": previous,
    }


def condition_matrix(people: Population) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The concepts, and (n, concepts) whether each patient has each."""
    rng = seeded_rng(people.seed, "conditions", people.block)
    facts = np.array([row[1:] for row in CONDITIONS.values()])
    decades = (people.age - 60) / 10
    chance = (
        facts[:, 0]
        + facts[:, 1] * people.liver[:, None]
        + facts[:, 2] * people.hcm[:, None]
        + facts[:, 3] * decades[:, None]
    )
    others = rng.random(chance.shape) < chance
    concept = np.array([LIVER, HCM, NODULE, *CONDITIONS])
    return concept, np.column_stack([people.liver, people.hcm, np.ones(len(people), bool), others])


def condition_rows(people: Population, seen: Visits) -> dict[str, object]:
    """Diagnoses, each recorded once at one of the visits; those of the cohorts and the nodule at the index visit."""
    rng = seeded_rng(people.seed, "condition dates", people.block)
    concept, has = condition_matrix(people)
    pick = rng.random(has.shape)
    patient, which = np.nonzero(has)
    first = _index_visits(seen)
    count = np.bincount(seen.patient, minlength=len(people))
    later = (pick[patient, which] * count[patient]).astype(np.int64)
    visit = first[patient] + np.where(which < 3, 0, later)
    icd = np.array(["K76.0", "I42.2", "K76.8", *(row[0] for row in CONDITIONS.values())])
    return {
        "condition_occurrence_id": people.number[patient] * 64 + which + 2**40,
        "person_id": people.person_id[patient],
        "condition_concept_id": concept[which],
        "condition_start_date": seen.start[visit].astype("datetime64[D]"),
        "condition_start_datetime": moment(seen.start[visit], seen.minute[visit]),
        "condition_type_concept_id": 32817,
        "condition_status_concept_id": 0,
        "provider_id": seen.provider[visit],
        "visit_occurrence_id": seen.visit_id[visit],
        "condition_source_value": icd[which],
        "condition_source_concept_id": 0,
    }


def drug_rows(people: Population, seen: Visits) -> dict[str, object]:
    """Prescriptions. Ursodeoxycholic acid and furosemide, which act on the laboratory, begin after the index visit."""
    rng = seeded_rng(people.seed, "drugs", people.block)
    facts = np.array(list(DRUGS.values()))
    chance = facts[:, 0] + facts[:, 1] * people.liver[:, None] + facts[:, 2] * people.hcm[:, None]
    has = np.column_stack([people.udca, people.furosemide, rng.random(chance.shape) < chance])
    concept = np.array([UDCA, FUROSEMIDE, *DRUGS])
    pick, length = rng.random(has.shape), rng.choice([30, 90, 180, 365], has.shape)
    refills = rng.integers(0, 6, has.shape)
    patient, which = np.nonzero(has)
    count = np.bincount(seen.patient, minlength=len(people))
    visit = _index_visits(seen)[patient] + np.where(
        which < 2, 0, (pick[patient, which] * count[patient]).astype(np.int64)
    )
    start = seen.start[visit] + (which < 2).astype("timedelta64[D]")
    start = np.minimum(start, people.end[patient])
    days = length[patient, which]
    end = np.minimum(start + (days - 1).astype("timedelta64[D]"), people.end[patient])
    end = np.where(which < 2, people.end[patient], end)
    label = np.array([f"{names()[c]} ({codes()[c]})" for c in concept])
    return {
        "drug_exposure_id": people.number[patient] * 64 + which + 2**41,
        "person_id": people.person_id[patient],
        "drug_concept_id": concept[which],
        "drug_exposure_start_date": start.astype("datetime64[D]"),
        "drug_exposure_start_datetime": moment(start, seen.minute[visit]),
        "drug_exposure_end_date": end.astype("datetime64[D]"),
        "drug_type_concept_id": 32838,
        "refills": refills[patient, which],
        "quantity": days.astype(float),
        "days_supply": days,
        "sig": "1 comprimé par jour",
        "route_concept_id": 0,
        "provider_id": seen.provider[visit],
        "visit_occurrence_id": seen.visit_id[visit],
        "drug_source_value": label[which],
        "drug_source_concept_id": 0,
        "route_source_value": "PO",
    }


def procedure_rows(people: Population, seen: Visits) -> dict[str, object]:
    """Everyone has a scanner at the index visit; the rest depends on the disease."""
    rng = seeded_rng(people.seed, "procedures", people.block)
    n = len(people)
    chance = np.column_stack([
        np.ones(n),
        np.where(people.hcm, 0.97, 0.2),
        np.ones(n),
        np.where(people.hcm, 0.9, 0.4),
        np.where(people.liver, 0.35, 0.02),
        np.ones(n),
        np.where(people.liver, 0.3, 0.05),
    ])  # fmt: skip
    patient, which = np.nonzero(rng.random(chance.shape) < chance)
    visit = _index_visits(seen)[patient]
    concept = np.array([CT, ECHO, CHEST, ECG, BIOPSY, ULTRASOUND, ENDOSCOPY])
    label = np.array([codes()[c] for c in concept])
    return {
        "procedure_occurrence_id": people.number[patient] * 64 + which + 2**42,
        "person_id": people.person_id[patient],
        "procedure_concept_id": concept[which],
        "procedure_date": seen.start[visit].astype("datetime64[D]"),
        "procedure_datetime": moment(seen.start[visit], seen.minute[visit] + 3 * which),
        "procedure_type_concept_id": 32817,
        "modifier_concept_id": 0,
        "quantity": 1,
        "provider_id": seen.provider[visit],
        "visit_occurrence_id": seen.visit_id[visit],
        "procedure_source_value": label[which],
        "procedure_source_concept_id": 0,
    }


def observation_choices(people: Population) -> NDArray[np.int64]:
    """(n, observations) which answer each patient gave, -1 when not asked."""
    rng = seeded_rng(people.seed, "observations", people.block)
    sizes = np.array([len(answers) for _, answers in OBSERVATIONS.values()])
    answers = (rng.random((len(people), len(sizes))) * sizes).astype(np.int64)
    return np.where(rng.random(answers.shape) < 0.8, answers, -1)


def observation_rows(people: Population, seen: Visits) -> dict[str, object]:
    choice = observation_choices(people)
    patient, which = np.nonzero(choice >= 0)
    visit = _index_visits(seen)[patient]
    width = max(len(answers) for _, answers in OBSERVATIONS.values())
    words = np.array([[*answers, *[""] * (width - len(answers))] for _, answers in OBSERVATIONS.values()])
    label = np.array([source for source, _ in OBSERVATIONS.values()])
    return {
        "observation_id": people.number[patient] * 16 + which + 2**43,
        "person_id": people.person_id[patient],
        "observation_concept_id": np.array(list(OBSERVATIONS))[which],
        "observation_date": seen.start[visit].astype("datetime64[D]"),
        "observation_datetime": moment(seen.start[visit], seen.minute[visit]),
        "observation_type_concept_id": 32817,
        "value_as_string": words[which, choice[patient, which]],
        "provider_id": seen.provider[visit],
        "visit_occurrence_id": seen.visit_id[visit],
        "observation_source_value": label[which],
        "observation_source_concept_id": 0,
    }


def death_rows(people: Population) -> dict[str, object]:
    dead = np.flatnonzero(people.dead)
    cause = np.where(people.hcm[dead] & ~people.liver[dead], 316139, np.where(people.liver[dead], 194984, 0))
    return {
        "person_id": people.person_id[dead],
        "death_date": people.end[dead],
        "death_datetime": moment(people.end[dead], np.full(len(dead), 12 * 60)),
        "death_type_concept_id": 32817,
        "cause_concept_id": cause,
        "cause_source_concept_id": 0,
    }


def cohort_rows(people: Population) -> dict[str, object]:
    patient, which = np.nonzero(np.column_stack([people.liver, people.hcm]))
    return _sorted(
        {
            "cohort_definition_id": which + 1,
            "subject_id": people.person_id[patient],
            "cohort_start_date": people.index[patient],
            "cohort_end_date": people.end[patient],
        },
        patient,
    )
