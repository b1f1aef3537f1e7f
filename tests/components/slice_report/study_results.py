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
        "label_cases_fewest": round(1000 * fraction) - 3,
        "label_cases_most": round(1000 * fraction),
        "seeds": 3,
        "cases": 1149,
        "estimate": estimate(value),
        "by_seed": {"0": value, "1": value, "2": value},
        "difference": None if is_baseline else estimate(gain),
        "p_value": None if is_baseline else 0.00004,
        "p_holm": None if is_baseline else 0.0123,
    }


def compared(start: str, difference: float | None) -> dict[str, Any]:
    """Returns what tells the row of a start apart from the baseline's."""
    if start == "supervised":
        return {"difference": None, "p_value": None, "p_holm": None}
    p_values = (0.02, 0.04) if difference is not None else (None, None)
    return {
        "difference": estimate(difference),
        **dict(zip(("p_value", "p_holm"), p_values, strict=True)),
    }


def contrast(fraction: float, group: str, metric: str) -> dict[str, Any]:
    return {
        "metric": metric,
        "group": group,
        "initialisation": "<i>micle</i>",
        "trainable": "network",
        "label_fraction": fraction,
        "against": "supervised",
        "seeds": 3,
        **compared("<i>micle</i>", 0.027 if fraction == 1.0 else 0.029),
    }


def shift_row(place: str, start: str, fraction: float, loss: float, cases: int) -> dict[str, Any]:
    inside = 0.86 if start == "supervised" else 0.89
    return {
        "metric": "mean_auc",
        "place": place,
        "initialisation": start,
        "trainable": "network",
        "label_fraction": fraction,
        "seeds": 3,
        "cases": cases,
        "classes": ["effusion"] if place == "<script>" else [],
        "in_distribution": estimate(inside),
        "estimate": estimate(inside - loss),
        "loss": estimate(loss),
        **compared(start, loss - 0.071),
    }


def class_row(name: str, start: str, fraction: float, gain: float | None) -> dict[str, Any]:
    return {
        "metric": "auc",
        "class": name,
        "initialisation": start,
        "trainable": "network",
        "label_fraction": fraction,
        "seeds": 3,
        "estimate": estimate(None if gain is None else 0.8 + gain),
        **compared(start, gain),
    }


def study_results(**changes: Any) -> dict[str, Any]:
    """Returns the content of a `study.json`: two starts, shares, metrics and sites."""
    starts = ("supervised", "<i>micle</i>")
    values = {"supervised": (0.80, 0.86), "<i>micle</i>": (0.83, 0.89)}
    return {
        "schema_version": 3,
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
        "contrasts": [
            contrast(fraction, "in_distribution", metric)
            for metric in ("mean_auc", "accuracy")
            for fraction in (0.1, 1.0)
        ],
        "label_efficiency": [
            {
                "metric": "mean_auc",
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
        "shift": [
            shift_row(place, start, fraction, loss + (0 if fraction == 1.0 else 0.3), cases)
            for place, losses, cases in (
                ("held-out sites", (0.071, 0.043), 1149),
                ("north", (0.064, 0.047), 900),
                ("<script>", (0.092, 0.038), 249),
            )
            for fraction in (0.1, 1.0)
            for start, loss in zip(starts, losses, strict=True)
        ],
        "classes": [
            class_row(name, start, fraction, gain)
            for name, gain in (("effusion", 0.052), ("<b>nodule", None))
            for fraction in (0.1, 1.0)
            for start in starts
        ],
        "cost": [],
        **changes,
    }
