"""Shows what an evaluation costs: seconds and peak memory by number of synthetic predictions.

    python benchmarks/evaluation.py
    python benchmarks/evaluation.py --cases 1000000
    python benchmarks/evaluation.py --champion

Multi-label predictions of 14 findings, 4 cases a patient, 10 sites; with sex, age, view, image
count and six devices, a feature that the configuration names, they make 30 slices. Every size is
evaluated in a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.case_predictor.predictions import PredictionCard
from components.site_evaluator.evaluation import evaluate_predictions
from components.site_evaluator.reader import load_evaluation
from components.site_evaluator.sufficiency import SampleLimits

FINDINGS = tuple(f"finding_{index:02d}" for index in range(14))
SITES = 10
DEVICES = 6
CASES_PER_PATIENT = 4
_BATCH = 10_000


def main() -> None:
    """Prints a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument(
        "--champion",
        action="store_true",
        help="As a champion is evaluated: beside a candidate's predictions, here its own.",
    )
    arguments = parser.parse_args()
    print("| cases | slices | seconds | cases/s | peak memory, MB | result, MB |")
    print("|---|---|---|---|---|---|", flush=True)
    context = multiprocessing.get_context("spawn")
    for cases in arguments.cases:
        with tempfile.TemporaryDirectory() as directory:
            with context.Pool(1) as pool:
                pool.apply(write_predictions, (directory, cases))
            with context.Pool(1) as pool:
                print(pool.apply(measure, (directory, cases, arguments.champion)), flush=True)


def measure(directory: str, cases: int, champion: bool) -> str:
    """Evaluates the predictions in a directory; returns a row of the table."""
    evaluation = Path(directory, "evaluation")
    start = time.perf_counter()
    with beam.Pipeline() as pipeline:
        evaluate_predictions(
            directory,
            str(evaluation),
            pipeline,
            SampleLimits(),
            slice_features=json.dumps([["device"]]),
            candidate_uri=directory if champion else None,
        )
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in evaluation.rglob("*") if path.is_file()) / 1e6
    slices = len(load_evaluation(str(evaluation)).slices)
    rate = cases / seconds
    return f"| {cases} | {slices} | {seconds:.0f} | {rate:.0f} | {peak:.0f} | {size:.0f} |"


def write_predictions(directory: str, cases: int) -> None:
    """Writes synthetic predictions, a batch at a time."""
    card = PredictionCard(
        model_name="synthetic",
        model_digest="0" * 64,
        task="multi_label",
        classes=FINDINGS,
        operating_point=dict.fromkeys(FINDINGS, 0.5),
        operating_point_rule="given",
        label_fraction=1.0,
        label_cases=0,
        seed=0,
        pretraining=(),
    )
    card.write(directory)
    rng = np.random.default_rng(0)
    path = str(Path(directory, "predictions-test.gz"))
    with tf.io.TFRecordWriter(path, tf.io.TFRecordOptions("GZIP")) as writer:
        for start in range(0, cases, _BATCH):
            count = min(_BATCH, cases - start)
            label = rng.random((count, len(FINDINGS))) < 0.15
            score = 1 / (1 + np.exp(1.5 - 1.5 * label - rng.normal(size=label.shape)))
            for row in range(count):
                writer.write(_record(start + row, label[row], score[row]))


def _record(case: int, label: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> bytes:
    patient = case // CASES_PER_PATIENT
    site = patient % SITES
    record = tf.train.Example()
    texts = {
        "case_id": f"c{case}",
        "patient_id": f"p{patient}",
        "site": f"site {site}",
        "split": "shifted" if site == 0 else "test",
        "distribution": "shifted" if site == 0 else "in_distribution",
        "sex": ("female", "male")[patient % 2],
        "age_group": ("18-39", "40-59", "60-79", "80+")[patient % 7 % 4],
        "view": ("PA", "AP", "lateral")[case % 3],
        "image_count": ("single_image", "several_images")[case % 2],
        "device": f"device {patient % 11 % DEVICES}",
    }
    for name, text in texts.items():
        record.features.feature[name].bytes_list.value.append(text.encode())
    vectors = {"label": label, "label_weight": [1.0] * len(label), "score": score}
    for name, vector in vectors.items():
        record.features.feature[name].float_list.value.extend(vector)
    return record.SerializeToString()


if __name__ == "__main__":
    main()
