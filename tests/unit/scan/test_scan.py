"""The scan finds every direct identifier, accuses few others, tells no value and proposes a policy that loads."""

import json
import os
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from anon_pipeline.errors import BadInput
from anon_pipeline.policy import load_policy
from anon_pipeline.scan import checksums
from anon_pipeline.scan.names import normalised
from anon_pipeline.scan.propose import propose
from anon_pipeline.scan.report import scan

SHARED = Path(os.environ.get("ANON_PIPELINE_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
CANARY = "Zyxwvutane"
DIRECT = {"nom", "prenom", "champ1", "champ2", "champ3", "adresse", "ipp", "courriel", "champ4"}


def nir(rng: np.random.Generator) -> str:
    body = f"{rng.integers(1, 3)}{rng.integers(30, 99)}{rng.integers(1, 13):02d}75{rng.integers(1, 999999):06d}"
    return f"{body}{97 - int(body) % 97:02d}"


def hospital(size: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    first = ["Marie", "Jean", "Sophie", "Luc", "Camille", "Pierre", "Hélène", "Chloé"]
    last = [CANARY, "Vasseur", "Morel", "Lemoine", "Brunet"]
    return pd.DataFrame(
        {
            "nom": rng.choice(last, size),
            "prenom": rng.choice(first, size),
            "champ1": [nir(rng) for _ in range(size)],
            "champ2": [f"06{rng.integers(10**7, 10**8)}" for _ in range(size)],
            "champ3": [f"{rng.choice(first)} {rng.choice(last)}" for _ in range(size)],
            "champ4": [f"HX{i:07d}" for i in rng.permutation(10**5)[:size]],
            "adresse": [f"{rng.integers(1, 99)} rue des Lilas" for _ in range(size)],
            "courriel": [f"a{i}@example.org" for i in range(size)],
            "ipp": 12_345_678 + 83 * rng.permutation(10**5)[:size],
            "date_naissance": pd.to_datetime("1950-01-01") + pd.to_timedelta(rng.integers(0, 20000, size), unit="D"),
            "sexe": rng.choice(["F", "M"], size),
            "code_postal": rng.choice(["75011", "69003", "13001", "06200"], size),
            "poids": rng.normal(70, 12, size).round(1),
            "creatinine": rng.normal(80, 20, size).round(2),
            "service": rng.choice(["cardiologie", "neurologie"], size),
            "diagnostic": rng.choice(["I10", "E11", "C50"], size),
            "mesure": rng.random(size),
            "commentaire": [
                f"Le patient {rng.choice(first)} va mieux et rentre au domicile ce jour, suivi {i}" for i in range(size)
            ],
        }
    )


@pytest.fixture(params=["csv", "parquet", "duckdb", "folder"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    frame = hospital()
    if request.param == "csv":
        frame.to_csv(tmp_path / "t.csv", sep=";", index=False)
        return str(tmp_path / "t.csv")
    if request.param == "parquet":
        frame.to_parquet(tmp_path / "t.parquet")
        return str(tmp_path / "t.parquet")
    if request.param == "folder":
        frame.to_csv(tmp_path / "t.csv", index=False)
        (tmp_path / "image.dcm").write_bytes(b"\0" * 200)
        return str(tmp_path)
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT * FROM frame")
    return str(tmp_path / "t.duckdb")


def test_roles_of_a_hospital_table_and_the_policy_that_follows(source: str, tmp_path: Path) -> None:
    report = scan(source)
    roles = {c["column"]: c["role"] for c in report["tables"][0]["columns"]}
    assert {c for c, role in roles.items() if role == "direct_identifier"} == DIRECT
    assert {c for c, role in roles.items() if role == "free_text"} == {"commentaire"}
    assert {"date_naissance", "sexe", "code_postal"} <= {c for c, role in roles.items() if role == "quasi_identifier"}
    assert roles["creatinine"] == roles["diagnostic"] == "sensitive"
    path = tmp_path / "policy.yaml"
    path.write_text(propose(report))
    assert load_policy(path).limits


def test_an_empty_column_accuses_nobody_and_its_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "provider.csv").write_text("provider_id,provider_name,npi,specialty\n" + "1,,,\n" * 30)
    (tmp_path / "location.csv").write_text("location_id,address_1,zip\n")
    report = scan(str(tmp_path))
    found = {c["column"]: c for table in report["tables"] for c in table["columns"]}
    assert report["roles"]["direct_identifier"] == 0
    for name in ("provider_name", "npi", "address_1"):
        assert found[name]["evidence"] == ["empty", "by its name a direct identifier once filled"]
    assert "npi: technical, replaced or left out, empty, by its name a direct identifier" in propose(report)


def test_the_report_and_the_policy_hold_no_value(tmp_path: Path) -> None:
    hospital().to_csv(tmp_path / "t.csv", index=False)
    report = scan(str(tmp_path / "t.csv"))
    for text in (json.dumps(report, ensure_ascii=False), propose(report)):
        for value in (CANARY, "rue des Lilas", "example.org", "Sophie", "75011"):
            assert value not in text


def test_pattern_hits_and_kmap_are_counted(tmp_path: Path) -> None:
    hospital().to_parquet(tmp_path / "t.parquet")
    table = scan(str(tmp_path / "t.parquet"))["tables"][0]
    columns = {c["column"]: c for c in table["columns"]}
    assert columns["champ1"]["pattern_hits"]["nir"] == 400
    assert columns["courriel"]["pattern_hits"]["e_mail"] == 400
    assert columns["champ3"]["name_like"] == 400
    pair = next(k for k in table["kmap"] if sorted(k["columns"]) == ["code_postal", "date_naissance"])
    cells = hospital().groupby(["code_postal", "date_naissance"]).size()
    assert (pair["cells"], pair["smallest"]) == (len(cells), cells.min())


def test_missing_and_empty_sources_are_told(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    for source in ("absent.csv", "empty.csv", "."):
        with pytest.raises(BadInput):
            scan(str(tmp_path / source))


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (checksums.nir, "255081416802538", "255081416802539"),
        (checksums.iban, "FR14 2004 1010 0505 0001 3M02 606", "FR15 2004 1010 0505 0001 3M02 606"),
        (checksums.luhn, "4539578763621486", "4539578763621487"),
        (checksums.nhs, "943 476 5919", "943 476 5918"),
    ],
)
def test_check_digits(check, good: str, bad: str) -> None:
    assert check(good)
    assert not check(bad)


def test_names_are_normalised() -> None:
    assert normalised("date(birth_datetime,'unixepoch')") == "birth_datetime"
    assert normalised("DateDeNaissance") == "date_de_naissance"
    assert normalised("Prénom") == "prenom"


EXPECTED = {
    "adult/train.parquet": set(),
    "aids/aids_original_data.csv": {"pidnum"},
    "aids/splits/avatar_0.csv": set(),
    "somatic/tcga_laml_annot.tsv": {"Tumor_Sample_Barcode"},
    "somatic/tcga_laml.maf.gz": {"Tumor_Sample_Barcode"},
    "dicom_tables/base_actions_2026c.csv": set(),
    "omop_spec/Field_Level.csv": set(),
    "omop_gibleed/person.csv.gz": {"PERSON_SOURCE_VALUE"},
    "omop_gibleed/visit_occurrence.csv.gz": {"VISIT_SOURCE_VALUE"},
    "omop_gibleed/concept.csv.gz": set(),
    "omop_gibleed/condition_occurrence.csv.gz": set(),
}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_public_tables(name: str) -> None:
    if not (SHARED / name).exists():
        pytest.skip(f"{SHARED / name} is absent")
    columns = scan(str(SHARED / name))["tables"][0]["columns"]
    assert {c["column"] for c in columns if c["role"] == "direct_identifier"} == EXPECTED[name]
