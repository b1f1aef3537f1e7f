import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from trainer.linear_probe import fit_linear_probe


def peer_logits(features, targets, queries, penalty):
    # liblinear penalises the bias; lbfgs, as here, does not.
    scaler = StandardScaler().fit(features)
    model = LogisticRegression(C=1 / penalty, solver="lbfgs", tol=1e-10, max_iter=10_000)
    return model.fit(scaler.transform(features), targets).decision_function(
        scaler.transform(queries)
    )


@pytest.mark.parametrize(("cases", "length"), [(80, 5), (30, 60)])
@pytest.mark.parametrize("penalty", [0.1, 10.0])
def test_it_agrees_with_scikit_learn_with_more_or_fewer_cases_than_features(cases, length, penalty):
    rng = np.random.default_rng(0)
    features, queries = rng.normal(3.0, 2.0, (cases, length)), rng.normal(3.0, 2.0, (10, length))
    labels = rng.integers(0, 3, cases)
    targets = np.eye(3)[labels]
    probe = fit_linear_probe(features, targets, np.ones_like(targets), penalty=penalty)
    expected = np.stack(
        [peer_logits(features, column, queries, penalty) for column in targets.T], axis=1
    )
    np.testing.assert_allclose(probe.logits(queries), expected, atol=1e-4)


def test_unknown_labels_are_left_out_of_their_class():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(40, 4))
    targets = (rng.random((40, 1)) < 0.5).astype(float)
    weights = np.ones_like(targets)
    weights[10:] = 0
    probe = fit_linear_probe(features, targets, weights, penalty=1.0)
    targets[10:] = 1 - targets[10:]
    other = fit_linear_probe(features, targets, weights, penalty=1.0)
    np.testing.assert_array_equal(probe.kernel, other.kernel)
    np.testing.assert_array_equal(probe.bias, other.bias)


def test_a_class_of_one_kind_gets_its_log_odds_alone():
    features = np.random.default_rng(2).normal(size=(9, 3))
    probe = fit_linear_probe(features, np.ones((9, 1)), np.ones((9, 1)), penalty=1.0)
    np.testing.assert_array_equal(probe.kernel, 0)
    np.testing.assert_allclose(probe.bias, np.log(9.5 / 0.5))


def test_a_feature_that_never_changes_and_separable_classes_do_no_harm():
    features = np.column_stack([np.linspace(-1, 1, 20), np.full(20, 7.0)])
    targets = (features[:, :1] > 0).astype(float)
    probe = fit_linear_probe(features, targets, np.ones_like(targets), penalty=1e-3)
    np.testing.assert_array_equal(probe.logits(features) > 0, targets > 0)
    assert probe.kernel[1, 0] == pytest.approx(0, abs=1e-12)
