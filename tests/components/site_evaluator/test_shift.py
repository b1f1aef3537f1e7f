"""A loss compares the same classes on both sides, or nothing."""

import dataclasses

import numpy as np
import pytest

from components.site_evaluator.shift import shift_loss
from components.site_evaluator.sufficiency import SampleLimits
from tests.components.promotion_gate.handmade_evaluations import (
    make_class,
    make_estimate,
    make_slice,
)

LIMITS = SampleLimits()
NONE = {"positives": 0, "negatives": 0}


def test_the_mean_auc_is_over_the_shared_classes():
    inside = make_slice(mean_auc=0.9, cyst=make_class(auc=0.6))
    loss = shift_loss(inside, make_slice(mean_auc=0.8), "mean_auc", LIMITS)
    assert loss.classes == ("edema",)
    assert (loss.inside_value.value, loss.outside_value.value) == pytest.approx((0.9, 0.8))
    assert loss.loss.value == pytest.approx(0.1)


def test_the_mean_average_precision_is_over_the_shared_classes_too():
    inside = make_slice(mean_auc=0.9, cyst=make_class(auc=0.6))
    means = {**inside.metrics, "mean_average_precision": make_estimate(0.75)}
    inside = dataclasses.replace(inside, metrics=means)
    outside = make_slice(mean_auc=0.8)
    means = {**outside.metrics, "mean_average_precision": make_estimate(0.8)}
    outside = dataclasses.replace(outside, metrics=means)
    loss = shift_loss(inside, outside, "mean_average_precision", LIMITS)
    assert (loss.inside_value.value, loss.outside_value.value) == pytest.approx((0.9, 0.8))
    assert loss.loss.value == pytest.approx(0.1)


def test_without_a_shared_class_a_mean_auc_has_no_loss():
    outside = make_slice(cyst=make_class(), **NONE)
    assert np.isnan(shift_loss(make_slice(), outside, "mean_auc", LIMITS).loss.value)


def test_a_class_with_too_few_cases_on_one_side_is_in_neither_mean():
    inside = make_slice(mean_auc=0.9, cyst=make_class(auc=0.6))
    outside = make_slice(mean_auc=0.8, cyst=make_class(auc=0.2, positives=9))
    loss = shift_loss(inside, outside, "mean_auc", LIMITS)
    assert loss.classes == ("edema",)
    assert set(loss.inside.classes) == {"edema", "cyst"}
    assert (loss.inside_value.value, loss.outside_value.value) == pytest.approx((0.9, 0.8))
    both = shift_loss(inside, outside, "mean_auc", SampleLimits(min_positives=9))
    assert (both.inside_value.value, both.outside_value.value) == pytest.approx((0.75, 0.5))


def test_a_class_needs_no_partner_for_its_own_sensitivity():
    outside = make_slice(sensitivity=0.7, positives=60, negatives=0)
    loss = shift_loss(make_slice(sensitivity=0.8), outside, "sensitivity:edema", LIMITS)
    assert loss.loss.value == pytest.approx(0.1)


def test_a_metric_that_one_side_lacks_has_no_loss():
    assert shift_loss(make_slice(), make_slice(), "auc:cyst", LIMITS) is None


@pytest.mark.parametrize(("negatives_only", "comparable"), [(False, True), (True, False)])
def test_balanced_accuracy_is_compared_only_over_the_same_classes(negatives_only, comparable):
    def with_balanced_accuracy(metrics, value):
        values = {**metrics.metrics, "balanced_accuracy": make_estimate(value)}
        return dataclasses.replace(metrics, metrics=values)

    inside = with_balanced_accuracy(make_slice(), 0.8)
    edema = {"positives": 0} if negatives_only else {}
    loss = shift_loss(
        inside, with_balanced_accuracy(make_slice(**edema), 0.7), "balanced_accuracy", LIMITS
    )
    assert np.isnan(loss.loss.value) != comparable
    assert loss.inside_value.value == 0.8
