"""Prints the tables of a study's report as Markdown, as docs/results.md has them.

    micle study configs/study-ham10000.yaml --workers 2
    python benchmarks/study_tables.py runs/study-ham10000/study/study.json

A cell is the mean over the seeds with its 95% interval; a difference is followed by its p-value,
corrected for all comparisons of its table.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from components.slice_report.study_excerpt import STUDY_FORMAT

_GROUPS = {"in_distribution": "in distribution", "held_out": "held-out sites"}


def main() -> None:
    """Reads one `study.json` and prints its tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path)
    file = parser.parse_args().study
    study = json.loads(file.read_text(encoding="utf-8"))
    if study["schema_version"] != STUDY_FORMAT:
        parser.error(f"{file} is of another version. Make it again: micle study STUDY --report")
    print(f"{study['arms_finished']} of {study['arms']} arms, seeds {study['seeds']}\n")
    for metric in study["metrics"]:
        for group, name in _GROUPS.items():
            rows = [r for r in study["results"] if (r["metric"], r["group"]) == (metric, group)]
            if rows:
                print(f"{metric}, {name} ({rows[0]['cases']:,} cases)\n")
                print(by_fraction(study, rows, estimate_and_difference))
    print(f"Contrasts, {study['metric']}\n")
    print(contrasts(study))
    print("Label efficiency\n")
    print(label_efficiency(study))
    for place, rows in grouped(study["shift"], "place"):
        print(f"Loss at {place} ({rows[0]['cases']:,} cases)\n")
        print(by_fraction(study, rows, loss_and_difference))
    for name, rows in grouped(study["classes"], "class"):
        print(f"AUC of {name}, in distribution\n")
        print(by_fraction(study, rows, estimate_and_difference))
    if study["cost"]:
        print("Minutes of pretraining and fine-tuning\n")
        print(by_fraction(study, study["cost"], minutes))


def grouped(rows: Iterable[dict[str, Any]], key: str) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    """Returns the rows of each value of a key, in the order of their first row."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found.items()


def by_fraction(study: dict[str, Any], rows: Sequence[dict[str, Any]], cell: Any) -> str:
    """Returns a row per start and a column per share of the labels, as far as arms are finished."""
    lines = []
    shares = [f for f in study["label_fractions"] if any(r["label_fraction"] == f for r in rows)]
    for trainable in study["trainable"]:
        for start in study["initialisations"]:
            found = {
                row["label_fraction"]: cell(row)
                for row in rows
                if (row["initialisation"], row["trainable"]) == (start["name"], trainable)
            }
            if found:
                name = named(start["name"], trainable)
                lines.append([name, *(found.get(share, "not run") for share in shares)])
    return table(["start", *(f"{share:.0%}" for share in shares)], lines)


def contrasts(study: dict[str, Any]) -> str:
    """Returns the differences of the pairs that the study names, of its own metric."""
    lines = [
        [
            named(f"{row['initialisation']} − {row['against']}", row["trainable"]),
            _GROUPS[row["group"]],
            f"{row['label_fraction']:.0%}",
            difference(row),
        ]
        for row in study["contrasts"]
        if row["metric"] == study["metric"]
    ]
    return table(["pair", "cases", "labels", "difference"], lines)


def label_efficiency(study: dict[str, Any]) -> str:
    """Returns the share of the labels with which each start equals the baseline with the most."""
    lines = [
        [named(row["initialisation"], row["trainable"]), share_of_labels(row)]
        for row in study["label_efficiency"]
    ]
    return table(["start", "share of labels"], lines)


def share_of_labels(row: dict[str, Any]) -> str:
    """Returns `32% (10% or fewer to not reached)`."""
    words = {"not_reached": "not reached", "at_smallest": "{:.0%} or fewer", "reached": "{:.0%}"}
    found = words[row["status"]].format(row["label_fraction"])
    if row["lower_status"] is None:
        return found
    ends = (words[row[f"{end}_status"]].format(row[end]) for end in ("lower", "upper"))
    return f"{found} ({' to '.join(ends)})"


def named(start: str, trainable: str) -> str:
    """Returns how a row is called whose network is fine-tuned as a whole, or only its head."""
    return start if trainable == "network" else f"{start}, linear probe"


def estimate_and_difference(row: dict[str, Any]) -> str:
    """Returns `0.812 (0.790 to 0.830); +0.010 (…), p 0.04`."""
    own = estimate(row["estimate"])
    return own if row["difference"] is None else f"{own}; {difference(row)}"


def loss_and_difference(row: dict[str, Any]) -> str:
    """Returns the loss, and what it is more than the baseline's."""
    return estimate_and_difference({**row, "estimate": row["loss"]})


def minutes(row: dict[str, Any]) -> str:
    """Returns the minutes of an arm's pretraining, its whole chain, and of its fine-tuning."""
    ready = "ready encoder + " if row["ready_encoder"] else ""
    return f"{ready}{row['pretraining_seconds'] / 60:.1f} + {row['fine_tuning_seconds'] / 60:.1f}"


def difference(row: dict[str, Any]) -> str:
    """Returns a difference with its interval and corrected p-value."""
    found = estimate(row["difference"], sign="+")
    if row["p_holm"] is None:
        return found
    return f"{found}, p {'< 0.001' if row['p_holm'] < 0.001 else format(row['p_holm'], '.2g')}"


def estimate(found: dict[str, Any], sign: str = "") -> str:
    """Returns a number with its interval, or why there is none."""
    if found["value"] is None:
        return str(found["status"]).replace("_", " ")
    value, lower, upper = (f"{found[end]:{sign}.3f}" for end in ("value", "lower", "upper"))
    return f"{value} ({lower} to {upper})"


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Returns a Markdown table."""
    rule = ["---"] * len(header)
    return "".join(f"| {' | '.join(line)} |\n" for line in [header, rule, *lines])


if __name__ == "__main__":
    main()
