# ruff: noqa: E501
"""What a label can look like: a finding that cannot be what it says is dropped. Precision only; no rule finds here.

Only findings of the classifier pass through: what the patient's record or a check digit says is not doubted.
"""

from __future__ import annotations

import re

from anon_pipeline.modalities.text.folding import fold_text
from anon_pipeline.modalities.text.lists import drug_words, name_words, ordinary_words
from anon_pipeline.modalities.text.rules.found import Found

TIME = re.compile(r"\(?\d{1,2} ?[h:] ?(?:\d{2})?(?: ?[-aà/] ?\d{1,2} ?[h:] ?(?:\d{2})?)?\)?\Z")
SHORT = re.compile(r"(\d{1,3})[/.](\d{1,3})")
AGE = re.compile(r"(?:9\d|1[01]\d)\b")
# '3/6' of a murmur, '15/15' of a coma scale: a grade out of so many, said of what is graded just before
GRADED = re.compile(
    r"(?:souffle|glasgow|apgar|eva|evn|douleur|mmse?|moca|motri[a-z]+|force|testing|cotee?|cotation|mrc|score|grade|reflexes?|"
    r"murmur|strength|pain|gcs)\b(?:(?!\b(?:le|du|au|depuis|on|since)\b)[^0-9\n.;/]){0,40}(?:\d{1,2} ?(?:/|sur) ?\d{1,2}[ ,a-z]{1,12})?\Z"
)
OUT_OF = re.compile(r"\d{1,2} ?(?:/|sur) ?(?:[456]|10|15|20|30)(?![0-9/])")
WORDY = frozenset(("LAST_NAME", "FIRST_NAME", "CITY", "HOSPITAL", "WARD", "ADDRESS"))
DIGITS = {
    "NIR": 6,
    "RPPS": 6,
    "FINESS": 5,
    "ADELI": 5,
    "PHONE": 5,
    "IBAN": 8,
    "POSTAL_CODE": 3,
    "IPP": 3,
    "NDA": 3,
    "DEVICE_SERIAL": 2,
    "PLATE": 2,
}
# French and English function words and the commonest words of notes: never names on their own
STOP = frozenset(
    ["nir", "ipp", "nda", "rpps", "finess", "adeli", "ins", "ddn", "iep", "nip", "nss", "eu", "eue", "eus", "recu", "recue", "appele", "appelee", "joint", "jointe", "prevenu", "prevenue", "informe", "informee", "present", "presente", "ras", "ok", "bu", "eva", "ide", "irm", "tdm", "ecg", "crp", "nfs", "hta", "avc", "bpco", "sau", "smur", "samu", "ehpad", "had", "ssr", "usic", "vvp", "sng", "ttt", "atcd", "rdv", "hdm", "mdv", "pec", "aeg", "beg", "crh", "cro", "jeune", "fille", "le", "la", "les", "l", "un", "une", "des", "du", "de", "d", "au", "aux", "a", "et", "ou", "ni", "mais", "donc", "or", "car", "ne", "pas", "plus", "moins", "tres", "bien", "mal", "peu", "trop", "que", "qui", "quoi", "dont", "ou", "quand", "comment", "pourquoi", "si", "se", "s", "son", "sa", "ses", "leur", "leurs", "mon", "ma", "mes", "ton", "ta", "tes", "notre", "votre", "nos", "vos", "ce", "cet", "cette", "ces", "cela", "ca", "il", "elle", "ils", "elles", "on", "nous", "vous", "je", "j", "tu", "me", "m", "te", "t", "lui", "y", "en", "dans", "sur", "sous", "avec", "sans", "pour", "par", "vers", "chez", "entre", "depuis", "pendant", "avant", "apres", "contre", "selon", "lors", "afin", "ainsi", "alors", "aussi", "encore", "toujours", "jamais", "deja", "hier", "demain", "aujourd", "hui", "jour", "jours", "semaine", "semaines", "mois", "an", "ans", "annee", "heure", "heures", "matin", "midi", "soir", "nuit", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche", "est", "sont", "etait", "etaient", "sera", "ete", "etre", "avoir", "ont", "avait", "avaient", "fait", "faite", "faire", "dit", "vu", "vue", "vus", "revu", "revue", "voir", "vient", "venir", "va", "aller", "reste", "passe", "passee", "donne", "donnee", "mis", "mise", "pris", "prise", "peut", "doit", "faut", "laisse", "pense", "demande", "adresse", "adressee", "amene", "amenee", "entre", "entree", "sorti", "sortie", "suivi", "suivie", "opere", "operee", "traite", "traitee", "patient", "patiente", "enfant", "bebe", "mere", "pere", "fils", "fille", "frere", "soeur", "femme", "homme", "mari", "epouse", "epoux", "voisin", "voisine", "niece", "neveu", "tante", "oncle", "cousin", "cousine", "belle", "beau", "grand", "grande", "petit", "petite", "famille", "proche", "proches", "docteur", "dr", "pr", "professeur", "madame", "monsieur", "mme", "mr", "cher", "chere", "confrere", "consoeur", "collegue", "ami", "amie", "bonjour", "merci", "cordialement", "amities", "salutations", "confraternellement", "service", "medecin", "infirmier", "infirmiere", "interne", "externe", "chef", "senior", "chirurgien", "cardiologue", "radiologue", "psychologue", "pathologiste", "kine", "kinesitherapeute", "sage", "aide", "soignante", "secretaire", "coordinatrice", "manipulatrice", "date", "nom", "prenom", "naissance", "sexe", "age", "tel", "telephone", "fax", "dossier", "numero", "page", "poste", "chambre", "lit", "box", "motif", "antecedents", "conclusion", "resultat", "resultats", "indication", "technique", "helice", "examen", "evolution", "traitement", "allergies", "biologie", "imagerie", "histoire", "maladie", "mode", "vie", "compte", "rendu", "lettre", "certificat", "ordonnance", "prescription", "observation", "synthese", "urgence", "urgences", "hospitalisation", "consultation", "intervention", "sortant", "prevu", "prevue", "prochain", "prochaine", "rendez", "rdv", "controle", "comprime", "comprimes", "sirop", "gelule", "sachet", "goutte", "gouttes", "injection", "fois", "dose", "mg", "ml", "cm", "mm", "kg", "douleur", "fievre", "toux", "gauche", "droit", "droite", "bilateral", "normal", "normale", "stable", "negatif", "negative", "positif", "positive", "absence", "presence", "sans", "pole", "unite", "syndrome", "signe", "score", "test", "stade", "grade", "sonde", "drain", "fracture", "plaie", "lesion", "nodule", "kyste", "the", "of", "and", "to", "in", "for", "with", "on", "at", "by", "from", "as", "is", "was", "were", "be", "been", "has", "had", "have", "not", "no", "she", "he", "her", "his", "him", "they", "this", "that", "these", "those", "patient", "history", "exam", "plan", "day", "days", "week", "weeks", "year", "years", "old", "male", "female", "man", "woman", "seen", "admitted", "discharged", "noted", "denies", "reports", "start", "started", "continue", "follow", "mother", "father", "son", "daughter", "husband", "wife", "sister", "brother"]
)  # fmt: skip


DOSE = re.compile(
    r"[\s:,]{0,3}(?:lp |sr )?\d+(?:[.,/]\d+)* ?(?:mg|µg|μg|mcg|g|ml|ui|mui|meq|%|cp|gel|gouttes?|cpr|sachets?)\b",
    re.IGNORECASE,
)
# what bears the name of who described it; the name is nobody's in the note
EPONYM = re.compile(
    r"(?:maladie|syndrome|signe|test|score|indice|echelle|classification|manœuvre|manoeuvre|phenomene|reflexe|triade|tumeur|kyste|thyroidite|"
    r"sarcome|dystrophie|tetralogie|criteres|sonde|drain|pince|aiguille|canule|ataxie|choree|purpura|coloration|loge|ligne|angle|triangle|fossette|"
    r"disease|syndrome|sign|scale|score)s? (?:de |d'|du |of )(?:[a-z]+(?:-| et | and )){0,2}\Z"
)


GENERIC = frozenset(["clinique", "clinique\n", "hopital", "hospitalier", "hospitaliere", "hospitalisation", "laboratoire", "pharmacie", "cabinet", "maternite", "institut", "centre", "chef de clinique"])  # fmt: skip


SURE = 0.97
# word endings of medicine, long enough to be nobody's name
MEDICAL = re.compile(
    r"[a-z]{4,}(?:emies?|uries?|algies?|pathies?|ectomies?|scopies?|graphies?|plasties?|stomies?|rragies?|plegies?|paresies?|therapies?|"
    r"mycines?|cillines?|prazoles?|statines?|sartans?|azepam|oxacines?|xaban|gliptine|parine|megalies?|trophies?|plasies?|lithiases?|steno[a-z]+|"
    r"[a-z]{2}(?:ites?|oses?|omes?|iques?|aires?|euses?|tions?|ements?|ables?|ibles?))"
)


def _medical(word: str) -> bool:
    if word in ordinary_words():
        return True
    return len(word) >= 9 and word not in name_words() and bool(MEDICAL.fullmatch(word))


def _graded(text: str, found: Found) -> bool:
    """Whether a short finding lies in a grade out of so many."""
    start = max(0, found.start - 4)
    around = next((m for m in OUT_OF.finditer(text, start, found.end + 5) if m.end() > found.start), None)
    if around is None or around.start() > found.start or found.end > around.end():
        return False
    return bool(GRADED.search(fold_text(text[max(0, around.start() - 70) : around.start()])))


def plausible(text: str, found: Found) -> bool:
    """Whether a finding of the classifier can be what its label says."""
    piece = text[found.start : found.end]
    label = found.label
    folded = fold_text(piece)
    digits = sum(map(str.isdigit, folded))
    if label in DIGITS and digits < DIGITS[label]:
        return False
    if label == "PHONE" and TIME.match(folded):
        return False
    if label == "AGE_OVER_89":
        return bool(AGE.match(folded))
    if label == "ADDRESS" and len(folded) == digits:
        return False
    if label in ("DATE", "BIRTH_DATE"):
        if digits <= 4 and _graded(text, found):
            return False
        short = SHORT.fullmatch(folded)
        if short and not (1 <= int(short.group(1)) <= 31 and 1 <= int(short.group(2)) <= 12):
            return False
        if folded.isdigit() and len(folded) == 4 and not 1900 <= int(folded) <= 2060:
            return False
        return digits > 0 or len(folded) >= 3
    if label == "EMAIL":
        around = text[max(0, found.start - 1) : found.end + 1]
        return len(piece) >= 6 and any(c in "@©®._" or c.isdigit() for c in around[:1] + piece + around[-1:])
    if label == "HOSPITAL" and folded in GENERIC:
        return False
    if label in WORDY:
        words = re.findall(r"[^\W\d_]+", folded)
        if label in ("LAST_NAME", "FIRST_NAME"):
            glued = len(piece) <= 2 and text[found.start - 1 : found.start].isdigit()  # the 'h' of '6h'
            if not words or glued or (digits and sum(map(len, words)) <= 2):
                return False
        if label in ("LAST_NAME", "FIRST_NAME", "CITY") and found.score < 0.98:
            if DOSE.match(text, found.end):
                return False
            if EPONYM.search(fold_text(text[max(0, found.start - 60) : found.start])):
                return False
            if words and all(word in drug_words() or (found.score < SURE and _medical(word)) for word in words):
                return False
        initial = len(piece) == 1 and piece.isalpha() and text[found.end : found.end + 1] in (".", "-", " ")
        ordinary = words and all(word in STOP for word in words) and digits == 0
        return bool(initial or not ordinary or (found.score >= SURE and len(piece) > 3))
    return True
