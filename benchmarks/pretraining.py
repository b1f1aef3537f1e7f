"""Measures contrastive pretraining against its own bare step and against Lightly (PyTorch).

    python benchmarks/pretraining.py --peer-python peer/bin/python --output speed.json

How to make the peer's environment: benchmarks/peer/requirements.txt. SimCLR with a ResNet-18
(`imagenet` stem) on generated images; every round measures each thing once, in turn, so that a
change of the machine's pace falls on both sides of a ratio. Without --peer-python only the input
pipeline's cost is measured.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.peer_process import PeerProcess

HALF, FULL = 0.5, 1.0
IMAGES = 1024
BUSY_LOAD = 0.5
Round = dict[str, dict[str, float]]


def main() -> None:
    """Runs the rounds, then prints the table."""
    arguments = _arguments()
    load = os.getloadavg()[0]
    print(f"load at the start: {load:.2f} (mean of the last minute)", file=sys.stderr)
    if load > BUSY_LOAD:
        print("warning: the machine is busy; ratios will spread.", file=sys.stderr)
    setting, rounds = _measure(arguments)
    result = {
        "load_at_start": load,
        "cores": os.cpu_count(),
        "threads": arguments.threads,
        "image_size": arguments.image_size,
        "batch_size": arguments.batch_size,
        "peer_settings": setting,
        "rounds": rounds,
        "summary": summary(rounds, arguments.batch_size),
    }
    print(table(result["summary"]))
    if setting:
        print(f"\npeer: channels_last {setting['channels_last']}, {setting['workers']} workers")
    if arguments.output:
        arguments.output.write_text(json.dumps(result, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", help="python of the peer's environment")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=6, help="timed steps per measurement")
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2, help="of each side")
    parser.add_argument("--output", type=Path, help="write all measurements as JSON")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace) -> tuple[dict[str, Any], list[Round]]:
    """Returns the peer's settings and each round's measurements."""
    import trainer  # noqa: F401, I001  (first: it switches oneDNN on)
    import tensorflow as tf

    from benchmarks.pretraining_data import write_images
    from benchmarks.project_training import ProjectTraining

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    size = {"image_size": arguments.image_size, "batch_size": arguments.batch_size}
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        records = write_images(Path(directory), count=IMAGES, side=arguments.image_size)
        project = {
            width: ProjectTraining(records, width=width, **size)
            for width in ((HALF, FULL) if arguments.peer_python else (HALF,))
        }
        peer, setting = None, {}
        if arguments.peer_python:
            peer = stack.enter_context(
                PeerProcess(
                    arguments.peer_python, Path(directory), threads=arguments.threads, **size
                )
            )
            setting = peer.choose_best_settings(HALF)
        rounds = []
        for number in range(arguments.rounds):
            print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
            rounds.append(_round(project, peer, arguments.steps))
    return setting, rounds


def _round(project: dict[float, Any], peer: PeerProcess | None, steps: int) -> Round:
    """Measures everything once; seconds are per step."""
    half = {"warm_up": 2, "steps": steps}
    full = {"warm_up": 1, "steps": max(1, steps // 2)}
    measured: Round = {
        "project bare 0.5": _per_step(dataclasses.asdict(project[HALF].bare(**half)), steps),
        "project whole 0.5": _per_step(dataclasses.asdict(project[HALF].whole(**half)), steps),
    }
    if peer is not None:
        measured["peer whole 0.5"] = _per_step(peer.timed("whole", HALF, **half), steps)
        measured["peer bare 0.5"] = _per_step(peer.timed("bare", HALF, **half), steps)
        answer = dataclasses.asdict(project[FULL].bare(**full))
        measured["project bare 1.0"] = _per_step(answer, full["steps"])
        measured["peer bare 1.0"] = _per_step(peer.timed("bare", FULL, **full), full["steps"])
    return measured


def _per_step(totals: dict[str, float], steps: int) -> dict[str, float]:
    return {name: value / steps for name, value in totals.items() if name.endswith("seconds")}


def summary(rounds: list[Round], batch_size: int) -> list[dict[str, Any]]:
    """Returns the table's rows: name, aim, median and extremes over the rounds."""
    rows = [
        _row("input's cost (whole / bare - 1)", "at most 0.10", [_input_cost(r) for r in rounds]),
        _row("share of a whole step waiting", "near 0", [_waiting_share(r) for r in rounds]),
    ]
    ratios = (
        ("whole, half width: pairs/s over peer's", "at least 1.5", "whole 0.5"),
        ("bare, full width: pairs/s over peer's", "at least 1.0", "bare 1.0"),
        ("bare, half width: pairs/s over peer's", "", "bare 0.5"),
    )
    for name, aim, what in ratios:
        if f"peer {what}" in rounds[0]:
            rows.append(_row(name, aim, [_speed_ratio(each, what, "seconds") for each in rounds]))
            values = [_speed_ratio(each, what, "cpu_seconds") for each in rounds]
            rows.append(_row(f"{name}, by processor time", "", values))
    for name in rounds[0]:
        rates = [batch_size / each[name]["seconds"] for each in rounds]
        rows.append(_row(f"{name}: pairs/s", "", rates))
    return rows


def _row(name: str, aim: str, values: list[float]) -> dict[str, Any]:
    return {
        "name": name,
        "aim": aim,
        "median": statistics.median(values),
        "smallest": min(values),
        "largest": max(values),
    }


def _input_cost(measured: Round) -> float:
    return measured["project whole 0.5"]["seconds"] / measured["project bare 0.5"]["seconds"] - 1


def _waiting_share(measured: Round) -> float:
    whole = measured["project whole 0.5"]
    return whole["waiting_seconds"] / whole["seconds"]


def _speed_ratio(measured: Round, what: str, clock: str) -> float:
    return measured[f"peer {what}"][clock] / measured[f"project {what}"][clock]


def table(rows: list[dict[str, Any]]) -> str:
    """Returns the rows as a Markdown table."""
    lines = ["| | aim | median | smallest | largest |", "|---|---|---|---|---|"]
    for row in rows:
        numbers = " | ".join(f"{row[key]:.3g}" for key in ("median", "smallest", "largest"))
        lines.append(f"| {row['name']} | {row['aim']} | {numbers} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
