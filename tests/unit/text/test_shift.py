# ruff: noqa: E501
"""Dates move in the form in which they were written; intervals stay exact."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_pipeline.modalities.text.shift import read, shift_written

ANCHOR = dt.date(2021, 6, 1)


@pytest.mark.parametrize(
    ("written", "moved"),
    [
        ("12/03/2020", "02/03/2020"), ("12/3/20", "02/3/20"), ("2020-03-12", "2020-03-02"), ("12 mars 2020", "2 mars 2020"),
        ("1er avril 2020", "22 mars 2020"), ("11 mars 2020", "1 mars 2020"), ("12 MARS 2020", "2 MARS 2020"), ("jeudi 12 mars 2020", "lundi 2 mars 2020"),
        ("March 12, 2020", "March 2, 2020"), ("12032020", "02032020"), ("2020", "2020"), ("12.03.20", "02.03.20"),
    ],
)  # fmt: skip
def test_forms(written, moved):
    assert shift_written(written, -10, ANCHOR) == moved


def test_incomplete_dates_take_the_nearest_year_or_the_middle():
    assert shift_written("3/2", -40, ANCHOR) == "25/12"
    assert shift_written("mars 2020", -365, ANCHOR) == "mars 2019"
    assert shift_written("2015", -730, ANCHOR) == "2013"


def test_a_year_of_birth_in_two_digits_keeps_its_century():
    assert read("09-09-41")[1:] == (1941, 9, 9)
    assert read(shift_written("09-09-41", -596, ANCHOR))[1:] == (1940, 1, 22)


def test_unreadable_is_told():
    assert shift_written("naguère", -10, ANCHOR) is None
    assert shift_written("45/13/2020", -10, ANCHOR) is None


@given(
    st.dates(dt.date(1930, 1, 1), dt.date(2039, 12, 31)),
    st.dates(dt.date(1930, 1, 1), dt.date(2039, 12, 31)),
    st.integers(-3653, -30),
)
def test_intervals_are_exact(a, b, days):
    def moved(day):
        text = shift_written(day.strftime("%d/%m/%Y"), days, ANCHOR)
        found = read(text)
        return dt.date(*found[1:])

    assert moved(a) - moved(b) == a - b
