"""What column names say, in French, in English and in OMOP. What values say belongs to ``patterns``."""

# ruff: noqa: E501
from __future__ import annotations

import re
import unicodedata

PERSON_WORDS = "patient|pat|malade|subject|sujet|individu|individual|participant|person|personne|usager|beneficiaire|beneficiary|case|donor|enrollee|member|client"

DIRECT = re.compile(
    r"^(nom|noms|prenom|prenoms|surname|forename|lastname|firstname|fullname|maiden|alias|initials|initiales|"
    r"nir|nss|nia|ins|ipp|nip|iep|nda|mrn|ssn|ninsee|insee_number|numero_secu|secu|securite_sociale|passport|passeport|"
    r"cni|siret|rpps|adeli|npi|dea|iban|bic|rib|email|e_mail|mail|courriel|phone|telephone|tel|mobile|portable|gsm|fax|"
    r"adresse|address|street|rue|voie|address_[12]|address_line.*|pidnum|pid|username|login|ip|ip_address|mac|imei|"
    r"plate|immatriculation|license|photo|signature|empi|upi|hospital_number|chart_number|record_number|"
    r"accession_number|dossier|ndossier|barcode|codebarre|nhs|nhs_number|latitude|longitude|lat|lon|lng|gps|geolocation)$"
    r"|(^|_)(nom|prenom|surname|forename|first|last|family|given|middle|maiden|birth|full|patient|doctor|physician|"
    r"practitioner|provider|medecin|mother|father|mere|pere|spouse|contact|emergency|usuel|usage|jeune_fille)_?(name|nom|prenom)s?($|_)"
    r"|(^|_)(nom|prenoms?)_(de_)?(naissance|famille|usage|usuel|jeune_fille|patient|medecin|marital|epouse|complet|mere|pere)"
    r"|(^|_)(email|e_mail|courriel|telephone|phone|iban|nir|ssn|mrn|ipp|nss|passport|rpps)($|_)"
    r"|(^|_)(num|numero|number|no|n|nr|matricule)_?(du_|de_|d_)?(secu|securite_sociale|patient|dossier|sejour|ipp|nir|"
    r"telephone|tel|portable|ss|passeport|adherent|assure)($|_)"
    r"|(^|_)(" + PERSON_WORDS + r")_?(id|identifier|ident|identifiant|number|num|no|code|key|uid|uuid|ref|source_value|source_id|barcode)$"
    r"|(^|_)(id|identifiant|ident|num|numero|code)_?(du_|de_)?(" + PERSON_WORDS + r")$"
    r"|^(person|visit|visit_detail|provider|specimen|location|family|note)_source_(value|id)$"
    r"|(^|_)(sample|specimen|study|series|sop_instance|device)_?(barcode|uid|instance_uid|serial(_number)?)$"
    r"|^(unique_device_id|lot_number_patient|production_id)$"
    r"|(adresse|address|street)(_|$)(?!type)"
    r"|sample_barcode$"
)  # fmt: skip
KEYS = re.compile(r"^(person_id|subject_id|.*_id|id|.*_key|rowid|index|idx|uuid|guid|.*_id_[12])$")
CODES = re.compile(r"(_concept_id|_concept_id_[12]|_type_concept_id|concept_id)$")
QUASI = re.compile(
    r"^(sex|sexe|gender|genre|age|race|ethnicity|ethnie|ethnic|zip|zipcode|zip_code|cp|code_postal|codepostal|postal|postal_code|"
    r"postcode|city|ville|commune|town|village|county|state|region|departement|department|dept|country|pays|canton|iris|"
    r"nationality|nationalite|native_country|citizenship|marital|marital_status|situation_familiale|etat_civil|religion|"
    r"language|langue|occupation|profession|csp|job|employer|employeur|education|education_num|diplome|income|revenu|"
    r"household|relationship|height|taille|weight|poids|wtkg|year_of_birth|month_of_birth|day_of_birth|annee_naissance|"
    r"birthplace|lieu_naissance|commune_naissance|type_employer|insee|code_commune|geo|center|centre|hospital|hopital|site|"
    r"hr_per_week|dob|ddn|homo|hemo|birth|naissance|location_id|care_site_id|year|bmi|deces|died_on)$"
    r"|(^|_)(birth|naissance|dob|ddn|born|nee?_le|birthdate|birthday)($|_)"
    r"|(^|_)(date|datetime|jour|timestamp)($|_)|_(date|datetime|at|on)$|^(date|datetime)"
    r"|^(gender|race|ethnicity|country|place_of_service|admitted_from|discharged_to)_(concept_id|source_value|source_concept_id)$"
    r"|(^|_)(code_?postal|zip_?code|commune|ville|city|country|pays|departement|sexe|sex|gender|race|ethnicity|age)($|_)"
    r"|age_(at|a)_"
)  # fmt: skip
BIRTH = re.compile(r"(^|_)(birth|naissance|dob|ddn|born|nee?_le|birthdate|birthday)($|_)")
FREE_TEXT = re.compile(
    r"(^|_)(note_text|text|texte|texte_libre|free_text|freetext|libre|comment|comments|commentaire|commentaires|remark|remarks|"
    r"remarque|observations|description|narrative|narratif|compte_rendu|cr|report_text|rapport|anamnese|motif|"
    r"conclusion|snippet|notes|lexical_variant|stop_reason|sig)($|_)"
)  # fmt: skip
VOCABULARY_TABLES = re.compile(
    r"^(concept|concept_.*|vocabulary|domain|relationship|drug_strength|source_to_concept_map|cdm_source|metadata|"
    r"cohort_definition|attribute_definition|.*_level|check_descriptions|omop_cdm.*field_level)$"
)  # fmt: skip
AMBIGUOUS_NAME = re.compile(r"^(name|names|nom|noms)$|(^|_)(name|nom)$")


def normalised(name: str) -> str:
    """Lower case without accents, words joined by ``_``; SQL wrappers such as ``date(x,'unixepoch')`` give ``x``."""
    inner = re.fullmatch(r"\s*\w+\(\s*([A-Za-z_]\w*)\s*(,.*)?\)\s*", name)
    text = unicodedata.normalize("NFKD", inner.group(1) if inner else name)
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def table_stem(name: str) -> str:
    """``folder/person.csv.gz`` and ``main.person`` are both ``person``."""
    base = name.rsplit("/", 1)[-1].lower()
    base = re.sub(r"(\.(csv|tsv|parquet|pq|json|jsonl|ndjson|gz|maf|txt))+$", "", base)
    return normalised(base.rsplit(".", 1)[-1])
