"""`metrics.csv`: every metric of every model, slice and class, one a row."""

import csv
import io
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from components.site_evaluator.metric_values import RECLASSIFIED_COUNTS, RECLASSIFIED_ESTIMATES
from components.site_evaluator.results import site_slice
from components.site_evaluator.sufficiency import CLASS_METRICS
from components.slice_report import number_format
from components.slice_report.estimates import WITHHELD
from components.slice_report.spreadsheet import safe_cell
from components.slice_report.vocabulary import slice_name

COLUMNS = ("model", "slice", "class", "metric", "value", "lower", "upper", "n", "status")

_COUNTS = ("true_positives", "false_positives", "false_negatives", "true_negatives")


def metrics_csv(data: dict[str, Any]) -> str:
    """Returns the table as CSV text.

    `n` counts the cases of the slice, of a class those whose label is known; of what a class loses
    at a held-out site, those on that side that the rate is of. The class is empty
    for a metric of the whole slice. Where value and interval are empty the status says why:
    `too_few`, `undefined`, `missing`, `withheld` or, of a difference, `same_scores`; else it is
    `estimated`, or `counted`.

    `NAME against the baseline NAME` (or `the champion`) is a difference, the first minus the
    second. `METRIC_in_distribution` minus `METRIC_at_site` is `METRIC_loss`, at a held-out site;
    `METRIC_site_gap` is the best site's minus the worst's. `named:CLASS` counts the cases of the
    row's class whose most probable class is that one.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        chain(
            _slice_rows(data),
            _difference_rows(data),
            _shift_rows(data),
            _site_gap_rows(data),
            _champion_rows(data),
        )
    )
    return text.getvalue()


def _slice_rows(data: dict[str, Any]) -> Iterator[list[Any]]:
    for entry in data["slices"]:
        for name in ("cases", "patients"):
            yield ["", safe_cell(entry["name"]), "", name, *_count(entry[name], entry["cases"])]
        for role, metrics in entry["models"].items():
            where = [safe_cell(data["models"][role]["model_name"]), safe_cell(entry["name"])]
            for name, estimate in metrics["metrics"].items():
                yield [*where, "", name, *_numbers(estimate, entry["cases"])]
            for class_name, values in metrics["classes"].items():
                yield from _class_rows([*where, safe_cell(class_name)], values)
            yield from _confusion_rows(where, metrics["confusion"], data["classes"])


def _class_rows(where: list[str], values: Mapping[str, Any]) -> Iterator[list[Any]]:
    known = number_format.known(values)
    for name in CLASS_METRICS:
        yield [*where, name, *_numbers(values[name], known)]
    for name in ("positives", "negatives", "positive_patients", "negative_patients"):
        yield [*where, name, *_count(values[name], known)]
    for name in _COUNTS:
        yield [*where, name, *_count(values["counts"][name], known)]
    if values["at_deployment"] is not None:
        for name in ("ppv", "npv"):
            yield [*where, f"{name}_at_deployment", *_numbers(values["at_deployment"][name], known)]


def _confusion_rows(
    where: list[str], confusion: list[list[Any]] | None, classes: list[str]
) -> Iterator[list[Any]]:
    for true, row in zip(classes, confusion or (), strict=False):
        for named, count in zip(classes, row, strict=True):
            cells = _count(count, number_format.added(*row))
            yield [*where, safe_cell(true), f"named:{named}", *cells]


def _difference_rows(data: dict[str, Any]) -> Iterator[list[Any]]:
    for entry in data["slices"]:
        for name, estimate in entry["differences"].items():
            where = [_against_baseline(data), safe_cell(entry["name"]), ""]
            yield [*where, name, *_numbers(estimate, entry["cases"])]


def _shift_rows(data: dict[str, Any]) -> Iterator[list[Any]]:
    candidate = safe_cell(data["models"]["candidate"]["model_name"])
    for row in data["shift"]:
        site = safe_cell(slice_name(site_slice(row["site"])))
        class_name = safe_cell(row["class"] or "")
        sizes = {"in_distribution": row["in_distribution_cases"]}
        for name in ("in_distribution", "at_site", "loss"):
            numbers = _numbers(row[name], sizes.get(name, row["cases"]))
            yield [candidate, site, class_name, f"{row['metric']}_{name}", *numbers]
        if "baseline" not in data["models"]:
            continue
        metric = f"{row['metric']}_loss"
        baseline = safe_cell(data["models"]["baseline"]["model_name"])
        yield [baseline, site, class_name, metric, *_numbers(row["baseline_loss"], row["cases"])]
        spared = _numbers(row["spared_loss"], row["cases"])
        where = [_against_baseline(data), site, class_name]
        yield [*where, f"{row['metric']}_spared_loss", *spared]


def _site_gap_rows(data: dict[str, Any]) -> Iterator[list[Any]]:
    between = data["heterogeneity"]
    if between is not None:
        candidate = safe_cell(data["models"]["candidate"]["model_name"])
        sites = [slice_name(site_slice(between[end]["site"])) for end in ("highest", "lowest")]
        where = [candidate, safe_cell(" against ".join(sites)), ""]
        yield [*where, f"{between['metric']}_site_gap", *_numbers(between["gap"], "")]


def _champion_rows(data: dict[str, Any]) -> Iterator[list[Any]]:
    champion = data["champion"]
    if champion is None or champion["model"] is None:
        return
    models = _against(data, "champion", champion["model"]["model_name"])
    for row in champion["comparison"]:
        numbers = _numbers(row["difference"], row["cases"])
        yield [models, safe_cell(row["slice"]), "", row["metric"], *numbers]
    yield from _change_rows(champion, models)


def _change_rows(champion: Mapping[str, Any], models: str) -> Iterator[list[Any]]:
    for row in champion["reclassified"]:
        where = [models, safe_cell(row["slice"]), safe_cell(row["class"])]
        known = number_format.known(row)
        for name in RECLASSIFIED_COUNTS:
            yield [*where, f"{row['criterion']}_{name}", *_count(row[name], known)]
        for name in RECLASSIFIED_ESTIMATES:
            yield [*where, f"{row['criterion']}_{name}", *_numbers(row[name], known)]
    for row in champion["renamed"]:
        where = [models, safe_cell(row["slice"]), ""]
        for name in ("newly_right", "newly_wrong"):
            yield [*where, f"predicted_class_{name}", *_count(row[name], row["cases"])]
        yield [*where, "predicted_class_net", *_numbers(row["net"], row["cases"])]


def _against_baseline(data: dict[str, Any]) -> str:
    return _against(data, "baseline", data["models"]["baseline"]["model_name"])


def _against(data: dict[str, Any], role: str, name: str) -> str:
    return safe_cell(f"{data['models']['candidate']['model_name']} against the {role} {name}")


def _count(number: int | str, n: Any) -> list[Any]:
    return [number, "", "", n, WITHHELD if isinstance(number, str) else "counted"]


def _numbers(estimate: dict[str, Any], n: Any) -> list[Any]:
    ends = ["" if estimate[key] is None else estimate[key] for key in ("value", "lower", "upper")]
    return [*ends, n, estimate["status"]]
