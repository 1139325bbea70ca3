# ruff: noqa: E501
"""``anon-pipeline text`` from file to file: offsets, consistency, robustness, canaries that never come out."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from anon_pipeline.cli.main import app
from anon_pipeline.keys import Key
from anon_pipeline.modalities.text import engine, files
from anon_pipeline.modalities.text.known import record
from anon_pipeline.pseudonyms import Pseudonymiser
from anon_pipeline.surrogates.identity import surrogate_person

KEY = Key(bytes(range(32)))
NOTE = """CHU de Nantes — 44000 Nantes
Nantes, le 3 mars 2023
Merci de m'avoir adressé M. Bertrand QUELLENEC, né le 12/05/1948 (IPP 8001234567, NIR 1 48 05 44 109 123 41), demeurant 12 rue des Hortensias, 44300 Nantes.
Hospitalisé du 12 au 15 février 2023. Tél 06 12 34 56 78, bertrand.quellenec@orange.fr. Doliprane 1 g.
Dr Anne LE GOFFIC"""
PATIENT = {"patient_id": "p1", "last_name": "Quellenec", "first_names": ["Bertrand"]}
SECRETS = ("quellenec", "bertrand", "goffic", "8001234567", "06 12 34 56 78", "12/05/1948", "hortensias", "109 123")


def deidentify(documents, **options):
    return list(engine.deidentify_documents(documents, KEY, patients={"p1": record(PATIENT)}, **options))


@pytest.mark.parametrize("mode", ["surrogate", "mask", "markov"])
@pytest.mark.parametrize("change", [str, str.upper, str.lower])
def test_no_identifier_is_left(mode, change):
    made = deidentify([{"id": "a", "text": change(NOTE), "patient_id": "p1"}], mode=mode)[0]
    assert not [s for s in SECRETS if s in made["text"].lower()]
    assert "doliprane" in made["text"].lower()


def test_offsets_are_exact_around_any_unicode():
    text = "\U0001f600 é\u0301 " + NOTE.replace("Bertrand", "Bertrand \U00010400") + " \u202e"
    made = deidentify([{"id": "a", "text": text, "patient_id": "p1"}])[0]
    rebuilt, position = [], 0
    for entity, placed in zip(made["entities"], made["surrogates"], strict=True):
        rebuilt.append(text[position : entity["start"]] + made["text"][placed["start"] : placed["end"]])
        position = entity["end"]
    assert "".join(rebuilt) + text[position:] == made["text"]


@pytest.mark.parametrize("indirect", ["keep", "generalise", "remove"])
def test_what_reads_as_a_name_is_one_however_it_is_written(indirect):
    import unicodedata

    plain = "Mme Hélène DÉSIRÉ-LÉVÊQUE, vue le 3 février 2024 à Besançon. Élève à l'école Jules-Ferry. Très fatiguée."
    apart = unicodedata.normalize("NFD", plain)
    hidden = "\u200b".join(plain) + "\ufeff"
    for text in (apart, hidden):
        made = deidentify([{"id": "a", "text": text}], indirect=indirect)[0]
        read = unicodedata.normalize("NFC", made["text"]).replace("\u200b", "").lower()
        assert not [w for w in ("hélène", "désiré", "lévêque", "3 février", "besançon") if w in read]
        assert "très fatiguée" in read
        replaced = [e for e in made["entities"] if indirect != "keep" or not e["label"].startswith("INDIRECT")]
        rebuilt, position = [], 0
        for entity, placed in zip(replaced, made["surrogates"], strict=True):
            rebuilt.append(text[position : entity["start"]] + made["text"][placed["start"] : placed["end"]])
            position = entity["end"]
        assert "".join(rebuilt) + text[position:] == made["text"]


def test_the_patient_is_one_person_everywhere():
    person = surrogate_person(KEY, "p1", None, avoid=("Quellenec", "Bertrand"))
    notes = [
        {"id": str(i), "text": f"M. {n} revu.", "patient_id": "p1"}
        for i, n in enumerate(["Quellenec", "QUELLENEC", "Quelenec"])
    ]
    for made in deidentify(notes):
        assert person.last_name.lower() in made["text"].lower()


def test_dates_shift_as_everywhere_else():
    made = deidentify([{"id": "a", "text": "Vu le 12/03/2020 puis le 22/03/2020.", "patient_id": "p1"}])[0]
    import datetime as dt

    days = [dt.datetime.strptime(d, "%d/%m/%Y").date() for d in re.findall(r"\d\d/\d\d/\d{4}", made["text"])]  # noqa: DTZ007
    assert (days[1] - days[0]).days == 10
    assert (days[0] - dt.date(2020, 3, 12)).days == Pseudonymiser(KEY).date_shift("p1")


def test_text_cleaner_for_other_modalities():
    clean = engine.text_cleaner(KEY)
    assert "KERMORVANT" not in clean("Patient: M. KERMORVANT Yves", "p9")
    assert clean("Patient: M. KERMORVANT Yves", "p9") == clean("Patient: M. KERMORVANT Yves", "p9")


def test_indirect_actions():
    text = "Il travaille comme ostréiculteur chez la société Belon depuis 10 ans."
    kept = deidentify([{"id": "a", "text": text}], indirect="keep")[0]
    general = deidentify([{"id": "a", "text": text}])[0]
    assert "ostréiculteur" in kept["text"]
    assert "ostréiculteur" not in general["text"]
    assert any(e["label"] == "INDIRECT_PROFESSION" for e in general["entities"])


def test_hostile_documents_are_processed_or_quarantined(tmp_path):
    source, out, key = tmp_path / "in.jsonl", tmp_path / "out.jsonl", tmp_path / "key"
    key.write_text("0123456789abcdef" * 4)
    key.chmod(0o600)
    rows = [
        json.dumps({"id": "empty", "text": ""}), json.dumps({"id": "lone", "text": "M. \ud800Quellenec\x00 le 12/03/2020"}),
        json.dumps({"id": "binary", "text": "\x00\x01\x02" * 50}), "not json", json.dumps([1]), json.dumps({"id": "x"}),
        json.dumps({"id": "date", "text": "a", "date": "hier"}), json.dumps({"id": "good", "text": NOTE, "patient_id": "p1"}),
    ]  # fmt: skip
    source.write_bytes("\n".join(rows).encode() + b"\n\xff\xfe\n")
    arguments = [
        "text",
        str(source),
        str(out),
        "--key-file",
        str(key),
        "--report",
        str(tmp_path / "r.json"),
        "--canaries",
        "40",
    ]
    made = CliRunner().invoke(app, arguments)
    assert made.exit_code == 0, made.output
    results = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    refused = [json.loads(line) for line in (tmp_path / "out.jsonl.quarantine.jsonl").read_text().splitlines()]
    assert [r["id"] for r in results] == ["empty", "lone", "good"]
    assert [r["line"] for r in refused] == [3, 4, 5, 6, 7, 9]
    report = (tmp_path / "r.json").read_text()
    everything = (report + made.output + out.read_text(encoding="utf-8")).lower()
    assert not [s for s in SECRETS if s in everything]
    canaries = json.loads(report)["residual_risk"]["canaries"]
    assert canaries["attempts"] > 30
    assert canaries["high"] < 0.5


def test_a_broken_limit_writes_nothing(tmp_path):
    source, out, key = tmp_path / "in.jsonl", tmp_path / "out.jsonl", tmp_path / "key"
    key.write_text("0123456789abcdef" * 4)
    key.chmod(0o600)
    source.write_text(json.dumps({"id": "a", "text": NOTE}) + "\n")
    from anon_pipeline.errors import VerdictBroken
    from anon_pipeline.modalities.text.run import Request, run

    with pytest.raises(VerdictBroken):
        run(Request(source, out, KEY, canaries=20, limit=0.0))
    assert not list(tmp_path.glob("*out*"))
    report = run(Request(source, out, KEY, canaries=20, limit=0.0, force=True))
    assert report["verdict"]["forced"]
    assert out.exists()


def test_limits_of_a_file_are_a_verdict(tmp_path):
    source, out, key = tmp_path / "in.jsonl", tmp_path / "out.jsonl", tmp_path / "key"
    key.write_text("0123456789abcdef" * 4)
    key.chmod(0o600)
    source.write_text("".join(json.dumps({"id": str(i), "text": NOTE, "patient_id": "p1"}) + "\n" for i in range(3)))
    limits = tmp_path / "limits.yaml"
    strict = "limits: [{check: deidentified/text/second_detector/*, maximum: 0.1, reason: few notes, source: a test}]\n"
    limits.write_text(strict)
    report = tmp_path / "r.json"
    arguments = ["text", str(source), str(out), "--key-file", str(key), "--canaries", "8", "--report", str(report)]
    made = CliRunner().invoke(app, [*arguments, "--limits", str(limits)])
    assert made.exit_code == 3, made.output
    assert not out.exists()
    assert not report.exists()
    policy = tmp_path / "policy.yaml"
    policy.write_text("schema: anon-pipeline/policy/1\n" + strict.replace("0.1", "0.9"))
    assert CliRunner().invoke(app, [*arguments, "--policy", str(policy)]).exit_code == 0
    verdict = json.loads(report.read_text())["verdict"]
    assert verdict["broken"] == []
    assert [c["passed"] for c in verdict["checks"] if c["name"] == "text/second_detector"] == [True]


def test_long_documents_are_cut_and_still_found():
    text = (
        ("Examen sans particularité, suites simples, pas de fièvre. " * 400)
        + "Vu par le Dr Anne KERMORVANT le 12/03/2020. "
        + ("Ras. " * 5000)
    )
    made = deidentify([{"id": "a", "text": text}])[0]
    assert "KERMORVANT" not in made["text"]
    assert "12/03/2020" not in made["text"]


def test_english_goes_the_same_way():
    text = "Patient: John Carpenter, MRN: 00123456. The patient was seen on March 3, 2021 by Dr. Susan Whitley at Riverside General Hospital."
    made = deidentify([{"id": "a", "text": text}])[0]
    assert not [s for s in ("Carpenter", "Whitley", "00123456", "March 3, 2021", "Riverside") if s in made["text"]]


@pytest.mark.parametrize("change", [str, str.upper, str.lower])
@pytest.mark.parametrize(
    "written",
    [
        "jean. quellenec @chu -nantes .fr",
        "jquellenec©orange,fr",
        "O6 12 34 S6 78",
        "né le l2/O5/1948",
        "3 févricr 2O19",
    ],
)
def test_what_a_scanner_broke_is_found(written, change):
    made = deidentify([{"id": "a", "text": change(f"Contact : {written} ; examen normal.")}], mode="mask")[0]
    left = re.sub(r"\[[A-Z_]+\]", "", made["text"]).lower()
    assert not [word for word in re.findall(r"\w{3,}", left) if word not in ("contact", "examen", "normal")]


@pytest.mark.parametrize("written", ["2020", "mars", "12/03", "mars 2020", "12/03/2020"])
def test_a_shifted_date_keeps_its_form_and_is_never_the_same(written):
    for patient in range(60):
        made = deidentify(
            [{"id": "a", "text": f"Vu en {written}.", "patient_id": f"q{patient}", "date": "2020-06-01"}]
        )[0]
        new = made["text"][6:]
        assert new != f"{written}."
        assert "[" not in new


@pytest.mark.parametrize(
    ("written", "kept", "gone"),
    [
        ("Né le vingt-trois mars 1950.", "né le", "vingt trois mars 1950"),
        ("Née le premier janvier mille neuf cent quarante-huit.", "née le", "premier janvier mille cent quarante huit"),
        ("Relève à 19h : Kévin/Assia.", "relève", "kévin assia"),
        ("Tél. 06.12.34.56.78 ou 06-11-22-33-44", "tél", "06.12 56.78 06-11 33-44"),
        ("Prélèvement au nom de Kervella-Roussot Marie.", "prélèvement", "kervella roussot marie"),
        ("Signé 2024-02-03T08:15:00Z, créé 20240203T0815.", "signé", "2024-02-03 20240203"),
        ("NIR 1 85 03 2A 004 123 45, conjoint 278112B03345678.", "conjoint", "2a 004 2b033 278112"),
    ],
)
def test_odd_forms_are_found(written, kept, gone):
    made = deidentify([{"id": "a", "text": written}])[0]
    assert kept in made["text"].lower()
    assert not [word for word in gone.split() if re.search(rf"\b{re.escape(word)}\b", made["text"].lower())]


def test_a_telephone_number_stays_one():
    made = deidentify([{"id": "a", "text": "Tél 06.12.34.56.78, domicile 02-99-12-34-56"}])[0]
    assert [e["label"] for e in made["entities"]] == ["PHONE", "PHONE"]
    assert len(re.findall(r"\d\d(?:[.-]\d\d){4}", made["text"])) == 2


def test_what_diseases_and_drugs_bear_is_no_name():
    text = "Syndrome de Kermorvant-Ossart, signe de Quellenec négatif, Zybarine 5 mg et Talvorex 20 mg le matin."
    assert deidentify([{"id": "a", "text": text}])[0]["entities"] == []


def test_same_input_same_output():
    documents = [{"id": str(i), "text": NOTE, "patient_id": "p1"} for i in range(3)]
    assert [files.dump(r) for r in deidentify(documents)] == [files.dump(r) for r in deidentify(documents)]


def test_transformer_plugs_in(tmp_path):
    transformers = pytest.importorskip("transformers", reason="the optional package 'transformers' is not installed")
    import torch

    torch.manual_seed(0)
    words = sorted(set(re.findall(r"\w+|[^\w\s]", NOTE)))
    (tmp_path / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]), encoding="utf-8"
    )
    tokenizer = transformers.BertTokenizerFast(vocab_file=str(tmp_path / "vocab.txt"), do_lower_case=False)
    config = transformers.BertConfig(
        vocab_size=len(words) + 5, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        num_labels=2, id2label={0: "O", 1: "B-NOM"}, label2id={"O": 0, "B-NOM": 1},
    )  # fmt: skip
    model = transformers.BertForTokenClassification(config)
    with torch.no_grad():
        model.classifier.bias[:] = torch.tensor([-20.0, 20.0])
    model.save_pretrained(tmp_path / "m")
    tokenizer.save_pretrained(tmp_path / "m")
    made = deidentify([{"id": "a", "text": "Examen normal"}], transformer=str(tmp_path / "m"))[0]
    assert {e["source"] for e in made["entities"]} == {"transformer"}
