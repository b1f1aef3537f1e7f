"""A small result of `micle study`, with chosen numbers."""

from typing import Any


def estimate(value: float | None) -> dict[str, Any]:
    if value is None:
        return {"status": "too_few", "value": None, "lower": None, "upper": None}
    ends = {"lower": value - 0.02, "upper": value + 0.02}
    return {"status": "estimated", "value": value, **ends}


def row(start: str, fraction: float, value: float, group: str, metric: str) -> dict[str, Any]:
    is_baseline = start == "supervised"
    gain = None if group == "held_out" else 0.031
    return {
        "metric": metric,
        "group": group,
        "initialisation": start,
        "trainable": "network",
        "label_fraction": fraction,
        "seeds": 3,
        "cases": 1149,
        "estimate": estimate(value),
        "by_seed": {"0": value, "1": value, "2": value},
        "difference": None if is_baseline else estimate(gain),
        "p_value": None if is_baseline else 0.00004,
        "p_holm": None if is_baseline else 0.0123,
    }


def study_results(**changes: Any) -> dict[str, Any]:
    """Returns the content of a `study.json`: two starts, two shares, two metrics."""
    values = {"supervised": (0.80, 0.86), "<i>micle</i>": (0.83, 0.89)}
    return {
        "schema_version": 2,
        "title": "Starts <b>compared</b>",
        "task": "multi_label",
        "evaluation_split": "test",
        "metric": "mean_auc",
        "metrics": ["mean_auc", "accuracy"],
        "baseline": "supervised",
        "seeds": [0, 1, 2],
        "label_fractions": [0.1, 1.0],
        "trainable": ["network"],
        "arms": 12,
        "arms_finished": 12,
        "initialisations": [
            {"name": "supervised", "steps": ["supervised natural"]},
            {
                "name": "<i>micle</i>",
                "steps": ["SimCLR natural", "MICLe medical"],
                "own_fine_tuning": [],
            },
        ],
        "results": [
            row(start, fraction, value, group, metric)
            for metric in ("mean_auc", "accuracy")
            for group in ("in_distribution", "held_out")
            for start, pair in values.items()
            for fraction, value in zip((0.1, 1.0), pair, strict=True)
        ],
        "contrasts": [],
        "label_efficiency": [
            {
                "initialisation": "<i>micle</i>",
                "trainable": "network",
                "target": 0.86,
                "target_fraction": 1.0,
                "status": "reached",
                "label_fraction": 0.55,
                "lower_status": "at_smallest",
                "lower": 0.1,
                "upper_status": "not_reached",
                "upper": None,
            }
        ],
        "shift": [],
        "classes": [],
        "cost": [],
        **changes,
    }
