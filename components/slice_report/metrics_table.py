"""`metrics.csv`: every metric of every model, slice and class, one a row."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from components.site_evaluator.metric_values import RECLASSIFIED_COUNTS, RECLASSIFIED_ESTIMATES
from components.site_evaluator.sufficiency import CLASS_METRICS
from components.slice_report import number_format
from components.slice_report.estimates import WITHHELD
from components.slice_report.spreadsheet import safe_cell

COLUMNS = ("model", "slice", "class", "metric", "value", "lower", "upper", "n", "status")


def metrics_csv(data: dict[str, Any]) -> str:
    """Returns the table as CSV text.

    `n` counts the cases of the slice, of a class those whose label is known. The class is empty
    for a metric of the whole slice. Where value and interval are empty the status says why:
    `too_few`, `undefined`, `missing` or `withheld`; else it is `estimated`, or `counted`.
    What changes from the champion to the candidate stands under `CANDIDATE against CHAMPION`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(data))
    if data["champion"] is not None and data["champion"]["model"] is not None:
        writer.writerows(_change_rows(data))
    return text.getvalue()


def _rows(data: dict[str, Any]) -> Iterator[list[Any]]:
    for entry in data["slices"]:
        for role, metrics in entry["models"].items():
            model = data["models"][role]["model_name"]
            where = [safe_cell(model), safe_cell(entry["name"])]
            for name, estimate in metrics["metrics"].items():
                yield [*where, "", name, *_numbers(estimate, entry["cases"])]
            for class_name, values in metrics["classes"].items():
                known = number_format.known(values)
                for name in CLASS_METRICS:
                    yield [*where, safe_cell(class_name), name, *_numbers(values[name], known)]


def _change_rows(data: dict[str, Any]) -> Iterator[list[Any]]:
    champion = data["champion"]
    names = (data["models"]["candidate"]["model_name"], champion["model"]["model_name"])
    models = safe_cell(" against ".join(names))
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


def _count(number: int | str, n: Any) -> list[Any]:
    return [number, "", "", n, WITHHELD if isinstance(number, str) else "counted"]


def _numbers(estimate: dict[str, Any], n: Any) -> list[Any]:
    ends = ["" if estimate[key] is None else estimate[key] for key in ("value", "lower", "upper")]
    return [*ends, n, estimate["status"]]
