"""A shift of a known size, planted into predictions on disk."""

from pathlib import Path

import pytest

from benchmarks.planted_shift import plant
from tests.components.site_evaluator.prediction_files import (
    binormal_cases,
    make_card,
    write_predictions,
)

SITES = ("north", "south", "east")
CASES = 600
BOUND = 0.15


@pytest.fixture(scope="module")
def predictions(tmp_path_factory) -> Path:
    """A model as good at the held-out site `east` as elsewhere: an AUC of about 0.92."""
    cases = binormal_cases(SITES, CASES, prevalence=0.3, separation=2.0, separation_at_east=2.0)
    directory = tmp_path_factory.mktemp("planted") / "predictions"
    return Path(write_predictions(directory, cases, make_card()))


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_what_is_above_one_half_shrinks_by_the_share_whose_labels_are_dealt_anew(
    predictions, share
):
    before = plant(predictions, "east", 0.0, "auc:edema", BOUND, seed=0)
    after = plant(predictions, "east", share, "auc:edema", BOUND, seed=1)
    assert after.auc == pytest.approx(0.5 + (1 - share) * (before.auc - 0.5), abs=0.05)
    assert after.gap - before.gap == pytest.approx(before.auc - after.auc)


@pytest.mark.parametrize(("share", "passes"), [(0.0, True), (0.2, True), (0.6, False)])
def test_the_gate_refuses_exactly_when_the_shift_is_larger_than_its_bound(
    predictions, share, passes
):
    found = plant(predictions, "east", share, "auc:edema", BOUND, seed=2)
    assert found.passed == passes == (found.gap <= BOUND)
    assert "site east" in found.reason
