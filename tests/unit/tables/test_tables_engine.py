"""The table engine: what comes out has the form of what went in, and nothing of any one person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.avatars import tables
from anon_pipeline.avatars.tablefile import open_table
from anon_pipeline.avatars.tables import learn_table, synthesize_table
from anon_pipeline.avatars.tablewriter import TableWriter
from anon_pipeline.errors import BadInput


def patients(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """A table with every kind of column and a known dependence of stage on dose and of event on arm."""
    rng = np.random.default_rng(seed)
    dose = np.where(rng.random(rows) < 0.4, 0, rng.gamma(2, 200, rows).round()).astype(int)
    arm = rng.integers(0, 2, rows)
    event = (rng.random(rows) < 0.2 + 0.3 * arm).astype(int)
    weight = np.round(70 + 12 * rng.standard_normal(rows), 1)
    marker = np.round(weight * 0.5 + 4 * rng.standard_normal(rows), 2)
    marker[dose == 0] = np.nan
    return pd.DataFrame(
        {
            "patient_id": np.arange(rows) + 5000,
            "nom": [f"NOM{i}" for i in range(rows)],
            "sex": np.where(rng.random(rows) < 0.5, "F", "M"),
            "born": (pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(0, 15000, rows), unit="D")),
            "dose": dose,
            "stage": np.where(dose == 0, "none", np.where(dose < 300, "low", "high")),
            "weight": weight,
            "marker": marker,
            "smoker": rng.random(rows) < 0.3,
            "arm": arm,
            "event": event,
            "days": np.maximum(1, (rng.exponential(500, rows) * (1.5 - event)).astype(int)),
            "country": "FR",
            "never": np.nan,
        }
    )


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    return patients()


@pytest.fixture(scope="module")
def made(real: pd.DataFrame):
    return synthesize_table(real, seed=3)


def test_same_columns_and_dtypes_without_direct_identifiers(real, made) -> None:
    kept = [name for name in real.columns if name not in ("patient_id", "nom")]
    assert list(made.frame.columns) == kept
    assert [drop["column"] for drop in made.account["dropped"]] == ["patient_id", "nom"]
    for name in kept:
        assert made.frame[name].dtype == real[name].dtype, name
    assert len(made.frame) == len(real)


def test_constant_and_empty_columns_stay(real, made) -> None:
    assert (made.frame["country"] == "FR").all()
    assert made.frame["never"].isna().all()


def test_dependencies_between_columns_hold(made) -> None:
    frame = made.frame
    assert ((frame["stage"] == "none") == (frame["dose"] == 0)).all()
    assert (frame.loc[frame["stage"] == "low", "dose"] < 330).all()
    assert (frame["marker"].isna() == (frame["dose"] == 0)).mean() > 0.99


def test_marginals_and_correlations_are_near(real, made) -> None:
    for name in ("weight", "marker", "dose"):
        spread = real[name].std()
        assert abs(made.frame[name].mean() - real[name].mean()) < 0.15 * spread
        assert 0.85 < made.frame[name].std() / spread < 1.1
    inside = real["dose"] > 0
    near = made.frame["dose"] > 0
    wanted = real[inside]["weight"].corr(real[inside]["marker"])
    assert abs(made.frame[near]["weight"].corr(made.frame[near]["marker"]) - wanted) < 0.08
    effect = real.groupby("arm")["event"].mean().diff().iloc[-1]
    assert abs(made.frame.groupby("arm")["event"].mean().diff().iloc[-1] - effect) < 0.1


def test_precision_is_kept_and_tails_are_cut(real, made) -> None:
    weight = made.frame["weight"].to_numpy()
    assert np.allclose(weight, np.round(weight, 1))
    ordered = np.sort(real["weight"].to_numpy())
    assert weight.max() <= ordered[-10] + 1e-9
    assert weight.min() >= ordered[9] - 1e-9


def test_no_row_is_copied(real, made) -> None:
    columns = ["born", "dose", "weight", "marker", "days"]
    known = set(map(tuple, real[columns].astype(str).to_numpy()))
    assert not known & set(map(tuple, made.frame[columns].astype(str).to_numpy()))


def test_a_category_that_few_share_does_not_leave(real) -> None:
    frame = real.copy()
    frame["ward"] = "A"
    frame.loc[frame.index % 2 == 0, "ward"] = "B"
    frame.loc[[3, 7, 11], "ward"] = "CANARY-WARD"
    result = synthesize_table(frame, seed=1)
    assert set(result.frame["ward"]) == {"A", "B"}
    assert result.account["merged_rare"] == {"ward": 3}
    assert "CANARY" not in str(result.account)


def test_rare_codes_go_up_their_prefix() -> None:
    rng = np.random.default_rng(0)
    codes = np.where(rng.random(800) < 0.8, "I10", [f"E11.{i % 9}{i % 7}" for i in range(800)])
    result = synthesize_table(pd.DataFrame({"code": codes, "x": rng.standard_normal(800)}))
    made = result.frame["code"]
    assert made.value_counts().min() >= 5
    assert made[made != "I10"].str.startswith("E11").all()
    assert made.str.len().max() <= 5
    assert (result.frame["code"] != "I10").mean() == pytest.approx(0.2, abs=0.05)


def test_same_seed_same_avatars(real, made) -> None:
    again = synthesize_table(real, seed=3)
    pd.testing.assert_frame_equal(made.frame, again.frame)
    assert not made.frame.equals(synthesize_table(real, seed=4).frame)


def test_size_and_row_order(real) -> None:
    result = synthesize_table(real, size=1500, seed=0)
    assert len(result.frame) == 1500
    assert abs(np.corrcoef(np.arange(600), result.frame["weight"].iloc[:600])[0, 1]) < 0.15


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"k": 5}, "at least 20"),
        ({"k": 400}, "needs at least 800"),
        ({"size": 0}, "n must be"),
        ({"epsilon": -1.0}, "epsilon"),
    ],
)
def test_arguments_that_cannot_be_used(real, arguments, words) -> None:
    with pytest.raises(BadInput, match=words):
        synthesize_table(real, **arguments)


def test_a_table_of_identifiers_only() -> None:
    frame = pd.DataFrame({"patient_id": range(100), "email": [f"a{i}@b.fr" for i in range(100)]})
    with pytest.raises(BadInput, match="no column may leave"):
        synthesize_table(frame)


def test_schema_decides(real) -> None:
    schema = {"columns": {"weight": {"type": "identifier"}, "dose": {"type": "integer", "min": 0, "max": 500}}}
    result = synthesize_table(real, schema=schema)
    assert "weight" not in result.frame
    assert result.frame["dose"].max() <= 500
    with pytest.raises(BadInput, match="does not have: nowhere"):
        synthesize_table(real, schema={"columns": {"nowhere": {}}})
    with pytest.raises(BadInput, match="unknown type"):
        synthesize_table(real, schema={"columns": {"dose": {"type": "thing"}}})


def test_missingness_patterns(real) -> None:
    frame = real.copy()
    gone = np.random.default_rng(2).random(len(frame)) < 0.25
    frame.loc[gone, ["weight", "born"]] = None
    result = synthesize_table(frame, seed=1).frame
    assert (result["weight"].isna() == result["born"].isna()).mean() > 0.98
    assert result["weight"].isna().mean() == pytest.approx(gone.mean(), abs=0.03)


def test_nullable_and_zoned_types() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "n": pd.array(rng.integers(0, 300, 200), dtype="Int64"),
            "b": pd.array(rng.random(200) < 0.5, dtype="boolean"),
            "c": pd.Categorical(np.where(rng.random(200) < 0.5, "x", "y")),
            "z": pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 10**7, 200), unit="s"),
            "f": rng.standard_normal(200).astype("float32"),
            "text_date": [f"2020-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(200)],
        }
    )
    frame.loc[:40, "n"] = pd.NA
    result = synthesize_table(frame).frame
    assert [str(d) for d in result.dtypes] == [str(d) for d in frame.dtypes]
    assert result["text_date"].str.match(r"^2020-\d\d-\d\d$").all()
    assert 20 < result["n"].isna().sum() < 60


def test_nearly_empty_and_nearly_constant_columns() -> None:
    rng = np.random.default_rng(0)
    real = patients(200)[["dose"]].assign(
        once=np.where(rng.random(200) < 0.7, 1.0, np.nan),
        day=pd.Series(pd.Timestamp("2020-01-01"), index=range(200)).where(rng.random(200) < 0.5),
        few=np.where(np.arange(200) < 9, rng.normal(size=200), np.nan),
    )
    made = synthesize_table(real, seed=0)
    assert made.account["too_few_values"] == ["few"]
    assert made.frame["few"].isna().all()
    for name in ("once", "day"):
        assert abs(made.frame[name].isna().mean() - real[name].isna().mean()) < 0.1
        assert made.frame[name].dropna().nunique() == 1
        assert made.frame[name].dtype == real[name].dtype


def test_nested_values_are_told() -> None:
    real = patients(200)[["dose"]].assign(codes=[[1, 2]] * 200)
    with pytest.raises(BadInput, match="column codes: nested"):
        synthesize_table(real)
    made = synthesize_table(real, schema={"columns": {"codes": {"type": "text"}}})
    assert list(made.frame) == ["dose"]


def test_parts_are_written_as_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read a column at a time, drawn and written in parts: the same types, as many rows, one header."""
    monkeypatch.setattr(tables, "CHUNK", 100)
    frame = patients(250).drop(columns=["nom", "patient_id"])
    for name in ("in.csv", "in.parquet"):
        source = tmp_path / name
        frame.to_csv(source, index=False) if name.endswith("csv") else frame.to_parquet(source)
        table, dialect = open_table(source)
        assert (list(table.columns), len(table)) == (list(frame.columns), 250)
        parts = list(learn_table(table, seed=4).frames)
        assert [len(part) for part in parts] == [100, 100, 50]
        whole = synthesize_table(table.frame(), seed=4).frame
        for target in (tmp_path / f"out-{name}", tmp_path / f"out-{name}.parquet"):
            with TableWriter(target, dialect) as out:
                for part in parts:
                    out.write(part)
            made = open_table(target)[0].frame()
            assert made.notna().equals(whole.notna())
            assert made["weight"].equals(whole["weight"])
    assert not list(tmp_path.glob(".*partial"))
    with pytest.raises(TypeError), TableWriter(tmp_path / "broken.csv", dialect) as out:
        [out.write(part) for part in (parts[0], None)]  # type: ignore[arg-type]
    assert not (tmp_path / "broken.csv").exists()
    assert not list(tmp_path.glob(".*partial"))
