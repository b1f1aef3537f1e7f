"""Dates become days since the patient's first study."""

import pytest

from components.dataset_readers.study_dates import StudyDates


def test_days_count_from_the_earliest_study_whatever_the_order():
    dates = StudyDates([("a", "20200301"), ("a", "20200228"), ("b", "20210101")])
    assert dates.days("a", "20200301") == "2"  # 2020 is a leap year
    assert dates.days("a", "20200228") == "0"
    assert dates.days("b", "20210102") == "1"


@pytest.mark.parametrize("text", ["", "2020", "20201301", "someday!"])
def test_what_is_no_date_has_no_interval(text):
    assert StudyDates([("a", "20200301"), ("a", text)]).days("a", text) == ""
