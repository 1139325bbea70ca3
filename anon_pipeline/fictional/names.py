"""Names for people who do not exist: surnames composed by origin, and first names by sex, origin and generation.

Surnames come from roots and affixes, so that there are many thousands and few are on any common list. Who bears which
name is decided in ``identity``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_ROOTS = """Bard Bert Bign Blanch Boiss Bonn Bord Bouch Boul Bourg Brach Brun Cail
Cass Chab Chal Chamb Champ Char Chauv Clair Coll Corn Coul Court Cout Dam Delm Desch Dor Dub Ducl Dumar Escoff
Esp Fab Fauch Faur Ferr Fland Font Foug Fourn Gabr Gaill Gar Gaut God Gouj Grand Grim Guér Guich Guill Hard Herv
Jacqu Jol Jourd Lab Lach Lamb Larch Laur Lav Lecl Lem Lher Mail Mal Marc Mard Mart Mass Mauger Maur Mer Mich
Mill Mond Mont Mor Moul Nav Noll Oliv Pag Pascal Perr Pet Pich Plant Poir Pon Pouj Prad Quent Rab Ram Rav Ren
Rich Rig Riv Rob Roch Ross Rouss Sabat Salv Sauv Ser Sim Sorb Tard Tavern Tess Thib Tour Tranch Val Vas Verd
Vern Vial Vig Vill Vinc"""
_ENDINGS = """ard aud ault eau eaux el elle ellier enet er eron et eteau ette eux iau
ichon ier ière ières ieu igny in ineau inet iol ion ioux ois on onneau onnet ot oud oux uel uet ux y"""
_PREFIXES = ("", "", "", "", "", "", "", "", "Le ", "La ", "Du", "De", "Des", "Saint-", "de ", "d'", "de La ", "du ")
_BRETON = """Abgrall Bozec Cariou Floc'h Gall Goff Guen Hénaff Jeune Kerbrat Mével
Nédélec Pennec Quéré Roux Scouarnec Tallec Kerdoncuff Kervella Kermarrec Kerguélen Pouliquen Tanguy Troadec
Yaouanc Queffélec Le Bihan Le Moal Le Corre Le Dantec Le Gouill Le Berre L'Hostis An Drez Penmarc'h Coatmeur
Trévidic Plouzennec"""
_BASQUE_A = "Etche Iri Harisp Larre Mendi Goyen Elissa Uhar Sala Bidega Irigo Arra Oyhen"
_BASQUE_B = "garay berry goyen barne verry buru mendy çabal art alde borde etche"
_ALSACE_A = "Kling Schmitt Ober Wolf Zimmer Stein Hirsch Kapp Diet Mutz Froeh Ritter Baum Heil Kess Wein Grauf"
_ALSACE_B = "er mann enbach meyer lin ler hart brunn thal el stein gartner"
_CORSE_A = "Casa Coli Luci Fili Mari Pao Santu Poli Orna Santo Gio Leo Ange Vinci Roc Bene"
_CORSE_B = "nova ani etti acci ppini ni relli cci lli occhi anti guerra netti"
_MAGHREB = """Abdallah Achour Aïssaoui Amrani Belkacem Benaïssa Benali Benchekroun
Bendjelloul Benhamou Benkirane Bouazza Boudiaf Bouhafs Boukhris Boulahya Bourguiba Bouzid Chaouch Chérif Djebbar
El Amrani El Fassi El Khattabi El Mansouri Ferhat Ghezali Guendouz Haddad Hadj-Ali Hamdaoui Idrissi Kaddour
Khelifi Lahlou Mahjoubi Mansouri Meziane Mokhtari Naciri Ouali Ould-Kaci Rahmani Saïdi Sebbar Slimani Tahar
Taleb Tazi Yahiaoui Zeghdoud Zenati Zerrouki Zouaoui"""
_MAGHREB_A = "Ben Bou Aït Ould El Abd-el- Sidi-"
_MAGHREB_B = (
    "kacem djema rabah moussa nacer slama maza khalfa hocine ghoul mellal zekri hamza lahcen messaoud chaker ziane"
)
_WEST_AFRICA = """Ba Bah Baldé Barry Camara Cissé Coulibaly Dembélé Diabaté Diakité Diallo
Diarra Diatta Diop Diouf Doumbia Drabo Fall Faye Fofana Gueye Kaboré Kanté Keïta Kouamé Kouassi Kourouma Koné
Mbaye Mendy Ndiaye N'Diaye N'Guessan Nikiéma Ouattara Ouédraogo Sagna Sané Sarr Sawadogo Seck Sidibé Sissoko
Soumaré Sow Sylla Tamba Thiam Togola Touré Traoré Yaméogo Yao Zongo Zoungrana Adjovi Agbodjan Akakpo Hounsou
Kpodar Mensah"""
_ASIA = """Nguyen Tran Le Pham Hoang Phan Vu Dang Bui Do Ho Ngo Duong Ly Huynh
Truong Dinh Lam Chen Wang Li Zhang Liu Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo Lin He Kim Park Choi Jung
Sok Chea Keo Phommachanh Souvannavong Vongsa Ratsimba Seng Heng Chhim Tanaka Watanabe"""
_ASIA_MIDDLE = ("", "", "", "Van ", "Thi ", "Huu ", "Ngoc ")
_PORTUGAL = """Almeida Alves Araújo Barbosa Batista Borges Cardoso Carneiro Carvalho
Coelho Correia Da_Costa Da_Cunha Da_Silva De_Jesus De_Oliveira De_Sousa Dias Domingues Dos_Reis Dos_Santos
Esteves Faria Ferreira Figueiredo Fonseca Freitas Gomes Gonçalves Lopes Machado Magalhães Marques Martins Matos
Mendes Monteiro Moreira Neves Nogueira Nunes Pacheco Pereira Pinto Queiroz Ramos Ribeiro Rocha Rodrigues
Sequeira Simões Tavares Teixeira Vasconcelos Veiga Vieira"""

_MEN_OLD = """André Bernard Claude Daniel Denis Georges Gérard Gilbert Guy Henri
Jacques Jean Joseph Léon Louis Lucien Marcel Maurice Michel Paul Pierre Raymond René Robert Roger Serge Yves
Jean-Pierre Jean-Claude Jean-Marie"""
_MEN = """Alain Antoine Arnaud Aurélien Benoît Bruno Cédric Christophe Cyril
Damien David Didier Emmanuel Éric Fabien Fabrice Franck François Frédéric Gaël Gaëtan Grégory Guillaume Hervé
Hugo Jérémy Jérôme Joël Julien Kévin Laurent Loïc Ludovic Marc Mathieu Maxence Maxime Mickaël Nicolas Olivier
Pascal Patrice Patrick Philippe Quentin Raphaël Rémi Romain Sébastien Simon Stéphane Sylvain Thibault Thierry
Thomas Tristan Valentin Vincent Xavier Yann Jean-François Pierre-Yves Marc-Antoine"""
_WOMEN_OLD = """Andrée Annie Bernadette Colette Denise Élise Éliane Fernande Françoise
Geneviève Germaine Ginette Hélène Huguette Jacqueline Jeanne Jeannine Josette Lucette Madeleine Marcelle
Marguerite Marie Marie-Thérèse Mauricette Monique Nicole Odette Paulette Raymonde Renée Simone Solange Suzanne
Thérèse Yvette Yvonne"""
_WOMEN = """Agathe Agnès Amandine Anaïs Anne Anne-Laure Aurélie Béatrice Brigitte
Camille Caroline Catherine Cécile Céline Chantal Charlène Christelle Christine Claire Clémence Corinne Delphine
Dominique Élodie Émilie Estelle Évelyne Fanny Florence Gwenaëlle Inès Isabelle Joëlle Julie Karine Laëtitia
Laure Léa Line Lucie Magali Manon Marion Martine Maëlle Mélanie Muriel Myriam Nadège Nathalie Noémie Océane
Pascale Patricia Pauline Rachel Sabine Sandrine Sophie Stéphanie Sylvie Valérie Véronique Virginie Marie-Claude
Marie-Hélène Anne-Sophie"""
_FIRST = {
    ("north_africa", True): """Abdelkader Abdelkrim Ahmed Ali Amine Aziz Brahim Djamel Farid Hakim
Hamid Hassan Hocine Ismaël Karim Khaled Lakhdar Larbi Malik Mehdi Mohamed Mokhtar Mourad Mustapha Nabil Nacer
Omar Rachid Redouane Saïd Salah Samir Sofiane Tahar Tarik Yacine Youcef Zinédine""",
    ("north_africa", False): """Aïcha Amel Asma Dalila Djamila Fadila Farida Fatiha Fatima Fatma Habiba
Hafida Hanane Houria Karima Khadija Khedidja Laïla Leïla Lynda Malika Meriem Naïma Nabila Nadia Nawel Nora
Rachida Safia Saïda Samira Sabrina Soraya Warda Yamina Yasmina Zahra Zineb Zohra""",
    ("west_africa", True): """Abdoulaye Adama Alioune Amadou Aboubacar Bakary Boubacar Cheikh Daouda
Demba Drissa Ibrahima Idrissa Issa Kofi Kouadio Lamine Mamadou Modou Moussa Oumar Ousmane Pape Salif Sékou
Seydou Souleymane Tidiane Yaya Koffi""",
    ("west_africa", False): """Adja Aïssata Aminata Assa Astou Awa Bintou Coumba Djénéba Fanta Fatou
Fatoumata Hawa Khady Kadiatou Mariam Mariama Maïmouna Nafissatou Oumou Penda Ramata Rokhaya Safiatou Salimata
Sira Sokhna Yacine Akissi Adjoa""",
    ("east_asia", True): """Anh Binh Chen Dung Duc Hao Hai Hung Huy Jian Khai Khoa Long Minh Nam
Phuc Quang Quoc Son Tam Tao Tuan Vinh Wei Xiang Yong Bounmy Sothy Vannak""",
    ("east_asia", False): """Bich Chau Diep Fang Giang Hanh Hoa Huong Jing Kieu Lan Lien Linh Ling
Mai Mei My Nga Ngoc Nhung Phuong Quyen Thanh Thao Thuy Trang Tuyet Xiu Yen Ying Sophea Bopha""",
    ("portugal", True): """Américo Antonio Armando Carlos Eduardo Fernando Filipe Francisco João
Joaquim Jorge José Luis Manuel Mario Miguel Nuno Paulo Pedro Rui Sergio Tiago Vitor""",
    ("portugal", False): """Adelaide Alda Ana Beatriz Celeste Conceição Cristina Deolinda Fernanda
Filomena Glória Helena Idalina Isaura Joana Lurdes Luisa Margarida Maria Odete Paula Rosa Sandra Susana Teresa""",
}  # fmt: skip

ORIGINS = ("france", "brittany", "basque", "alsace", "corsica", "portugal", "north_africa", "west_africa", "east_asia")
_BY_STRATUM = (
    (0.62, 0.09, 0.05, 0.07, 0.05, 0.12, 0, 0, 0),
    (0.04, 0, 0, 0, 0, 0, 0.96, 0, 0),
    (0.03, 0, 0, 0, 0, 0.02, 0, 0.95, 0),
    (0.03, 0, 0, 0, 0, 0, 0, 0, 0.97),
)


def _list(words: str) -> list[str]:
    return [word.replace("_", " ") for word in words.split()]


def _breton() -> list[str]:
    found: list[str] = []
    for word in _BRETON.split():
        if found and found[-1] in ("Le", "L'", "An"):
            found[-1] = f"{found[-1]} {word}"
        else:
            found.append(word)
    return found


_POOLS = {
    "brittany": _breton(),
    "portugal": _list(_PORTUGAL),
    "west_africa": _list(_WEST_AFRICA),
    "east_asia": _list(_ASIA),
}
_MAGHREB_ALL: list[str] = []
for _word in _MAGHREB.split():
    if _MAGHREB_ALL and _MAGHREB_ALL[-1] == "El":
        _MAGHREB_ALL[-1] = f"El {_word}"
    else:
        _MAGHREB_ALL.append(_word)
_COMPOSED = {
    "basque": (_BASQUE_A.split(), _BASQUE_B.split()),
    "alsace": (_ALSACE_A.split(), _ALSACE_B.split()),
    "corsica": (_CORSE_A.split(), _CORSE_B.split()),
}
_FRENCH = (_ROOTS.split(), _ENDINGS.split())


def origin(rng: np.random.Generator, stratum: int) -> str:
    """Where the patient's names come from, given the ancestry stratum."""
    return ORIGINS[int(np.searchsorted(np.cumsum(_BY_STRATUM[stratum]), rng.random()))]


def _pick(rng: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(rng.random() * len(words))]


def surname(rng: np.random.Generator, where: str) -> str:
    """One surname; about one in fifteen is a double name."""
    name = _single(rng, where)
    if rng.random() < 0.07:
        name = f"{name}-{_single(rng, where if rng.random() < 0.5 else 'france')}"
    return name


def _single(rng: np.random.Generator, where: str) -> str:
    if where in _COMPOSED:
        first, second = _COMPOSED[where]
        return _pick(rng, first) + _pick(rng, second)
    if where == "brittany":
        name = _pick(rng, _POOLS[where])
        return name if " " in name or rng.random() < 0.6 else f"Le {name}"
    if where == "north_africa":
        if rng.random() < 0.6:
            return _pick(rng, _MAGHREB_ALL)
        lead, rest = _pick(rng, _MAGHREB_A.split()), _pick(rng, _MAGHREB_B.split())
        return lead + rest if lead in ("Ben", "Bou", "Abd-el-", "Sidi-") else f"{lead} {rest.capitalize()}"
    if where == "east_asia":
        return _pick(rng, _POOLS[where])
    if where in _POOLS:
        return _pick(rng, _POOLS[where])
    prefix = _pick(rng, _PREFIXES)
    body = _pick(rng, _FRENCH[0]) + _pick(rng, _FRENCH[1])
    if prefix == "d'" and body[0] not in "AEÉIOUH":
        prefix = "de "
    return prefix + (body.lower() if prefix in ("Du", "De", "Des") else body)


def first_names(rng: np.random.Generator, where: str, male: bool, birth_year: int) -> list[str]:
    """One to three first names, of the generation."""
    lists = _FIRST.get((where, male))
    if lists is None:
        old = rng.random() < np.clip((1965 - birth_year) / 30, 0.05, 0.9)
        lists = (_MEN_OLD if old else _MEN) if male else (_WOMEN_OLD if old else _WOMEN)
    words = lists.split()
    count = 1 + int(rng.random() < 0.45) + int(rng.random() < 0.2)
    if where == "east_asia" and rng.random() < 0.4:
        words = [f"{_pick(rng, _ASIA_MIDDLE)}{word}".strip() for word in words]
    chosen: list[str] = []
    for _ in range(count):
        name = _pick(rng, words)
        if name not in chosen:
            chosen.append(name)
    return chosen
