"""Runs a configuration with several seeds and prints its result by site as a Markdown table.

    python benchmarks/real_runs.py configs/ham10000.yaml --seeds 0 1

The configuration's own seed keeps its output_dir; another seed N gets `<output_dir>-seed-N`.
Stopped at any moment, the same command goes on. Differences are candidate minus baseline on the
same patients, with the report's own paired 95% interval.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pipeline.configuration import load_configuration

GROUPS = ("all cases", "in distribution", "held-out sites")
MODELS = ("candidate", "baseline")


def main() -> None:
    """Runs every seed, then prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("configuration")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    arguments = parser.parse_args()
    rows = [row for seed in arguments.seeds for row in run_seed(arguments.configuration, seed)]
    print("| seed | metric | cases | candidate | baseline | difference |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def run_seed(path: str, seed: int) -> list[list[str]]:
    """Runs one seed (or takes what is there) and returns its rows of the table."""
    configuration = load_configuration(path)
    output = configuration.output_dir
    if seed != configuration.seed:
        output = f"{output}-seed-{seed}"
    values = configuration.model_dump(mode="json") | {"seed": seed, "output_dir": output}
    with tempfile.TemporaryDirectory() as directory:
        derived = Path(directory, "configuration.yaml")
        derived.write_text(yaml.safe_dump(values))
        command = [sys.executable, "-m", "pipeline", "run", str(derived)]
        subprocess.run(command, check=True, stdout=sys.stderr)
    report = json.loads(Path(output, "report", "report.json").read_text())
    return list(table_rows(seed, report))


def table_rows(seed: int, report: dict[str, Any]) -> Iterator[list[str]]:
    """Yields a row per main metric and group of cases."""
    for metric in report["main_metrics"]:
        for entry in report["slices"]:
            if entry["name"] in GROUPS:
                models = [entry["models"][role]["metrics"][metric] for role in MODELS]
                estimates = [*models, entry["differences"][metric]]
                cases = f"{entry['name']} ({entry['cases']})"
                yield [str(seed), metric, cases, *map(shown, estimates)]


def shown(estimate: dict[str, Any]) -> str:
    """Returns value and interval, or why there is none."""
    if estimate["status"] != "estimated":
        return estimate["status"]
    return f"{estimate['value']:.3f} ({estimate['lower']:.3f} to {estimate['upper']:.3f})"


if __name__ == "__main__":
    main()
