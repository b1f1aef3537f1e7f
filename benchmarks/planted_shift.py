"""Plants a shift of a known size at one site of a finished run, and asks the gate.

    make demo
    python benchmarks/planted_shift.py runs/demo --site valley --metric auc:opacity --bound 0.1

In a share q of the site's cases the labels are dealt out anew, at random among these cases. What
the model has learnt is true of the rest alone, so AUC - 0.5 shrinks to (1 - q) of what it was,
whatever the prevalence. Nothing is trained: the run's own predictions are evaluated as the run
does, and judged by one rule, `max_shift_gap` by its value.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import apache_beam as beam
import numpy as np
import tensorflow as tf

from components.case_example_gen.ingestion_report import IngestionReport, SplitCount
from components.case_predictor.predictions import (
    CARD,
    LABEL,
    LABEL_WEIGHT,
    RECORDS,
    SITE,
)
from components.promotion_gate.gate import Evidence, judge
from components.promotion_gate.rules import GateRules, ShiftGapRule
from components.site_evaluator.evaluation import evaluate_predictions
from components.site_evaluator.reader import load_evaluation
from components.site_evaluator.results import site_slice
from components.site_evaluator.sufficiency import SampleLimits, find_estimate
from schemas.case_features import SHIFTED

_GZIP = tf.io.TFRecordOptions("GZIP")


@dataclass(frozen=True)
class Planted:
    """What one planted shift came to.

    Attributes:
        share: Of the site's cases whose labels were dealt out anew.
        auc: Measured at the site.
        gap: Measured: in distribution minus the site.
        passed: Whether the gate lets the model through.
        reason: The gate's sentence.
    """

    share: float
    auc: float
    gap: float
    passed: bool
    reason: str


def main() -> None:
    """Prints a row for each share."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="output_dir of a finished run")
    parser.add_argument("--site", required=True, help="a held-out site")
    parser.add_argument("--metric", required=True, help="auc:CLASS, or mean_auc")
    parser.add_argument("--bound", type=float, required=True, help="of max_shift_gap")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.25, 0.5, 0.75, 1.0])
    parser.add_argument("--seeds", type=int, default=20, help="deals of the labels for each share")
    arguments = parser.parse_args()
    [predictions] = (arguments.run / "artifacts/predict-candidate/predictions").iterdir()
    print("| labels dealt anew | AUC expected | AUC measured | gap | passed | ")
    print("|---|---|---|---|---|", flush=True)
    first: list[Planted] = []
    for share in arguments.shares:
        # Without a change every deal is the same.
        seeds = range(arguments.seeds if share else 1)
        found = [
            plant(predictions, arguments.site, share, arguments.metric, arguments.bound, seed)
            for seed in seeds
        ]
        first = first or found
        expected = 0.5 + (1 - share) * (first[0].auc - 0.5)
        auc, gap = (
            float(np.mean([getattr(one, name) for one in found])) for name in ("auc", "gap")
        )
        passed = sum(one.passed for one in found)
        print(
            f"| {share:.0%} | {expected:.3f} | {auc:.3f} | {gap:+.3f} | {passed} of {len(found)} |"
        )
        print(f"  {found[-1].reason}", file=sys.stderr, flush=True)


def plant(
    predictions: Path, site: str, share: float, metric: str, bound: float, seed: int
) -> Planted:
    """Evaluates and judges predictions after a shift.

    Args:
        predictions: Directory of records and card, as `CasePredictor` writes them.
        site: Held out.
        share: Of its cases whose labels are dealt out anew.
        metric: Of the rule.
        bound: Of the rule.
        seed: Of the deal.
    """
    with tempfile.TemporaryDirectory() as directory:
        shifted, evaluation_directory = Path(directory, "shifted"), Path(directory, "evaluation")
        shifted.mkdir()
        shutil.copy(predictions / CARD, shifted)
        _write_shifted(predictions, shifted, site, share, seed)
        with beam.Pipeline() as pipeline:
            evaluate_predictions(
                str(shifted), str(evaluation_directory), pipeline, SampleLimits(), seed=0
            )
        evaluation = load_evaluation(str(evaluation_directory))
    at_site = evaluation.slices[site_slice(site)]
    count = SplitCount(site, SHIFTED, *[at_site.cases] * 5)
    ingestion = IngestionReport(at_site.cases, at_site.cases, (), (), 0, (count,))
    rules = GateRules(max_shift_gap=ShiftGapRule(metric, bound, use="value"))
    [verdict] = judge(Evidence(evaluation, ingestion), rules, SampleLimits()).rules
    found = find_estimate(at_site, metric)
    if found is None or verdict.measured is None:
        raise SystemExit(f"error: {verdict.reason}")
    return Planted(share, found.value, verdict.measured, verdict.passed, verdict.reason)


def _write_shifted(source: Path, target: Path, site: str, share: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    for file in sorted(source.glob(RECORDS)):
        cases = [tf.train.Example.FromString(record) for record in _records(file)]
        there = [case for case in cases if _text(case, SITE) == site]
        chosen = random.permutation(len(there))[: round(share * len(there))]
        _deal_anew([there[index] for index in chosen], random)
        with tf.io.TFRecordWriter(str(target / file.name), _GZIP) as writer:
            for case in cases:
                writer.write(case.SerializeToString())


def _deal_anew(cases: list[tf.train.Example], random: np.random.Generator) -> None:
    dealt = [
        [list(case.features.feature[name].float_list.value) for name in (LABEL, LABEL_WEIGHT)]
        for case in cases
    ]
    for case, index in zip(cases, random.permutation(len(cases)), strict=True):
        for name, values in zip((LABEL, LABEL_WEIGHT), dealt[index], strict=True):
            case.features.feature[name].float_list.value[:] = values


def _records(file: Path) -> Iterator[bytes]:
    yield from tf.data.TFRecordDataset(str(file), "GZIP").as_numpy_iterator()


def _text(case: tf.train.Example, name: str) -> str:
    return str(case.features.feature[name].bytes_list.value[0].decode())


if __name__ == "__main__":
    main()
