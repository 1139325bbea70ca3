"""English notes for measuring: templates and names (Faker, six countries) that the generator does not have."""

from __future__ import annotations

import random
import re

from faker import Faker

TEMPLATES = [
    """{HOSPITAL}
{ADDRESS}, {CITY}
Tel {PHONE}

DISCHARGE SUMMARY
Name: {FIRST} {LAST}        MRN: {IPP}
Date of birth: {BIRTH}      Admitted: {DATE}      Discharged: {DATE}
Consultant: Dr {FIRST} {LAST}

This retired {!INDIRECT_PROFESSION:schoolteacher|bus driver|bricklayer} was brought in by his neighbour {FIRST} {LAST} after a fall at home. Past history of Parkinson disease, hypertension and a right hip replacement in {YEAR}. Chest clear, heart sounds normal. He was treated with amoxicillin 500 mg and rehydrated. Mr {LAST} mobilised with a frame from {DATE}.

Follow up with Dr {LAST} on {DATE}. GP to repeat bloods in two weeks.
""",
    """Dear Dr {LAST},

Re: {FIRST} {LAST}, DOB {BIRTH}, {ADDRESS}, {CITY}

Many thanks for asking me to see this patient, who attended my clinic on {DATE} with her daughter {FIRST}. She describes six months of exertional chest tightness. Examination was unremarkable, blood pressure 142/84. I have arranged an exercise test and started bisoprolol 2.5 mg.

I will write again once the results are available. My secretary can be reached on {PHONE} or {EMAIL}.

Yours sincerely,

{FIRST} {LAST}
Consultant Cardiologist, {HOSPITAL}
""",
    """NURSING NOTE {DATE} 07:30
Pt {LAST} slept well. Pain 3/10, given acetaminophen 650 mg with relief. Husband {FIRST} called from {PHONE}, would like an update from Dr. {LAST}. Dressing changed, wound clean. Foley catheter removed. Plan of care reviewed with {FIRST} {LAST}, RN.
""",
    """OPERATIVE REPORT
Patient: {LAST}, {FIRST}
Medical record number: {IPP}
Date of procedure: {DATE}
Surgeon: {FIRST} {LAST}, MD
Assistant: {FIRST} {LAST}, PA-C
Anesthesia: general, Dr. {LAST}
Indication: symptomatic cholelithiasis, Murphy sign positive.
Procedure: laparoscopic cholecystectomy. The gallbladder was dissected from the liver bed with electrocautery. Estimated blood loss 20 mL. Specimen sent to pathology at {HOSPITAL}.
""",
    """Emergency department, {HOSPITAL}, {DATE}
{FIRST} {LAST} is a 46 year old {!INDIRECT_PROFESSION:welder|paramedic|librarian} from {CITY} who crashed his motorcycle. GCS 15. Left wrist deformed, Colles fracture on x-ray. Discussed with orthopedics (Dr. {LAST}); reduction under hematoma block. Emergency contact: {FIRST} {LAST} (wife), {PHONE}. SSN {NIR}. Tetanus up to date.
Electronically signed by {FIRST} {LAST}, MD on {DATE}
""",
    """Psychology progress note
Client: {FIRST} {LAST} (chart {IPP}), seen {DATE}
{FIRST} reports that sleep improved since {MONTHYEAR}. Mother, {FIRST} {LAST}, joined for the last ten minutes. Worked on exposure hierarchy. Next session {DATE}. Contact {EMAIL}.
{FIRST} {LAST}, PsyD
""",
]
LOCALES = ("en_US", "en_US", "en_GB", "en_GB", "en_IN", "en_AU", "es_ES", "pl_PL")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")  # fmt: skip
LABELS = {"LAST": "LAST_NAME", "FIRST": "FIRST_NAME", "BIRTH": "BIRTH_DATE", "MONTHYEAR": "DATE", "YEAR": "DATE"}


def documents(seed: int, count: int) -> list[tuple[str, list[tuple[int, int, str]]]]:
    """(text, gold spans) of ``count`` notes."""
    rng = random.Random(seed)
    fakers = [Faker(name) for name in LOCALES]
    for index, fake in enumerate(fakers):
        fake.seed_instance(seed * 103 + index)
    return [_fill(TEMPLATES[i % len(TEMPLATES)], rng, fakers) for i in range(count)]


def _fill(template: str, rng: random.Random, fakers: list[Faker]) -> tuple[str, list[tuple[int, int, str]]]:
    out, spans, length = [], [], 0
    for piece in re.split(r"(\{[^}]+\})", template):
        text, label = piece, None
        if piece.startswith("{!"):
            label, _, options = piece[2:-1].partition(":")
            text = rng.choice(options.split("|"))
        elif piece.startswith("{"):
            text, label = _value(piece[1:-1], rng, fakers), LABELS.get(piece[1:-1], piece[1:-1])
        if label:
            spans.append((length, length + len(text), label))
        out.append(text)
        length += len(text)
    return "".join(out), spans


def _value(name: str, rng: random.Random, fakers: list[Faker]) -> str:
    fake = rng.choice(fakers)
    digits = lambda n: "".join(rng.choice("0123456789") for _ in range(n))  # noqa: E731
    day, month, year = rng.randrange(1, 29), rng.randrange(1, 13), rng.randrange(1935, 2025)
    if name == "LAST":
        return fake.last_name()
    if name == "FIRST":
        return fake.first_name()
    if name in ("DATE", "BIRTH"):
        return rng.choice((f"{month:02d}/{day:02d}/{year}", f"{MONTHS[month - 1]} {day}, {year}", f"{day} {MONTHS[month - 1]} {year}", f"{year}-{month:02d}-{day:02d}"))  # fmt: skip
    if name == "MONTHYEAR":
        return f"{MONTHS[month - 1]} {year}"
    if name == "YEAR":
        return str(year)
    if name == "CITY":
        return fakers[0].city()
    if name == "ADDRESS":
        return fakers[rng.randrange(4)].street_address().replace("\n", " ")
    if name == "HOSPITAL":
        return rng.choice((f"{fakers[0].city()} General Hospital", f"St. {fakers[2].first_name()} Hospital", f"{fakers[0].last_name()} Medical Center", f"{fakers[2].city()} Royal Infirmary"))  # fmt: skip
    if name == "PHONE":
        return rng.choice((f"({digits(3)}) {digits(3)}-{digits(4)}", f"{digits(3)}-{digits(3)}-{digits(4)}", f"0{digits(3)} {digits(3)} {digits(4)}"))  # fmt: skip
    if name == "EMAIL":
        return fake.ascii_email()
    return f"{digits(3)}-{digits(2)}-{digits(4)}" if name == "NIR" else digits(8)
