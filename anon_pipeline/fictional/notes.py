"""French clinical documents of a patient, with facts of that patient's record in words and identifiers all over.

The wording is in ``phrases``; the facts come from the population, the laboratory and the visits. Planted words
("volumineux", "souffle systolique") are drawn here with the probabilities of ``truth``. A few documents carry the noise
of optical character recognition, in letters only: figures stay what they were.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from anon_pipeline.fictional import phrases, places, truth
from anon_pipeline.fictional.identity import Identity, Staff
from anon_pipeline.keys import seeded_rng

STAY, VISIT, IMAGING, PATHOLOGY, PRESCRIPTION, DEATH = range(2000000601, 2000000607)
OCR_SHARE = 0.04
_OCR = str.maketrans({"l": "1", "O": "0", "é": "e", "m": "rn", "I": "l", "ç": "c", "S": "5"})
_SHOWN = {
    "ALAT": ("ALAT", "UI/L"), "ASAT": ("ASAT", "UI/L"), "GGT": ("gamma-GT", "UI/L"), "FERRITINE": ("ferritine", "µg/L"),
    "HEMOGLOBINE": ("hémoglobine", "g/dL"), "CREATININE": ("créatinine", "µmol/L"), "POTASSIUM": ("kaliémie", "mmol/L"),
    "NT_PROBNP": ("NT-proBNP", "ng/L"), "PLAQUETTES": ("plaquettes", "G/L"), "AFP": ("alpha-fœtoprotéine", "µg/L"),
}  # fmt: skip


@dataclass(frozen=True)
class Stay:
    """A visit as the documents see it; values: analyte -> (figure, below its detection limit)."""

    visit_id: int
    provider_id: int
    kind: int
    start: dt.date
    end: dt.date
    nda: str
    unit: str
    values: dict[str, tuple[float, bool]]


@dataclass(frozen=True)
class Chart:
    """Everything that the documents of one patient may tell."""

    seed: int
    number: int
    person: Identity
    staff: Sequence[Staff]
    stays: list[Stay]
    conditions: list[int]
    drugs: list[int]
    lesion_mm: float
    septum_mm: float
    liver: bool
    hcm: bool
    dead: bool
    end: dt.date
    life: dict[str, str]


@dataclass(frozen=True)
class Document:
    kind: int
    title: str
    day: dt.date
    stay: Stay
    text: str
    author: int = field(default=0)


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.random() * len(choices))]


def written_date(day: dt.date, rng: np.random.Generator) -> str:
    """A date in one of the ways that French letters use."""
    style = rng.random()
    if style < 0.55:
        return f"{day:%d/%m/%Y}"
    if style < 0.85:
        return f"{'1er' if day.day == 1 else day.day} {phrases.MONTHS[day.month - 1]} {day.year}"
    return f"{day:%d.%m.%y}" if style < 0.93 else f"{day:%d-%m-%Y}"


def figure(value: float) -> str:
    """A number as French text writes it."""
    return f"{value:g}".replace(".", ",")


def size(mm: float, rng: np.random.Generator) -> str:
    """The diameter in mm or, for one in four, in cm: the same number."""
    if rng.random() < 0.25:
        return f"{figure(round(mm) / 10)} cm"
    return f"{round(mm)} mm"


def _facts(chart: Chart, stay: Stay, rng: np.random.Generator) -> dict[str, str]:
    """The words that phrases may ask for."""
    person = chart.person
    author = chart.staff[(stay.provider_id - 1) % len(chart.staff)]
    other = chart.staff[int(rng.integers(len(chart.staff)))]
    female = not person.male
    born = person.birth
    spaced = (
        person.nir
        if rng.random() < 0.5
        else " ".join(
            (
                person.nir[0],
                person.nir[1:3],
                person.nir[3:5],
                person.nir[5:7],
                person.nir[7:10],
                person.nir[10:13],
                person.nir[13:],
            )
        )
    )
    return {
        "hospital": places.HOSPITAL,
        "site": places.SITES[stay.visit_id % len(places.SITES)],
        "site_upper": places.SITES[stay.visit_id % len(places.SITES)].upper(),
        "service": author.specialty,
        "service_upper": author.specialty.upper(),
        "chief": str(chart.staff[chart.number % 3]),
        "author": str(author),
        "rpps": author.rpps,
        "other": str(other),
        "staff_phone": author.phone,
        "staff_fax": other.phone,
        "finess": "690" + f"{(chart.seed * 7919) % 10**6:06d}",
        "outside": _pick(rng, places.OUTSIDE_HOSPITALS),
        "unit": stay.unit,
        "civility": ("Madame" if rng.random() < 0.6 else "Mme")
        if female
        else ("Monsieur" if rng.random() < 0.6 else "M."),
        "LAST": person.last_name.upper() if rng.random() < 0.8 else person.last_name,
        "BIRTH_NAME": person.birth_name.upper(),
        "first": person.first_names[0],
        "e": "e" if female else "",
        "He": "Elle" if female else "Il",
        "birth": written_date(born, rng),
        "birth_short": f"{born:%d/%m/%Y}",
        "birth_town": person.birth_town,
        "age": str((stay.start - born).days * 100 // 36525),
        "ipp": person.ipp,
        "nda": stay.nda,
        "nir": spaced,
        "phone": person.phone if rng.random() < 0.7 else person.phone.replace(" ", "."),
        "address": person.address,
        "zip": person.town.postal_code,
        "city": person.town.name,
        "start": written_date(stay.start, rng),
        "end": written_date(stay.end, rng),
        "day": written_date(stay.start, rng),
        "index": written_date(chart.stays[0].start, rng),
        "month": f"{phrases.MONTHS[int(rng.integers(12))]} {stay.start.year - 1}",
        "serial": f"VD{10_457 + chart.number % 5}",
        "hour": f"{rng.integers(24)} h {rng.integers(60):02d}",
    }


def _sentence(rng: np.random.Generator, choices: Sequence[str], facts: dict[str, str], **more: str) -> str:
    return _pick(rng, choices).format(**facts, **more)


def _laboratory(stay: Stay, rng: np.random.Generator, facts: dict[str, str]) -> str:
    shown = [name for name in _SHOWN if name in stay.values][: 3 + int(rng.integers(4))]
    parts = []
    for name in shown:
        label, unit = _SHOWN[name]
        value, below = stay.values[name]
        verb = _pick(rng, (" à ", " : ", " ", " = ")) if not below else " "
        parts.append(f"{label}{verb}{'< ' if below else ''}{figure(value)} {unit}")
    return _sentence(rng, phrases.BIOLOGY, facts, values=", ".join(parts)) if parts else ""


def _top(rng: np.random.Generator, facts: dict[str, str]) -> str:
    return f"{_sentence(rng, phrases.LETTERHEADS, facts)}\n{_sentence(rng, phrases.PATIENT_HEADERS, facts)}"


def _letter(chart: Chart, stay: Stay, rng: np.random.Generator, murmur: bool) -> Document:
    """A discharge summary or a consultation letter."""
    facts = _facts(chart, stay, rng)
    inpatient = stay.kind == 9201
    body = [_sentence(rng, phrases.OPENINGS["stay" if inpatient else "visit"], facts)]
    history = [_pick(rng, phrases.HISTORY[c]) for c in chart.conditions if c in phrases.HISTORY]
    if history:
        body.append(f"Antécédents : {', '.join(history)}.")
    if chart.life.get("Profession") and rng.random() < 0.6:
        marital = chart.life.get("Famille", "situation familiale non précisée")
        body.append(_sentence(rng, phrases.LIFE, facts, profession=chart.life["Profession"], marital=marital))
    if chart.life.get("Tabac") and rng.random() < 0.5:
        body.append(_sentence(rng, phrases.TOBACCO, facts, tobacco=chart.life["Tabac"]))
    if chart.person.relatives and rng.random() < 0.5:
        relative = chart.person.relatives[int(rng.integers(len(chart.person.relatives)))]
        body.append(_sentence(rng, phrases.RELATIVES, facts, link=relative.link, relative=str(relative)))
    if rng.random() < 0.4:
        body.append(_sentence(rng, phrases.OUTSIDE, facts))
    if stay is chart.stays[0]:
        body.append(_pick(rng, phrases.MURMUR if murmur else phrases.NO_MURMUR))
    body.append(_laboratory(stay, rng, facts))
    if chart.hcm and rng.random() < 0.6:
        fevg = str(int(rng.integers(50, 75)))
        body.append(_sentence(rng, phrases.ECHO, facts, septum=f"{chart.septum_mm:.0f}", fevg=fevg))
    if chart.drugs and rng.random() < 0.7:
        names = [phrases.DRUGS[drug].split(",")[0] for drug in chart.drugs if drug in phrases.DRUGS]
        body.append(f"Traitement : {', '.join(names)}.")
    joined = (" " if rng.random() < 0.5 else "\n").join(part for part in body if part)
    bottom = f"{_sentence(rng, phrases.ENDINGS, facts)}\n{_sentence(rng, phrases.COPIES, facts)}"
    text = f"{_top(rng, facts)}\n{joined}\n\n{bottom}"
    title = "Compte rendu d'hospitalisation" if inpatient else "Lettre de consultation"
    return Document(STAY if inpatient else VISIT, title, stay.end, stay, text.strip() + "\n")


def _scanner(chart: Chart, stay: Stay, rng: np.random.Generator, large: bool) -> Document:
    facts = _facts(chart, stay, rng)
    masculine, feminine = phrases.LARGE if large else phrases.NOT_LARGE[int(rng.integers(len(phrases.NOT_LARGE)))]
    segment = _pick(rng, ("V", "VI", "VII", "VIII"))
    finding = _sentence(
        rng, phrases.LESION, facts, large=masculine, large_f=feminine, segment=segment, size=size(chart.lesion_mm, rng)
    )
    body = [finding, _pick(rng, phrases.CT_REST)]
    if chart.liver:
        body.insert(0, _pick(rng, phrases.STEATOSIS))
    text = (
        f"{_top(rng, facts)}\nSCANNER ABDOMINAL du {facts['day']}\n"
        f"Indication : bilan de nodule, demande du {facts['other']}.\n"
        f"Technique : {_sentence(rng, phrases.CT_TECHNIQUE, facts)}\nRésultat : {' '.join(body)}\n\n"
        f"{_sentence(rng, phrases.ENDINGS, facts)}\n"
    )
    return Document(IMAGING, "Compte rendu de scanner abdominal", stay.start, stay, text)


def _pathology(chart: Chart, stay: Stay, rng: np.random.Generator) -> Document:
    facts = _facts(chart, stay, rng)
    finding = _sentence(
        rng, phrases.PATHOLOGY, facts, core=str(int(rng.integers(12, 30))), steatosis=str(int(rng.integers(2, 15)) * 5),
        fibrosis=str(int(rng.integers(0, 5))), activity=str(int(rng.integers(0, 4))),
    )  # fmt: skip
    number = f"{stay.start:%y}H{rng.integers(10**5):05d}"
    text = (
        f"{_top(rng, facts)}\nCOMPTE RENDU D'ANATOMIE PATHOLOGIQUE n° {number}\nPrélevé le {facts['day']} par le "
        f"{facts['other']}.\n{finding}\n\n{_sentence(rng, phrases.ENDINGS, facts)}\n"
    )
    return Document(PATHOLOGY, "Compte rendu d'anatomopathologie", stay.start, stay, text)


def _prescription(chart: Chart, stay: Stay, rng: np.random.Generator) -> Document:
    facts = _facts(chart, stay, rng)
    lines = "\n".join(f"- {phrases.DRUGS[drug]}" for drug in chart.drugs if drug in phrases.DRUGS)
    text = (
        f"ORDONNANCE\n{facts['author']}   RPPS {facts['rpps']}\n{facts['hospital']}, le {facts['day']}\n\n"
        f"{facts['civility']} {facts['LAST']} {facts['first']}, {facts['age']} ans\n{facts['nir']}\n\n"
        f"{lines}\n\nQSP 3 mois\n"
    )
    return Document(PRESCRIPTION, "Ordonnance", stay.end, stay, text)


def _death(chart: Chart, stay: Stay, rng: np.random.Generator) -> Document:
    facts = _facts(chart, stay, rng) | {"end": written_date(chart.end, rng)}
    text = f"{_top(rng, facts)}\nCOMPTE RENDU DE DÉCÈS\n{_sentence(rng, phrases.DEATH, facts)}\n{facts['author']}\n"
    return Document(DEATH, "Compte rendu de décès", chart.end, stay, text)


def ocr_noise(text: str, rng: np.random.Generator, share: float = 0.03) -> str:
    """Letters misread as a scanner misreads them; digits and what stands next to one are never changed."""
    out = list(text)
    for place in np.flatnonzero(rng.random(len(text)) < share).tolist():
        around = text[max(0, place - 4) : place + 5]
        if text[place].isalpha() and not any(char.isdigit() for char in around):
            out[place] = text[place].translate(_OCR)
    return "".join(out)


def documents(chart: Chart) -> list[Document]:
    """All documents of one patient, in a fixed order."""
    rng = seeded_rng(chart.seed, "notes", chart.number)
    logit = truth.LARGE_WORD_PER_MM * (chart.lesion_mm - truth.LARGE_WORD_CENTRE_MM)
    large = bool(rng.random() < 1 / (1 + np.exp(-logit)))
    murmur = bool(rng.random() < (truth.MURMUR_IF_HCM if chart.hcm else truth.MURMUR_OTHERWISE))
    found = [_letter(chart, stay, rng, murmur) for stay in chart.stays[:4]]
    found.insert(1, _scanner(chart, chart.stays[0], rng, large))
    if chart.liver and rng.random() < 0.4:
        found.append(_pathology(chart, chart.stays[0], rng))
    if chart.drugs and rng.random() < 0.6:
        found.append(_prescription(chart, chart.stays[-1], rng))
    if chart.dead:
        found.append(_death(chart, chart.stays[-1], rng))
    noisy = rng.random(len(found)) < OCR_SHARE
    return [
        Document(doc.kind, doc.title, doc.day, doc.stay, ocr_noise(doc.text, rng))
        if bad and doc.kind != IMAGING
        else doc
        for doc, bad in zip(found, noisy, strict=True)
    ]
