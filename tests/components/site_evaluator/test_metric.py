"""The combiner: whatever way the cases reach it, the result is the same."""

import pickle

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from sklearn.metrics import roc_auc_score

from components.site_evaluator import metric
from components.site_evaluator.case_records import pack_case
from tests.components.site_evaluator.synthetic_cases import ANY_NUMBER, CLASSES, make_cases

FITTED = ("calibration_slope", "calibration_intercept")
OPERATING_POINT = dict.fromkeys(CLASSES, 0.4)


@pytest.fixture(scope="module")
def cases():
    return make_cases(300, 3)


@pytest.fixture(scope="module")
def packed(cases):
    return [
        pack_case(patient.encode(), label, weight, score)
        for patient, label, weight, score in zip(
            cases["patient_id"], cases["label"], cases["label_weight"], cases["score"], strict=True
        )
    ]


def combine(shards):
    """Adds each shard to an accumulator of its own, moves them between workers, and merges."""
    combiner = metric.CaseCombiner("multi_label", CLASSES, OPERATING_POINT, 0, ANY_NUMBER)
    accumulators = []
    for shard in shards:
        accumulator = combiner.create_accumulator()
        for case in shard:
            accumulator = combiner.add_input(accumulator, case)
        accumulators.append(pickle.loads(pickle.dumps(accumulator)))
    return combiner.extract_output(combiner.merge_accumulators(accumulators))


def assert_same(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=str(key))


@pytest.mark.parametrize(("exact", "buffered"), [(10_000, 10_000), (120, 10_000), (120, 50)])
def test_neither_order_nor_sharding_matters(packed, monkeypatch, exact, buffered):
    monkeypatch.setattr(metric, "EXACT_SCORES", exact)
    monkeypatch.setattr(metric, "BUFFERED_CASES", buffered)
    one = combine([packed])
    assert_same(one, combine([packed[::-1]]))
    assert_same(one, combine([packed[:17], [], packed[17:120], packed[120:]]))


def test_a_slice_too_large_to_be_exact_agrees_within_a_thousandth(cases, packed, monkeypatch):
    monkeypatch.setattr(metric, "EXACT_SCORES", 120)
    values = combine([packed])
    for index in range(3):
        known = cases["label_weight"][:, index] > 0
        expected = roc_auc_score(cases["label"][known, index], cases["score"][known, index])
        key = tfma.metrics.MetricKey("auc", sub_key=tfma.metrics.SubKey(class_id=index))
        assert values[key] == pytest.approx(expected, abs=1e-3)


def test_the_fit_of_the_calibration_is_within_a_fiftieth_of_its_interval_in_a_large_slice(
    packed, monkeypatch
):
    exact = combine([packed])
    monkeypatch.setattr(metric, "EXACT_SCORES", 120)
    binned = combine([packed])
    for index in range(3):
        sub_key = tfma.metrics.SubKey(class_id=index)
        for name in FITTED:
            lower, upper = (
                exact[tfma.metrics.MetricKey(f"{name}_{end}", sub_key=sub_key)]
                for end in ("lower", "upper")
            )
            key = tfma.metrics.MetricKey(name, sub_key=sub_key)
            assert binned[key] == pytest.approx(exact[key], abs=(upper - lower) / 50)
            assert binned[key] != exact[key]


def test_only_what_needs_ranks_depends_on_whether_a_slice_is_exact(packed, monkeypatch):
    exact = combine([packed])
    monkeypatch.setattr(metric, "EXACT_SCORES", 120)
    monkeypatch.setattr(metric, "BUFFERED_CASES", 50)
    approximate = combine([packed])
    for key, value in exact.items():
        if not any(
            part in key.name
            for part in (*("auc", "average_precision", "_positive_rate", "roc_"), *FITTED)
        ):
            np.testing.assert_array_equal(approximate[key], value, err_msg=str(key))


def test_an_accumulator_does_not_grow_with_its_cases(packed, monkeypatch):
    monkeypatch.setattr(metric, "BUFFERED_CASES", 40)
    combiner = metric.CaseCombiner("multi_label", CLASSES, OPERATING_POINT, 0, ANY_NUMBER)
    accumulator = combiner.create_accumulator()
    sizes = []
    for _ in range(4):
        for case in packed:
            accumulator = combiner.add_input(accumulator, case)
        sizes.append(accumulator.counts.histograms[0].nbytes + len(accumulator.buffer))
    assert len(accumulator.buffer) <= 40 * len(packed[0])
    assert max(sizes) - min(sizes) <= 40 * len(packed[0])
    assert accumulator.counts.cases[0] + len(accumulator.buffer) // len(packed[0]) > 1000


def test_the_metric_is_found_by_the_module_and_class_that_its_configuration_names():
    config = tfma.MetricConfig(
        class_name="PatientResampledMetrics",
        module="components.site_evaluator.metric",
        config='{"task": "multi_label", "classes": ["edema"], "operating_point": {"edema": 0.5},'
        ' "seed": 7, "limits": {"min_cases": 1}}',
    )
    from tensorflow_model_analysis.metrics import metric_specs

    instance = metric_specs.metric_instance(config)
    assert isinstance(instance, metric.PatientResampledMetrics)
    assert instance.get_config()["seed"] == 7
