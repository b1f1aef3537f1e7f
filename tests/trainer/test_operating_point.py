import numpy as np
import pytest
from sklearn.metrics import roc_curve

from trainer.operating_point import OperatingPointRule, operating_points

YOUDEN = OperatingPointRule()


def choose(positive, scores, weights=None, rule=YOUDEN):
    positive, scores = np.array(positive, float)[:, None], np.array(scores, float)[:, None]
    weights = np.ones_like(scores) if weights is None else np.array(weights, float)[:, None]
    return operating_points(positive, weights, scores, rule)[0]


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_best_point_of_the_roc_curve_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    positive = rng.random(80) < 0.3
    # Two decimals, so that scores tie.
    scores = np.round(np.clip(rng.normal(0.4 + 0.2 * positive, 0.2), 0, 1), 2)
    false_positive_rate, sensitivity, thresholds = roc_curve(
        positive, scores, drop_intermediate=False
    )
    youden = sensitivity - false_positive_rate
    # Its thresholds fall; the first one, infinity, is no score.
    best = 1 + np.argmax(youden[1:] > youden[1:].max() - 1e-12)
    assert choose(positive, scores) == thresholds[best]


def test_of_equally_good_thresholds_the_highest_is_taken():
    # At 0.8 and at 0.2, sensitivity + specificity - 1 is 1/2.
    assert choose([1, 0, 1, 0], [0.8, 0.4, 0.2, 0.1]) == 0.8


def test_a_class_without_positives_or_without_negatives_gets_one_half():
    assert choose([0, 0], [0.1, 0.2]) == 0.5
    assert choose([1, 1], [0.1, 0.2]) == 0.5


def test_unknown_labels_have_no_say():
    with_unknown = choose([1, 0, 0, 1], [0.7, 0.3, 0.9, 0.1], weights=[1, 1, 0, 0])
    assert with_unknown == choose([1, 0], [0.7, 0.3]) == 0.7


def test_each_class_has_its_own_threshold():
    targets = np.array([[1.0, 0.0], [0.0, 1.0]])
    scores = np.array([[0.6, 0.1], [0.5, 0.3]])
    np.testing.assert_array_equal(
        operating_points(targets, np.ones_like(targets), scores, YOUDEN), [0.6, 0.3]
    )


def measured(positive, scores, threshold):
    """Sensitivity and specificity, counted."""
    marked = scores >= threshold
    return marked[positive].mean(), (~marked[~positive]).mean()


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("value", [0.7, 0.9, 0.95])
def test_a_fixed_sensitivity_is_reached_at_the_best_specificity(seed, value):
    rng = np.random.default_rng(seed)
    positive = rng.random(80) < 0.3
    scores = np.round(np.clip(rng.normal(0.4 + 0.2 * positive, 0.2), 0, 1), 2)
    threshold = choose(positive, scores, rule=OperatingPointRule("sensitivity", value))
    sensitivity, specificity = measured(positive, scores, threshold)
    points = [measured(positive, scores, other) for other in np.unique(scores)]
    assert sensitivity >= value
    assert specificity == max(other for reached, other in points if reached >= value)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("value", [0.7, 0.9, 0.95])
def test_a_fixed_specificity_is_reached_at_the_best_sensitivity(seed, value):
    rng = np.random.default_rng(seed)
    positive = rng.random(80) < 0.3
    scores = np.round(np.clip(rng.normal(0.4 + 0.2 * positive, 0.2), 0, 1), 2)
    threshold = choose(positive, scores, rule=OperatingPointRule("specificity", value))
    sensitivity, specificity = measured(positive, scores, threshold)
    points = [measured(positive, scores, other) for other in [*np.unique(scores), 2.0]]
    assert specificity >= value
    assert sensitivity == max(other for other, reached in points if reached >= value)


def test_a_specificity_beyond_all_scores_marks_no_case():
    rule = OperatingPointRule("specificity", 0.9)
    threshold = choose([0, 1, 0], [0.9, 0.5, 0.1], rule=rule)
    assert 0.9 < threshold < 0.9 + 1e-6


@pytest.mark.parametrize(
    ("rule", "value", "message"),
    [
        ("youden", 0.9, "value has no meaning with youden"),
        ("sensitivity", None, "value must be within 0..1, such as 0.9, with sensitivity"),
        ("specificity", 1.0, "value must be within 0..1"),
    ],
)
def test_a_rule_and_a_value_that_do_not_fit_are_refused(rule, value, message):
    with pytest.raises(ValueError, match=message):
        OperatingPointRule(rule, value)
