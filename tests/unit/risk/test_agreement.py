"""Agreement with the anonymeter package on the same people, and, for singling out, on the very same predicates."""

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.risk import inference, intervals, linkability, singling_out
from anon_pipeline.risk.distance import knn, nearest_by_subset
from anon_pipeline.risk.encoding import Codebook
from anon_pipeline.risk.tables import align

confidence = pytest.importorskip("anonymeter.stats.confidence", reason="anonymeter is not installed")


@pytest.fixture(scope="module")
def encoded(people: tuple[pd.DataFrame, pd.DataFrame]):
    real, held = people
    rng = np.random.default_rng(0)
    made = real.sample(len(real), replace=True, random_state=1).reset_index(drop=True)
    for column in ("weight", "crp", "glucose", "creatinine", "days"):
        made[column] = made[column] * (1 + 0.03 * rng.standard_normal(len(made)))
    tables = align(real, made, held)
    return tables, Codebook.of(tables)


@pytest.mark.parametrize(("hits", "trials", "control"), [(0, 100, 0), (37, 500, 12), (250, 500, 260), (99, 100, 3)])
def test_intervals_are_anonymeters(hits: int, trials: int, control: int) -> None:
    theirs = confidence.EvaluationResults(trials, hits, 0, control).risk()
    ours = intervals.excess(hits, trials, control, trials)
    assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, *theirs.ci))


def test_counts_of_the_same_predicates_are_polars(encoded) -> None:
    import polars as pl

    tables, book = encoded
    made, real = book.raw(tables.synthetic), book.raw(tables.real)
    predicates = singling_out.multivariate(made, book.numeric, 200, np.random.default_rng(1))
    frame = pl.DataFrame({str(j): real[:, j] for j in range(real.shape[1])})
    symbols = {singling_out.EQUAL: "eq", singling_out.AT_LEAST: "ge", singling_out.AT_MOST: "le"}
    expected = []
    for columns, operators, values in zip(predicates.columns, predicates.operators, predicates.values, strict=True):
        conjunction = pl.lit(True)
        for column, operator, value in zip(columns, operators, values, strict=True):
            conjunction = conjunction & getattr(pl.col(str(column)), symbols[int(operator)])(float(value))
        expected.append(int(frame.select(conjunction.sum()).item()))
    assert singling_out.count(real, predicates, limit=10_000).tolist() == expected


def test_many_predicates_count_as_no_more_than_two_thousand(encoded) -> None:
    """Predicates share outliers: the value is the mean over all of them, the interval that of 2,000 trials."""
    tables, book = encoded
    made, real, held = (book.raw(f) for f in (tables.synthetic, tables.real, tables.holdout))
    predicates = singling_out.multivariate(made, book.numeric, 2500, np.random.default_rng(1), most_attempts=60_000)
    assert len(predicates) == 2500
    figure = singling_out.attack(predicates, real[: len(held)], held, np.random.default_rng(2))
    assert figure is not None
    hits = [
        (singling_out.count(singling_out.unique_rows(side), predicates) == 1).mean() * 2000
        for side in (real[: len(held)], held)
    ]
    expected = intervals.excess(hits[0], 2000, hits[1], 2000)
    assert figure.attacked == 2500
    assert (figure.value, figure.low, figure.high) == pytest.approx((expected.value, expected.low, expected.high))


def test_linkability_agrees_within_intervals(encoded) -> None:
    from anonymeter.evaluators.linkability_evaluator import LinkabilityEvaluator

    tables, book = encoded
    first, second = tables.columns[:6], tables.columns[6:]
    theirs = (
        LinkabilityEvaluator(tables.real, tables.synthetic, (first, second), n_attacks=400, control=tables.holdout)
        .evaluate(n_jobs=1)
        .risk()
    )
    pair = ([tables.columns.index(c) for c in first], [tables.columns.index(c) for c in second])
    scaled = [book.scaled(book.raw(f)) for f in (tables.real, tables.holdout, tables.synthetic)]
    linked = [linkability.linked(nearest_by_subset(x, scaled[2], list(pair), []), 1) for x in scaled[:2]]
    ours = linkability.figure(linked[0], linked[1])
    assert ours.low <= theirs.ci[1]
    assert theirs.ci[0] <= ours.high
    assert ours.value == pytest.approx(theirs.value, abs=0.1)


@pytest.mark.parametrize("secret", ["sex", "glucose"])
def test_inference_agrees_within_intervals(encoded, secret: str) -> None:
    from anonymeter.evaluators.inference_evaluator import InferenceEvaluator

    tables, book = encoded
    known = [c for c in tables.columns if c != secret]
    theirs = (
        InferenceEvaluator(tables.real, tables.synthetic, known, secret, secret in {"glucose"}, 400, tables.holdout)
        .evaluate(n_jobs=1)
        .risk()
    )
    raw = [book.raw(f) for f in (tables.real, tables.holdout, tables.synthetic)]
    place = tables.columns.index(secret)
    right = [
        inference.right_guesses(
            x, raw[2], nearest_by_subset(book.scaled(x), book.scaled(raw[2]), [], [place]), [place], book.numeric
        )
        for x in raw[:2]
    ]
    ours = inference.figure(right[0][:, 0], right[1][:, 0])
    assert ours.low <= theirs.ci[1]
    assert theirs.ci[0] <= ours.high
    assert ours.value == pytest.approx(theirs.value, abs=0.1)


def test_left_out_columns_equal_a_search_without_them() -> None:
    rng = np.random.default_rng(3)
    queries, candidates = rng.random((40, 6)).astype(np.float32), rng.random((900, 6)).astype(np.float32)
    found = nearest_by_subset(queries, candidates, [[0, 2], [1, 3, 4, 5]], [0, 5])
    for column, kept in enumerate([[0, 2], [1, 3, 4, 5], [1, 2, 3, 4, 5], [0, 1, 2, 3, 4]]):
        brute = np.minimum(np.abs(queries[:, None, kept] - candidates[None][:, :, kept]), 1).sum(axis=2)
        chosen = brute[np.arange(40), found[:, column]]
        assert np.allclose(chosen, brute.min(axis=1), atol=1e-4)


def test_knn_never_returns_the_excluded_one() -> None:
    x = np.random.default_rng(4).random((300, 3)).astype(np.float32)
    distances, index = knn(x, x, 4, exclude=np.arange(300), metric="l2")
    assert not (index == np.arange(300)[:, None]).any()
    brute = np.sqrt(((x[:, None] - x[None]) ** 2).sum(axis=2)) + np.eye(300) * 9
    assert np.allclose(distances, np.sort(brute, axis=1)[:, :4], atol=1e-4)
