# ruff: noqa: RUF012
"""Documents for measuring: templates that are not in the generator, names from Faker's lists of fifteen countries.

Nothing here is used for training or for thresholds. Each template is filled with fresh names; every filled field is
a gold span.
"""

from __future__ import annotations

import random
import re

from faker import Faker

LOCALES = ("fr_FR", "fr_FR", "fr_FR", "fr_FR", "fr_FR", "fr_CA", "fr_DZ", "it_IT", "es_ES", "pt_PT", "pl_PL", "tr_TR", "de_DE", "ro_RO", "nl_NL", "cs_CZ", "hr_HR")  # fmt: skip
MONTHS = ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"]  # fmt: skip

TEMPLATES = [
    """{HOSPITAL}
Pôle Cœur-Thorax-Vaisseaux — Unité de rythmologie
{ADDRESS} — {ZIP} {CITY}
Secrétariat : {PHONE} (8h30-17h) / {EMAIL}
{CITY}, le {DATE}

Mon cher {FIRST},

J'ai eu le plaisir de revoir {TITLE} {FIRST} {LAST} (né le {BIRTH}), que tu connais bien, au décours de l'implantation du défibrillateur réalisée le {DATE}.
Il va tout à fait bien. La cicatrice est souple, la loge n'est pas inflammatoire. Le contrôle télémétrique retrouve des seuils à 0,75 V/0,4 ms, aucune arythmie ventriculaire n'est enregistrée.
Je laisse inchangé le traitement associant CARDENSIEL 5 mg, ENTRESTO 49/51 et ELIQUIS 5 mg 2/j.
Je n'ai pas prévu de le revoir avant {MONTHYEAR} sauf élément nouveau.
Amitiés.

Dr {FIRST} {LAST}
RPPS {RPPS}
Double à : Dr {LAST} ({CITY}), Dr {INITIAL} {LAST}
""",
    """NOM : {LAST}
NOM DE JEUNE FILLE : {LAST}
PRÉNOM : {FIRST}
DATE DE NAISSANCE : {BIRTH}
ADRESSE : {ADDRESS}
          {ZIP} {CITY}
TÉLÉPHONE : {PHONE}
N° SÉCURITÉ SOCIALE : {NIR}
IPP : {IPP}

COMPTE RENDU D'HOSPITALISATION du {DATE} au {DATE}

Motif : altération de l'état général chez une patiente suivie pour maladie de Waldenström.

Mode de vie : vit seule, {!INDIRECT_PROFESSION:retraitée de l'enseignement|ancienne bouchère|anciennement coiffeuse à domicile|agricultrice à la retraite}, {!INDIRECT_FAMILY:veuve depuis 2009|mère de quatre enfants|célibataire}. Sa nièce, {TITLE} {LAST}, passe la voir.

Antécédents :
- {YEAR} : cholécystectomie par le Dr {LAST}
- {YEAR} : prothèse totale de hanche droite ({HOSPITAL})
- hypertension artérielle, syndrome de Raynaud
- tabac 0, alcool 0

Évolution : transfusion de 2 CGR le {SHORT}, bonne tolérance. Relais oral le {SHORT}. Score de Tinetti 19/28. Apyrexie stable.

Sortie le {DATE} avec : Kardégic 75, Inexium 20, Uvedose, Lasilix 40 (1 le matin).

Signé : Pr {LAST}, chef de service - Dr {INITIAL} {LAST}, interne
""",
    """{HOSPITAL} — FINESS {FINESS}
COMPTE RENDU DE SCANNER
Patient {LAST} {FIRST} / {BIRTH} / dossier {IPP}
Demandé par : {FIRST} {LAST}
Exécuté le {DATE} par {FIRST} {LAST} (manipulatrice : {FIRST})
INDICATION. Bilan d'extension d'un adénocarcinome prostatique, Gleason 8.
TECHNIQUE. Acquisition hélicoïdale après injection de 90 cc d'Iomeron 400.
RÉSULTAT. Pas de nodule parenchymateux suspect. Ganglion de la loge de Baréty de 9 mm. Stéatose. Kyste de Bosniak I rénal gauche. Spondylolisthésis de L5 grade 1 selon Meyerding. Absence de lésion osseuse condensante.
Comparaison faite avec l'examen du {DATE}.
CONCLUSION. Absence de localisation secondaire.
Dr {LAST} {FIRST}
""",
    """Transmissions du {SHORT}
07h10 {LAST} ch 214 : nuit calme, a dormi de 23h à 5h. Diurèse 1200. Perf changée.
09h40 visite Dr {LAST} : on arrête la Tazocilline, retrait Picc-line demain. Kiné vu.
11h appel de sa belle-fille {FIRST} ({PHONE}), demande des nouvelles, rdv donné le {SHORT} avec Dr {LAST}
14h {TITLE} {LAST} s'est plainte de nausées, Zophren 4 mg IV donné, soulagée.
18h {FIRST} la petite-fille est restée jusqu'à la fin des visites. Repas pris en totalité.
IDE : {FIRST} {LAST} / AS : {FIRST}
""",
    """Docteur {FIRST} {LAST}
Médecine générale
{ADDRESS}
{ZIP} {CITY}
Tél. {PHONE}
ADELI {ADELI}

{CITY}, le {DATE}

{TITLE} {LAST} {FIRST}
né(e) le {BIRTH}

AMOXICILLINE 1 g : 1 comprimé matin, midi et soir pendant 6 jours
DOLIPRANE 1000 : en cas de fièvre, sans dépasser 3 par jour
HELICIDINE sirop : 1 c. à soupe x 3
Arrêt de travail jusqu'au {DATE} inclus.
""",
    """Compte rendu opératoire
Date de l'intervention : {DATE}
Patiente : {FIRST} {LAST}, née {LAST} le {BIRTH}
Chirurgien : Pr {FIRST} {LAST}     Aide : {LAST} {FIRST}, interne
Anesthésie générale : Dr {LAST}
Instrumentiste : {FIRST} {LAST}

Installation gynécologique, champs stériles. Open coelioscopie selon Hasson. Exploration : utérus globuleux, nodule de 2 cm du cul-de-sac de Douglas. Adhésiolyse du sigmoïde. Hystérectomie inter-annexielle sans incident. Toilette péritonéale, drainage par un Redon, fermeture au Vicryl.
Pertes 150 mL. Durée 1 h 45.
Pièce adressée en anatomopathologie ({HOSPITAL}, réf {NDA}).
Suites : lever le soir même, ablation de la sonde de Foley à J1, HBPM par Lovenox 0,4 pendant 28 jours.
Consultation de contrôle le {DATE} à {CITY}.
""",
    """Observation d'entrée - {DATE} - Dr {LAST} (externe : {FIRST} {LAST})
{TITLE} {LAST} {FIRST}, {AGE} ans, adressé par le SAMU de {CITY} pour suspicion d'AVC.
ATCD : HTA, FA sous Xarelto, AIT en {YEAR}, maladie de Crohn, PTG D {YEAR} (Dr {LAST}, {HOSPITAL}).
MDV : {!INDIRECT_PROFESSION:chauffeur de taxi|ancien mineur|artisan plombier|gérant d'un bar-tabac}, {!INDIRECT_FAMILY:divorcé, deux fils|marié, sans enfant|vit avec son frère}, originaire {!INDIRECT_NATIONALITY:du Portugal|de Kabylie|de Pologne|du Sénégal}.
HDM : le {DATE} vers 14h, déficit brachio-facial gauche constaté par son voisin {FIRST} {LAST}. NIHSS 7 à l'arrivée.
Exam : TA 178/92, FC 88 irr, sat 97 %. Babinski gauche. Pas de souffle carotidien.
IRM : AIC sylvien droit superficiel, pas de thrombolyse (AOD).
CAT : UNV, surveillance scopée, ETT, doppler TSA, statine.
Famille prévenue ({FIRST}, {PHONE}).
""",
    """Laboratoire d'anatomie pathologique - {HOSPITAL}
N° d'examen : {NDA}    Reçu le {DATE}    Validé le {DATE}
{LAST} {FIRST} ({LAST}) — F — {BIRTH} — IPP {IPP}
Prescripteur : Dr {FIRST} {LAST}, {HOSPITAL}
Biopsies étagées du côlon : muqueuse d'architecture conservée, sans granulome épithélioïde ni abcès cryptique. Pas de bacille de Whipple sur la coloration de PAS. Absence de dysplasie.
Conclusion : absence d'argument pour une maladie inflammatoire.
Pathologiste : {INITIAL} {LAST}
""",
    """Bonjour {FIRST},

Peux-tu regarder le dossier de {TITLE} {LAST} (IPP {IPP}) ? Elle doit venir lundi {DATE}, amenée de {CITY} par sa fille {FIRST}. Elle a été opérée à {HOSPITAL} par {LAST}. Je pense à une maladie de Horton plutôt qu'à une PPR.
Son numéro : {PHONE}, sinon {EMAIL}.

Merci,
{FIRST} {LAST}
{HOSPITAL}
{URL}
""",
    """CERTIFICAT MÉDICAL
Je soussignée, Docteur {FIRST} {LAST}, praticien hospitalier à {HOSPITAL}, certifie avoir examiné le {DATE} l'enfant {FIRST} {LAST}, né le {BIRTH} à {CITY}, domicilié {ADDRESS}, {ZIP} {CITY}, scolarisé à {!INDIRECT_SCHOOL:l'école Jacques-Prévert|l'école des Tilleuls|l'école Pasteur}.
Il présente une ecchymose de 3 cm de la face externe du bras gauche, une dermabrasion du genou. Examen neurologique sans anomalie, Glasgow 15.
L'incapacité totale de travail est de 2 jours, sauf complication.
Fait à la demande de la mère, {TITLE} {LAST} {FIRST}, et remis en main propre.
{CITY}, le {DATE}
""",
    """RCP digestive du {DATE}
Présents : Drs {LAST}, {LAST} et {LAST} (oncologie), Pr {LAST} (chirurgie), {FIRST} {LAST} (IDE coordinatrice)
Dossier présenté par : {INITIAL} {LAST}
Patient : {LAST} {FIRST}, {BIRTH}, {SEX}
Histoire : adénocarcinome du bas rectum cT3N1 découvert en {MONTHYEAR}. Radiochimiothérapie terminée le {DATE}. Réponse majeure à l'IRM (TRG 2 de Mandard). {!INDIRECT_PROFESSION:Éleveur de brebis|Professeur de piano|Gardien de phare|Conducteur de tramway}, OMS 0.
Proposition : amputation abdomino-périnéale ou stratégie de préservation, à discuter avec le patient. Consultation Pr {LAST} le {SHORT}.
""",
    """URGENCES {HOSPITAL}
Arrivée {DATE} 22:14 - Dossier {NDA}
{LAST} {FIRST} {AGE} ans
Tel: {PHONE} - Pers. à prévenir: {FIRST} {LAST} (mari) {PHONE}
IAO: {FIRST} - Med: Dr {LAST}
Motif: chute d'une échelle {!INDIRECT_PLACE:devant l'église de Saint-Véran|au camping des Pins|près de l'étang de Thau}
Douleur poignet dt, déformation en dos de fourchette. Rx: fracture de Pouteau-Colles. Bloc: réduction + broches de Kapandji prévue par Dr {LAST} demain matin. VAT à jour. Antalgie: Perfalgan 1 g, Acupan, EVA 3.
Transfert {HOSPITAL} refusé par la patiente. {FIRST} l'accompagne.
""",
    """Suivi psychologique — séance n° 6
{TITLE} {LAST} évoque longuement le décès de son père {FIRST}, survenu en {MONTHYEAR}. {!INDIRECT_EVENT:Elle a survécu à l'attentat de Nice|Elle était dans le train qui a déraillé à Brétigny|Son atelier a brûlé lors de l'incendie de Lubrizol}. Elle dort mal et reprend la Venlafaxine. On l'appelle « {!INDIRECT_NICKNAME:Nanou|la Crevette|Lili} » dans la famille. {!INDIRECT_ROLE:Conseillère municipale|Présidente du club de judo de Nevers|Élue à la chambre d'agriculture}, elle redoute le regard des autres.
Prochaine séance le {SHORT} à 17 h. Contact : {EMAIL}
{FIRST} {LAST}, psychologue clinicienne, {HOSPITAL}
""",
]
NEGATIVES = [
    "Maladie de Parkinson traitée par Modopar et Requip.",
    "Pas d'argument pour une maladie de Biermer ni pour un syndrome de Gougerot-Sjögren.",
    "Signe de Lasègue négatif, signe de Babinski absent, Romberg stable.",
    "Score de Child-Pugh A6, MELD 11, Karnofsky 90 %.",
    "Traitement : Cordarone, Previscan, Tahor, Lévothyrox 75, Symbicort Turbuhaler.",
    "Intervention de Hartmann puis rétablissement de continuité, drain de Redon.",
    "Sonde de Foley n° 16, aiguille de Huber, cathéter de Hickman.",
    "Fracture de Bennett, lésion de Hill-Sachs, test de Jobe positif.",
    "Lymphome de Hodgkin stade IIA d'Ann Arbor, cellules de Reed-Sternberg.",
    "Thyroïdite de Hashimoto, maladie de Basedow dans la famille.",
    "Prothèse de Charnley, clou de Küntscher, plaque de Maconor.",
    "Clearance de Cockcroft à 54 mL/min, indice de Sokolow 38 mm.",
]
HOSPITALS = ["Centre Hospitalier de {c}", "CHU de {c}", "Hôpital {f} {l}", "Clinique {s}", "Polyclinique {s}", "Hôpital {s}", "CH {c}", "Hôpital privé {s}", "Clinique de {c}", "CHI de {c}", "Institut {l}", "Hôpitaux de {c}"]  # fmt: skip
SAINTS = ["Sainte-Thérèse", "Saint-Hilaire", "du Belvédère", "des Platanes", "de la Baie", "Marie-Galène", "des Deux Caps", "du Ter", "Sainte-Odile", "Saint-Martial", "des Quatre Pavillons", "de l'Ermitage", "Claude Galien", "Axium"]  # fmt: skip


class Maker:
    """Fills templates; ``document()`` gives (text, [(start, end, label)], record)."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.fakers = {name: Faker(name) for name in dict.fromkeys(LOCALES)}
        for index, fake in enumerate(self.fakers.values()):
            fake.seed_instance(seed * 101 + index)

    def _any(self) -> Faker:
        return self.fakers[self.rng.choice(LOCALES)]

    def _latin(self, make) -> str:  # type: ignore[no-untyped-def]
        for _ in range(20):
            value = make()
            if re.match(r"[A-Za-zÀ-ſ]", value):
                return value
        return "Durand"

    def _date(self) -> str:
        r = self.rng
        d, m, y = r.randrange(1, 29), r.randrange(1, 13), r.randrange(2012, 2025)
        return r.choice((f"{d:02d}/{m:02d}/{y}", f"{d:02d}/{m:02d}/{y}", f"{d} {MONTHS[m - 1]} {y}", f"{d:02d}.{m:02d}.{y % 100:02d}", f"{d}/{m}/{y % 100:02d}", f"{y}-{m:02d}-{d:02d}", f"1er {MONTHS[m - 1]} {y}"))  # fmt: skip

    def value(self, name: str) -> str:
        r, fr = self.rng, self.fakers["fr_FR"]
        digits = lambda n: "".join(r.choice("0123456789") for _ in range(n))  # noqa: E731
        if name == "LAST":
            last = self._latin(lambda: self._any().last_name())
            return last.upper() if r.random() < 0.45 else last
        if name == "FIRST":
            return self._latin(lambda: self._any().first_name())
        if name == "INITIAL":
            return f"{fr.first_name()[0]}."
        if name in ("DATE", "BIRTH"):
            return self._date()
        if name == "SHORT":
            return f"{r.randrange(1, 29):02d}/{r.randrange(1, 13):02d}"
        if name == "MONTHYEAR":
            return f"{r.choice(MONTHS)} {r.randrange(2010, 2025)}"
        if name == "YEAR":
            return str(r.randrange(1965, 2024))
        if name == "NIR":
            body = f"{r.choice('12')}{digits(2)}{r.randrange(1, 13):02d}{r.randrange(1, 96):02d}{digits(6)}"
            full = f"{body}{97 - int(body) % 97:02d}"
            return r.choice(
                (full, f"{full[0]} {full[1:3]} {full[3:5]} {full[5:7]} {full[7:10]} {full[10:13]} {full[13:]}")
            )
        if name == "PHONE":
            n = f"0{r.choice('1234567')}{digits(8)}"
            sep = r.choice((" ", ".", "", "-"))
            return r.choice(
                (sep.join(n[i : i + 2] for i in range(0, 10, 2)), f"+33 {n[1]} {n[2:4]} {n[4:6]} {n[6:8]} {n[8:]}")
            )
        if name == "CITY":
            return fr.city()
        if name == "ZIP":
            return f"{r.randrange(1, 96):02d}{digits(2)}0"
        if name == "ADDRESS":
            return fr.street_address().replace("\n", " ")
        if name == "HOSPITAL":
            return r.choice(HOSPITALS).format(c=fr.city(), f=fr.first_name(), l=fr.last_name(), s=r.choice(SAINTS))
        if name == "EMAIL":
            return fr.email()
        if name == "URL":
            return f"www.{fr.domain_name()}"
        return {"RPPS": "10" + digits(9), "FINESS": digits(9), "ADELI": digits(9), "IPP": r.choice((digits(8), digits(10))), "NDA": digits(9)}[name]  # fmt: skip

    LABELS = {"LAST": "LAST_NAME", "FIRST": "FIRST_NAME", "INITIAL": "FIRST_NAME", "BIRTH": "BIRTH_DATE", "SHORT": "DATE", "MONTHYEAR": "DATE", "YEAR": "DATE", "ZIP": "POSTAL_CODE"}  # fmt: skip

    def document(self, index: int | None = None) -> tuple[str, list[tuple[int, int, str]], dict[str, object]]:
        template = TEMPLATES[index % len(TEMPLATES)] if index is not None else self.rng.choice(TEMPLATES)
        out, spans, length = [], [], 0
        record: dict[str, object] = {}
        for piece in re.split(r"(\{[^}]+\})", template):
            text, label = piece, None
            if piece.startswith("{!"):
                label, _, options = piece[2:-1].partition(":")
                text = self.rng.choice(options.split("|"))
            elif piece.startswith("{"):
                name = piece[1:-1]
                if name == "TITLE":
                    text = self.rng.choice(("M.", "Mme", "Madame", "Monsieur", "Mr", "Mlle"))
                elif name == "AGE":
                    text = str(self.rng.randrange(3, 89))
                elif name == "SEX":
                    text = self.rng.choice(("homme", "femme"))
                else:
                    text, label = self.value(name), self.LABELS.get(name, name)
            if label:
                spans.append((length, length + len(text), label))
            out.append(text)
            length += len(text)
        return "".join(out), spans, record
