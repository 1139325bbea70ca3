"""French phrases of the reports, each in several wordings, with the places that facts go to in braces.

Only wording is here. Which facts are stated and with what probability is decided in ``notes``.
"""

from __future__ import annotations

LETTERHEADS = (
    "{hospital}\n{site}\nService de {service}\nChef de service : {chief}\nSecrétariat : {staff_phone}\n",
    "{hospital} - {site}\n{service} | Tél. {staff_phone} | Fax {staff_fax}\nFINESS {finess}\n",
    "{site_upper}\n{service_upper}\nPraticien : {author} (RPPS {rpps})\n",
)
PATIENT_HEADERS = (
    "Patient : {civility} {LAST} {first}\nNé{e} le {birth} à {birth_town}\nIPP : {ipp}   NDA : {nda}\n"
    "Adresse : {address}, {zip} {city}\n",
    "{civility} {first} {LAST}, {age} ans\nDDN {birth_short} - IPP {ipp} - dossier {nda}\nTél : {phone}\n",
    "Nom : {LAST}\nNom de naissance : {BIRTH_NAME}\nPrénom : {first}\nNé{e} le : {birth_short}\nN° SS : {nir}\n"
    "Domicile : {address} - {zip} {city}\n",
    "Concerne : {civility} {LAST} {first}, né{e} le {birth}, demeurant {address} à {city} ({zip}).\nIPP {ipp}\n",
)
OPENINGS = {
    "stay": (
        "Votre patient{e}, {civility} {LAST}, a été hospitalisé{e} du {start} au {end} dans l'unité {unit}.",
        "{civility} {first} {LAST}, {age} ans, a séjourné dans le service du {start} au {end}.",
        "Motif d'hospitalisation : bilan chez un{e} patient{e} de {age} ans. Séjour du {start} au {end}, NDA {nda}.",
        "Nous avons reçu en hospitalisation {civility} {LAST} {first} (IPP {ipp}) entre le {start} et le {end}.",
    ),
    "visit": (
        "Cher confrère, j'ai revu ce jour, le {start}, {civility} {first} {LAST}, âgé{e} de {age} ans.",
        "Je vois en consultation le {start} votre patient{e} {civility} {LAST}.",
        "Consultation du {start}. {civility} {LAST} est suivi{e} dans le service depuis le {index}.",
        "Merci de m'avoir adressé {civility} {LAST} {first}, vu{e} à la consultation le {start}.",
    ),
}
LIFE = (
    "{He} est {profession}, {marital}.", "Profession : {profession}. Situation : {marital}.",
    "Sur le plan social : {profession}, vit à {city}, {marital}.", "{He} exerce la profession de : {profession}.",
)  # fmt: skip
TOBACCO = ("Tabac : {tobacco}.", "Statut tabagique : {tobacco}.", "Sur le plan tabagique, {tobacco}.")
RELATIVES = (
    "Accompagné{e} de son {link} {relative}.",
    "La personne de confiance est {relative} ({link}), joignable au {phone}.",
    "Son {link}, {relative}, nous a apporté les documents antérieurs.",
    "Antécédents familiaux : {relative} ({link}), diabète.",
)  # fmt: skip
OUTSIDE = (
    "Pris{e} en charge auparavant à : {outside}, par le {other}.", "Un bilan avait été fait ({outside}) en {month}.",
    "Adressé{e} par le {other} ({outside}).", "Le dossier antérieur est à demander ({outside}, {staff_phone}).",
)  # fmt: skip
HISTORY = {
    320128: ("hypertension artérielle", "HTA traitée"),
    201826: ("diabète de type 2", "diabète non insulino-dépendant"),
    201254: ("diabète de type 1", "diabète insulino-dépendant depuis l'enfance"),
    432867: ("dyslipidémie", "hypercholestérolémie"),
    433736: ("obésité", "surcharge pondérale importante"),
    316139: ("insuffisance cardiaque", "insuffisance cardiaque à FEVG préservée"),
    313217: ("fibrillation atriale", "ACFA paroxystique"),
    4329847: ("infarctus du myocarde", "IDM ancien stenté"),
    317009: ("asthme", "asthme allergique"),
    255573: ("BPCO", "bronchopathie chronique obstructive"),
    255848: ("pneumopathie", "pneumonie franche lobaire"),
    439777: ("anémie", "anémie chronique"),
    80180: ("arthrose", "gonarthrose bilatérale"),
    140673: ("hypothyroïdie", "thyroïdite de Hashimoto"),
    440383: ("syndrome dépressif", "épisode dépressif"),
    2000000203: ("cirrhose", "cirrhose Child-Pugh A"),
    2000000205: ("maladie de Fabry", "maladie de Fabry"),
    2000000206: ("hémochromatose", "hémochromatose génétique"),
    2000000207: ("syndrome d'apnées du sommeil", "SAOS appareillé"),
    2000000208: ("goutte", "crises de goutte"),
    2000000201: ("hépatopathie stéatosique", "stéatopathie métabolique"),
    2000000204: ("cardiomyopathie hypertrophique", "CMH"),
}
MURMUR = (
    "L'auscultation retrouve un souffle systolique au bord gauche du sternum.", "Souffle systolique 3/6.",
    "À l'auscultation, souffle systolique éjectionnel majoré par la manœuvre de Valsalva.",
)  # fmt: skip
NO_MURMUR = (
    "Auscultation cardiaque sans particularité.",
    "Bruits du cœur réguliers.",
    "L'auscultation cardio-pulmonaire est normale.",
)
BIOLOGY = (
    "Biologie du {day} : {values}.", "Sur le plan biologique : {values}.", "Bilan sanguin ({day}) : {values}.",
    "Au laboratoire on note {values}.",
)  # fmt: skip
LESION = (
    "Nodule hépatique {large} du segment {segment}, mesurant {size}.",
    "On individualise une lésion {large_f} du segment {segment} de {size} de grand axe.",
    "Formation nodulaire {large_f} du foie droit (segment {segment}), mesurée à {size}.",
    "Lésion focale {large_f} hypervasculaire du segment {segment}, diamètre {size}.",
)
LARGE = ("volumineux", "volumineuse")
NOT_LARGE = (("bien limité", "bien limitée"), ("arrondi", "arrondie"), ("homogène", "homogène"), ("isolé", "isolée"))
CT_TECHNIQUE = (
    "Acquisition hélicoïdale après injection de 90 mL d'Iomeprol 350, temps portal.",
    "Hélice abdominale au temps portal après injection. PDL 412 mGy.cm.",
    "Scanner multibarrette, temps artériel et portal, appareil Spiralys n° {serial}.",
)
CT_REST = (
    "Pas d'épanchement intrapéritonéal. Voies biliaires fines.", "Rate de taille normale. Reins sans particularité.",
    "Veine porte perméable. Pas d'adénopathie.", "Pas d'ascite. Pancréas sans particularité.",
)  # fmt: skip
STEATOSIS = (
    "Foie hypodense en faveur d'une stéatose.",
    "Aspect stéatosique diffus du foie.",
    "Stéatose hépatique homogène.",
)
ECHO = (
    "Échocardiographie : septum interventriculaire à {septum} millimètres, FEVG {fevg} %.",
    "ETT du {day} : SIV {septum} millimètres en diastole, fraction d'éjection {fevg} %.",
)
ENDINGS = (
    "Je reste à votre disposition et vous prie d'agréer, cher confrère, mes salutations confraternelles.\n{author}",
    "Bien confraternellement,\n{author}\nTél. {staff_phone}", "Dr signataire : {author}, RPPS {rpps}",
    "Validé électroniquement le {day} par {author}.",
)  # fmt: skip
COPIES = (
    "Copie : {other}, {outside}.",
    "Double adressé au {other} et à {civility} {LAST}, {address}, {zip} {city}.",
    "",
)
DEATH = (
    "{civility} {LAST} est décédé{e} le {end} à {hour} dans le service, entouré{e} de ses proches.",
    "Le décès a été constaté le {end} à {hour} par le {author}.",
    "Évolution défavorable ; décès survenu le {end}.",
)
DRUGS = {
    2000000301: "acide ursodésoxycholique 500 mg, 1 comprimé matin et soir",
    956874: "furosémide 40 mg, 1 comprimé le matin",
    1338005: "bisoprolol 5 mg, 1 comprimé le matin",
    1307863: "vérapamil LP 240 mg, 1 gélule le matin",
    1309944: "amiodarone 200 mg, 1 comprimé par jour 5 jours sur 7",
    1310149: "warfarine 5 mg, selon INR",
    1503297: "metformine 1000 mg, 1 comprimé matin et soir",
    1545958: "atorvastatine 20 mg, 1 comprimé le soir",
    1332418: "amlodipine 5 mg, 1 gélule le matin",
    1112807: "acide acétylsalicylique 75 mg, 1 sachet le midi",
    1125315: "paracétamol 1 g, jusqu'à 3 fois par jour si douleurs",
    1501700: "lévothyroxine 75 µg, 1 comprimé à jeun",
    1713332: "amoxicilline 1 g, 3 fois par jour pendant 7 jours",
    2000000302: "mavacamten 5 mg, 1 gélule par jour",
}
PATHOLOGY = (
    "Biopsie hépatique transpariétale, fragment de {core} mm. Stéatose macrovésiculaire {steatosis} %, "
    "fibrose F{fibrosis}.",
    "Prélèvement reçu fixé au formol, au nom de {LAST} {first}. Stéatose {steatosis} %, activité A{activity}, fibrose "
    "F{fibrosis} (Metavir).",
)
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
    "novembre", "décembre",
)  # fmt: skip
