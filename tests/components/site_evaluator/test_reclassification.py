"""What a candidate changes: counted case by case by hand, and paired as the metrics are."""

import dataclasses
import pickle

import apache_beam as beam
import numpy as np
import pytest

from components.site_evaluator.changes_between import changes_between
from components.site_evaluator.evaluation import evaluate_predictions
from components.site_evaluator.intervals import estimate, paired_difference
from components.site_evaluator.paired_predictions import OtherCasesError
from components.site_evaluator.reader import load_evaluation
from components.site_evaluator.reclassification import Reclassification
from components.site_evaluator.reclassification_metric import (
    BUFFERED_CASES,
    PairPreprocessor,
    ReclassificationCombiner,
)
from components.site_evaluator.results import OPERATING_POINT, OVERALL, PREDICTED_CLASS
from tests.components.site_evaluator.prediction_files import make_card, write_predictions
from tests.components.site_evaluator.synthetic_cases import (
    ANY_NUMBER,
    CLASSES,
    evaluate,
    make_cases,
)
from trainer.errors import UserError

COUNTS = ("newly_found", "newly_missed", "newly_false_alarm", "newly_cleared")


def scored_by_another(cases, seed=5):
    """The same cases with other scores."""
    rng = np.random.default_rng(seed)
    score = cases["score"] * np.exp(0.5 * rng.normal(size=cases["score"].shape))
    score = score / np.maximum(1, score.max(axis=1, keepdims=True))
    return {**cases, "score": score.astype(np.float32)}


def run(directory, before, after, task, threshold, candidate_threshold):
    card = make_card(task, CLASSES, threshold)
    other = make_card(task, CLASSES, candidate_threshold)
    evaluations = {}
    champion = write_predictions(directory / "champion", before, card)
    candidate = write_predictions(directory / "candidate", after, other)
    for name, uri, paired in (("candidate", candidate, None), ("champion", champion, candidate)):
        with beam.Pipeline() as pipeline:
            evaluate_predictions(
                uri,
                str(directory / f"{name}-evaluation"),
                pipeline,
                ANY_NUMBER,
                candidate_uri=paired,
            )
        evaluations[name] = load_evaluation(str(directory / f"{name}-evaluation"))
    return evaluations


@pytest.fixture(scope="module", params=["multi_label", "multi_class"])
def paired(request, tmp_path_factory):
    cases = make_cases(240, 3, multi_class=request.param == "multi_class")
    after = scored_by_another(cases)
    evaluations = run(tmp_path_factory.mktemp("paired"), cases, after, request.param, 0.5, 0.4)
    return request.param, cases, after, evaluations


def named(task, scores, threshold):
    ways = {OPERATING_POINT: scores >= threshold}
    if task == "multi_class":
        ways[PREDICTED_CLASS] = scores == scores.max(axis=1, keepdims=True)
    return ways


def test_the_changes_of_a_site_are_those_counted_by_hand(paired):
    task, cases, after, evaluations = paired
    north = cases["site"] == "north"
    ways = named(task, cases["score"], 0.5), named(task, after["score"], 0.4)
    received = evaluations["champion"].slices[("site", "north"),].reclassified
    assert set(received) == set(ways[0])
    for way, by_class in received.items():
        for index, name in enumerate(CLASSES):
            known = north & (cases["label_weight"][:, index] > 0)
            present = cases["label"][known, index] > 0.5
            old, new = (one[way][known, index] for one in ways)
            expected = (
                (present & new & ~old).sum(),
                (present & old & ~new).sum(),
                (~present & new & ~old).sum(),
                (~present & old & ~new).sum(),
            )
            assert tuple(getattr(by_class[name], count) for count in COUNTS) == expected
            assert sum(expected) > 0


def test_of_two_finished_runs_the_same_is_counted_without_tfma(paired, tmp_path):
    task, cases, after, evaluations = paired
    before_uri = write_predictions(tmp_path / "before", cases, make_card(task, CLASSES, 0.5))
    after_uri = write_predictions(tmp_path / "after", after, make_card(task, CLASSES, 0.4))
    expected = evaluations["champion"].slices
    received = changes_between(before_uri, after_uri, expected, seed=0)
    assert set(received) == set(expected)
    for key, metrics in expected.items():
        assert set(received[key]) == set(metrics.reclassified)
        for way, by_class in metrics.reclassified.items():
            for name, changes in by_class.items():
                found = received[key][way][name]
                assert [getattr(found, count) for count in COUNTS] == [
                    getattr(changes, count) for count in COUNTS
                ]
                np.testing.assert_array_equal(
                    found.net_found.replicates, changes.net_found.replicates
                )


def test_two_finished_runs_on_other_cases_are_not_counted(paired, tmp_path):
    task, cases, after, _ = paired
    fewer = {name: values[1:] for name, values in after.items()}
    before_uri = write_predictions(tmp_path / "before", cases, make_card(task, CLASSES))
    after_uri = write_predictions(tmp_path / "after", fewer, make_card(task, CLASSES))
    with pytest.raises(OtherCasesError):
        changes_between(before_uri, after_uri, [OVERALL], seed=0)


def test_the_net_change_is_the_paired_difference_of_sensitivity_and_of_specificity(paired):
    """Two ways to the same numbers: case by case here, from each model's sums there."""
    _, _, _, evaluations = paired
    for key, metrics in evaluations["champion"].slices.items():
        ours = evaluations["candidate"].slices[key]
        for name, changes in metrics.reclassified[OPERATING_POINT].items():
            for net, metric in (("net_found", "sensitivity"), ("net_cleared", "specificity")):
                expected = paired_difference(
                    getattr(ours.classes[name], metric), getattr(metrics.classes[name], metric)
                )
                received = getattr(changes, net)
                np.testing.assert_allclose(received.replicates, expected.replicates, atol=1e-12)
                plain = estimate(expected.value, expected.replicates)
                np.testing.assert_allclose(
                    [received.value, received.lower, received.upper],
                    [plain.value, plain.lower, plain.upper],
                    atol=1e-12,
                )


def test_rightly_named_cases_of_all_classes_add_up_to_the_difference_in_accuracy(paired):
    task, _, _, evaluations = paired
    if task == "multi_label":
        pytest.skip("of multi-class models only")
    changes = evaluations["champion"].slices[OVERALL].reclassified[PREDICTED_CLASS].values()
    net = sum(one.newly_found - one.newly_missed for one in changes)
    accuracy = (
        evaluations[role].slices[OVERALL].metrics["accuracy"] for role in ("candidate", "champion")
    )
    cases = evaluations["champion"].slices[OVERALL].cases
    assert net / cases == pytest.approx(paired_difference(*accuracy).value, abs=1e-12)


def test_an_evaluation_by_itself_counts_no_change(paired):
    assert paired[3]["candidate"].slices[OVERALL].reclassified == {}


def test_other_metrics_are_as_without_a_candidate(paired):
    task, cases, _, evaluations = paired
    alone = evaluate(cases, task == "multi_class")
    beside = evaluations["champion"].slices[OVERALL]
    assert beside.cases == alone.cases
    for name, metric in alone.metrics.items():
        np.testing.assert_array_equal(beside.metrics[name].replicates, metric.replicates)


@pytest.fixture(scope="module")
def packed():
    """A combiner and its inputs: 300 cases, packed."""
    cases = make_cases(300, 3)
    after = scored_by_another(cases)
    way = Reclassification(np.full((2, 3), 0.5), multi_class=False)
    preprocessor = PairPreprocessor(way, "pairs")
    elements = [
        element
        for index in range(300)
        for element in preprocessor.process(
            {
                "labels": cases["label"][index],
                "predictions": cases["score"][index],
                "features": {
                    "patient_id": np.array([cases["patient_id"][index].encode()]),
                    "label_weight": cases["label_weight"][index],
                    "candidate_score": after["score"][index],
                },
            }
        )
    ]
    return ReclassificationCombiner(way, CLASSES, seed=0), elements


def combine(combiner, shards):
    accumulators = []
    for shard in shards:
        accumulator = combiner.create_accumulator()
        for element in shard:
            accumulator = combiner.add_input(accumulator, element)
        accumulators.append(pickle.loads(pickle.dumps(accumulator)))
    return combiner.extract_output(combiner.merge_accumulators(accumulators))


def test_neither_order_nor_sharding_matters(packed):
    combiner, elements = packed
    one = combine(combiner, [elements])
    other = combine(combiner, [elements[:17], [], elements[:16:-1]])
    assert one.keys() == other.keys()
    for key, value in one.items():
        np.testing.assert_array_equal(value, other[key], err_msg=str(key))


def test_an_accumulator_does_not_grow_with_its_cases(packed):
    combiner, elements = packed
    accumulator = combiner.create_accumulator()
    sums = accumulator.sums.changes.nbytes
    for element in elements * (3 * BUFFERED_CASES // len(elements)):
        accumulator = combiner.add_input(accumulator, element)
    assert accumulator.sums.changes.nbytes == sums
    assert len(accumulator.buffer) < BUFFERED_CASES * len(elements[0])


def test_predictions_of_other_cases_are_refused(tmp_path):
    cases = make_cases(30, 3)
    card = make_card("multi_label", CLASSES)
    champion = write_predictions(tmp_path / "champion", cases, card)
    fewer = {name: values[:29] for name, values in cases.items()}
    candidate = write_predictions(tmp_path / "candidate", fewer, card)
    with (
        pytest.raises(Exception, match="record 29 is not the case of record 29 in"),
        beam.Pipeline() as pipeline,
    ):
        evaluate_predictions(
            champion, str(tmp_path / "evaluation"), pipeline, ANY_NUMBER, candidate_uri=candidate
        )


def test_models_that_answer_different_questions_are_refused(tmp_path):
    cases = make_cases(4, 3)
    card = make_card("multi_label", CLASSES)
    champion = write_predictions(tmp_path / "champion", cases, card)
    other = dataclasses.replace(card, classes=CLASSES[::-1])
    candidate = write_predictions(tmp_path / "candidate", cases, other)
    with pytest.raises(UserError, match=r"expected multi_label \(edema, effusion, mass\)"):
        evaluate_predictions(
            champion, str(tmp_path / "x"), beam.Pipeline(), ANY_NUMBER, candidate_uri=candidate
        )
