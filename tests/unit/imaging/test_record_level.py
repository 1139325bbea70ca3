"""The cohort's verb: options that cannot be used are told; the pipeline's own run is an integration test."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import BadInput
from anon_pipeline.modalities.imaging import deidentify

from .conftest import KEY, make, save


@pytest.fixture
def cohort(tmp_path):
    save(make(), tmp_path / "training" / "images" / "7" / "a.dcm")
    table = pa.table({"person_id": [7, 8], "path": ["7/a.dcm", "8/gone.dcm"], "sha256": ["", ""]})
    pq.write_table(table, tmp_path / "training" / "images" / "index.parquet")
    return Cohort("c", tmp_path / "training")


def test_both_parts_are_kept_and_what_is_gone_is_counted(tmp_path, cohort):
    (tmp_path / "out").mkdir()
    first = deidentify(cohort, KEY, tmp_path / "out")
    holdout = save(make(SOPInstanceUID="1.2.3.4.5.7"), tmp_path / "holdout" / "images" / "9" / "b.dcm")
    table = pa.table({"person_id": [9], "path": ["9/b.dcm"], "sha256": [""]})
    pq.write_table(table, holdout.parents[1] / "index.parquet")
    second = deidentify(Cohort("c", tmp_path / "holdout"), KEY, tmp_path / "out")
    assert first is not None
    assert second is not None
    assert (first.counts["released"], first.counts["missing"], second.counts["released"]) == (1, 1, 1)
    index = pq.read_table(tmp_path / "out" / "index.parquet").to_pylist()
    assert {row["path"] for row in index} == {
        str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.dcm")
    }
    assert {row["person_id"] for row in index} == {KEY.integer(2**62, "person-id", person) for person in (7, 9)}


@pytest.mark.parametrize(
    "options",
    [
        {"profile": "strict"},
        {"profile": {"keep_all": True}},
        {"quarantine": "held"},
        {"profile": {"free_text": "engine"}},
    ],
)
def test_options_that_cannot_be_used_are_told(tmp_path, cohort, options):
    (tmp_path / "out").mkdir()
    with pytest.raises(BadInput, match="imaging options"):
        deidentify(cohort, KEY, tmp_path / "out", options=options)


def test_a_cohort_without_images_has_none(tmp_path):
    assert deidentify(Cohort("c", tmp_path), KEY, tmp_path / "out") is None
