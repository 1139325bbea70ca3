# ruff: noqa: E501
"""Postal codes with their commune, street addresses, hospitals, named wards and units."""

from __future__ import annotations

import re
from collections.abc import Iterator

from anon_pipeline.modalities.text.rules.digits import digits
from anon_pipeline.modalities.text.rules.found import Found

LINK = r"(?:sur|sous|en|de|des|du|la|le|les|lez|aux|et|d|l|st|ste|saint|sainte|bains|vieux|haut|bas|grand|petit|notre|dame|mont|bois)"
LABELLED_CODE = re.compile(r"(?:code postal|\bcp) ?[:|;\t]? ?([0-9] ?[0-9] ?[0-9] ?[0-9] ?[0-9])(?![0-9])|\(((?:0[1-9]|[1-8][0-9]|9[0-8]) ?[0-9]{3})\)")  # fmt: skip
CODE = re.compile(r"(?<![0-9])(?:f-?|fr-?)?((?:0[1-9]|[1-8][0-9]|9[0-8])(?: ?[0-9]{3}))(?= {0,2}(?:-|,|/|;|\||\t)? {0,2}[a-z(])(?! ?(?:mg|ml|ui|g/|/mm|ans|euros|copies|kcal|cellules|plaq|leuco))")  # fmt: skip
CITY = re.compile(
    rf" {{0,2}}[-,/;|\t]? {{0,2}}((?:l'|d')?[a-z]+(?:(?:[-']| (?={LINK}[ '\-]))[a-z]+(?:[ ](?={LINK}\b))?)*(?: [a-z][a-z-]+)?(?: cedex(?: ?[0-9]{{1,2}})?)?)"
)
STREET = (
    r"(?:rue|r\.|avenue|av|boulevard|boul|bd|bld|bvd|blvd|place|pl|chemin|ch|che|impasse|imp|allees?|all|route|rte|quai|cours|square|sq|passage|residence|res|"
    r"lotissement|lot|hameau|lieu-dit|lieu dit|sentier|villa|clos|montee|venelle|faubourg|fbg|fg|rond-point|esplanade|ruelle|mail|voie|cite|promenade|traverse|domaine|zac|za|zi|quartier)"
)
ADDRESS = re.compile(
    rf"(?<![0-9a-z/.,])([0-9]{{1,4}}(?: ?(?:bis|ter|quater|[a-d])\b)?(?: ?[-/] ?[0-9]{{1,4}})? ?,? ?{STREET}\b\.? [^\n,;:|()\t]{{2,60}}?)(?= *(?:[\n,;:|()\t]|\Z| - | – |(?:[0-9][0-9 ]{{4,5}})|\. |\.\Z| ?(?:tel|fax)\b| (?:a|et|est|pour|avec|qui|depuis|chez|vit|seul|ne|nee|au) ))"
)
ENGLISH = re.compile(r"(?<![0-9a-z/.])([0-9]{1,5} (?:[a-z][a-z'-]+ ){1,3}(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|blvd|boulevard|court|ct|way|terrace|place|crescent|close)\b\.?)")  # fmt: skip
BOX = re.compile(r"(?<![a-z0-9])(?:b\.?p\.?|boite postale|cs) ?[0-9]{2,6}(?![0-9]*[a-z/,.]?[0-9])")
HEAD = (
    r"(?:c\.?h\.?r?\.?u\.?|chru|chr|chu|chi[cv]?|centre hospitalier(?: (?:universitaire|regional|intercommunal|specialise|general|departemental))*|centre de reeducation|centre medical|"
    r"hopital(?: (?:prive|local|universitaire|general))?|hopitaux universitaires|hospices civils|clinique(?: (?:mutualiste|chirurgicale|privee))?|polyclinique|ehpad|maison de retraite|hia|ghu?|ght|groupe hospitalier|institut|fondation|epsm|chs|clcc|smr|ssr|maternite)"
)
HOSPITAL = re.compile(rf"(?<![a-z])({HEAD})(?=[ \-'.])")
ENGLISH_HOSPITAL = re.compile(r"(?<![\w])((?:(?:St\.?|Saint|Mount|Mt\.?|[A-Z][a-z'-]+) ){1,4}(?:General |Memorial |Regional |University |Community |Children's )?(?:Hospital|Medical Center|Medical Centre|Clinic|Infirmary|Health Center))\b")  # fmt: skip
UNIT = re.compile(
    r"(?<![a-z])(?:(?:unite(?: fonctionnelle)?|pavillon|batiment|secteur|aile|u\.?f\.?|us|um) (?:n[°o] ?)?(?:[0-9]{1,4}[a-z]?|[a-f][0-9]{0,2})(?![a-z0-9%]))"
)
PARTICLES = frozenset(
    [
        "de",
        "du",
        "des",
        "d",
        "la",
        "le",
        "les",
        "l",
        "saint",
        "sainte",
        "st",
        "ste",
        "sur",
        "en",
        "et",
        "aux",
        "a",
        "notre",
        "dame",
    ]
)
NOT_NAMES = frozenset(
    [
        "pour",
        "dans",
        "avec",
        "le",
        "la",
        "les",
        "un",
        "une",
        "est",
        "sous",
        "par",
        "et",
        "ou",
        "ce",
        "cette",
        "il",
        "elle",
        "nous",
        "je",
        "service",
        "medical",
        "medicale",
        "chirurgicale",
        "universitaire",
        "jour",
        "semaine",
        "du",
        "de",
        "des",
        "en",
        "a",
        "au",
        "aux",
        "sans",
        "soins",
        "complete",
        "conventionnelle",
        "prolongee",
        "programmee",
        "ambulatoire",
        "externe",
        "psychiatrique",
        "prive",
        "public",
        "local",
        "general",
        "jours",
    ]
)
WORD = re.compile(r"[^\W\d_][\w]*")


def find(text: str, folded: str) -> Iterator[Found]:
    mixed = not text.isupper() and any(map(str.isupper, text[:400]))
    for match in CODE.finditer(digits(folded)):
        start, end = match.span(1)
        city = CITY.match(folded, end)
        if city is None or (mixed and not text[city.start(1)].isupper()):
            continue
        yield Found(start, end, "POSTAL_CODE", 0.9, "postal-code")
        stop = _name_end(text, folded, city.start(1), city.end(1), mixed)
        if stop > city.start(1):
            yield Found(city.start(1), stop, "CITY", 0.85, "postal-city")
    for match in LABELLED_CODE.finditer(digits(folded)):
        group = 1 if match.group(1) else 2
        yield Found(*match.span(group), "POSTAL_CODE", 0.85, "postal-code")
    for match in ADDRESS.finditer(folded):
        yield Found(*match.span(1), "ADDRESS", 0.85, "address")
    for match in ENGLISH.finditer(folded):
        if text[match.start() : match.end()].split()[1][0].isupper():
            yield Found(*match.span(1), "ADDRESS", 0.8, "address-en")
    for match in BOX.finditer(folded):
        yield Found(*match.span(), "ADDRESS", 0.8, "post-box")
    if mixed:
        for match in HOSPITAL.finditer(folded):
            last = _hospital_end(text, folded, match.end())
            if last:
                yield Found(match.start(), last, "HOSPITAL", 0.85, "hospital")
        for match in ENGLISH_HOSPITAL.finditer(text):
            yield Found(*match.span(1), "HOSPITAL", 0.8, "hospital-en")
    for match in UNIT.finditer(folded):
        yield Found(*match.span(), "WARD", 0.7, "unit")


def _name_end(text: str, folded: str, start: int, end: int, mixed: bool) -> int:
    """Where the commune's name ends: at a word that is neither capitalised nor a particle; four words at most."""
    stop, count = start, 0
    for match in WORD.finditer(text, start, end):
        word = folded[match.start() : match.end()]
        capital = text[match.start()].isupper()
        joined = match.start() > start and text[match.start() - 1] in "-'’"
        if count and not joined and mixed and not capital and word not in PARTICLES:
            break
        if not mixed and count and not joined and word not in PARTICLES and word != "cedex" and count >= 2:
            break
        if word in ("tel", "fax", "telephone", "email"):
            break
        stop, count = match.end(), count + 1
        if count >= 7:
            break
    while (
        stop > start
        and folded[start:stop].rsplit(maxsplit=1)[-1] in PARTICLES
        and "-" not in folded[start:stop].rsplit(maxsplit=1)[-1]
    ):
        shorter = folded[start:stop].rstrip().rsplit(None, 1)
        stop = start + len(shorter[0]) if len(shorter) == 2 else start
    return stop


def _hospital_end(text: str, folded: str, position: int) -> int | None:
    """Where a hospital's name ends, or None where no proper name follows the head."""
    stop, seen, last = position, 0, position
    for match in WORD.finditer(text, position, min(len(text), position + 80)):
        between = text[last : match.start()]
        if any(c in between for c in "\n,;:()|\t.") and between.strip() not in (".", ""):
            break
        if "\n" in between:
            break
        word = folded[match.start() : match.end()]
        if text[match.start()].isupper() and (seen or word not in NOT_NAMES):
            stop, seen = match.end(), seen + 1
        elif word not in PARTICLES:
            break
        last = match.end()
        if seen >= 5:
            break
    return stop if seen else None
