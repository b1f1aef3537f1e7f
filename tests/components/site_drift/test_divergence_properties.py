"""What holds for the divergence of any two histograms."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.site_drift.divergence import Bucket, jensen_shannon_divergence

EDGES = st.integers(0, 20)
BUCKETS = st.builds(
    lambda one, other, count: Bucket(min(one, other), max(one, other), count),
    EDGES,
    EDGES,
    st.integers(1, 50),
)
HISTOGRAMS = st.lists(BUCKETS, min_size=1, max_size=6)
repeatable = settings(deadline=None, database=None, derandomize=True)


@repeatable
@given(HISTOGRAMS, HISTOGRAMS)
def test_it_lies_between_0_and_1_and_the_order_does_not_matter(first, second):
    divergence = jensen_shannon_divergence(first, second)
    assert 0 <= divergence <= 1
    assert divergence == pytest.approx(jensen_shannon_divergence(second, first), abs=1e-12)


@repeatable
@given(HISTOGRAMS, st.integers(2, 9))
def test_a_histogram_is_at_0_from_itself_however_many_there_are_of_each_value(first, times):
    more = [Bucket(bucket.low, bucket.high, times * bucket.count) for bucket in first]
    assert jensen_shannon_divergence(first, more) == pytest.approx(0, abs=1e-12)


@repeatable
@given(HISTOGRAMS, HISTOGRAMS)
def test_a_bucket_cut_in_halves_changes_nothing(first, second):
    halves = [
        half
        for bucket in first
        for half in (
            Bucket(bucket.low, (bucket.low + bucket.high) / 2, bucket.count / 2),
            Bucket((bucket.low + bucket.high) / 2, bucket.high, bucket.count / 2),
        )
    ]
    expected = jensen_shannon_divergence(first, second)
    assert jensen_shannon_divergence(halves, second) == pytest.approx(expected, abs=1e-12)


@repeatable
@given(HISTOGRAMS, HISTOGRAMS)
def test_histograms_that_do_not_meet_are_at_1(first, second):
    beyond = [Bucket(bucket.low + 100, bucket.high + 100, bucket.count) for bucket in second]
    assert jensen_shannon_divergence(first, beyond) == pytest.approx(1)
