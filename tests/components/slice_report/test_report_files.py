"""The written files: the schema of the JSON, the CSV, privacy, determinism, user mistakes."""

import csv
import dataclasses
import io
import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import TypeAdapter, ValidationError

import schemas
from components.case_example_gen.ingestion_report import TextCount
from components.promotion_gate.verdict import RuleResult, Verdict
from components.site_evaluator.sufficiency import CLASS_METRICS
from components.slice_report.data_flow import data_flow, population
from components.slice_report.metrics_table import metrics_csv
from components.slice_report.render import render
from components.slice_report.report import write_report
from components.slice_report.report_data import report_data
from components.slice_report.settings import ReportSettings
from tests.components.slice_report.simulated_evaluation import (
    SETTINGS,
    simulated_evaluation,
    simulated_inputs,
)
from trainer.errors import UserError
from trainer.settings import to_json

SCHEMA = json.loads(Path(schemas.__file__).with_name("slice_report.schema.json").read_text())
OF_PATIENTS = ("positive_patients", "negative_patients")
ENDS = ("value", "lower", "upper")
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def no_constant(name):
    raise AssertionError(f"{name} is not JSON")


@pytest.fixture(scope="module")
def written(inputs, tmp_path_factory):
    directory = tmp_path_factory.mktemp("report")
    write_report(str(directory), inputs)
    return directory


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_json_is_as_the_schema_says(written):
    text = (written / "report.json").read_text(encoding="utf-8")
    VALIDATOR.validate(json.loads(text, parse_constant=no_constant))


def test_the_json_without_baseline_rules_or_held_out_site_is_as_the_schema_says(tmp_path):
    inputs = dataclasses.replace(
        simulated_inputs(with_baseline=False),
        verdict=Verdict(()),
        settings=ReportSettings(title="t", intended_use="u"),
        drift=None,
        pairs=None,
    )
    write_report(str(tmp_path), inputs)
    VALIDATOR.validate(json.loads((tmp_path / "report.json").read_text(encoding="utf-8")))


def test_the_schema_refuses_a_number_for_a_sparse_slice(written):
    data = json.loads((written / "report.json").read_text(encoding="utf-8"))
    tiny = next(item for item in data["slices"] if item["name"] == "site tiny")
    tiny["models"]["candidate"]["metrics"]["mean_auc"]["value"] = 0.9
    assert not VALIDATOR.is_valid(data)


def test_the_csv_has_every_metric_of_the_json(written):
    data = json.loads((written / "report.json").read_text(encoding="utf-8"))
    with (written / "metrics.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    by_key = {(r["model"], r["slice"], r["class"], r["metric"]): r for r in rows}
    assert len(by_key) == len(rows)
    for entry in data["slices"]:
        for role, model in entry["models"].items():
            name = data["models"][role]["model_name"]
            for metric, estimate in model["metrics"].items():
                row = by_key.pop((name, entry["name"], "", metric))
                assert row["status"] == estimate["status"]
                assert row["n"] == str(entry["cases"])
                assert row["value"] == ("" if estimate["value"] is None else str(estimate["value"]))
            for class_name, values in model["classes"].items():
                row = by_key.pop((name, entry["name"], class_name, "auc"))
                assert row["n"] == str(values["positives"] + values["negatives"])
    left = {key[3] for key in by_key if key[2]}
    counts = {"true_positives", "false_positives", "false_negatives", "true_negatives"}
    assert left >= {*CLASS_METRICS, *counts, *OF_PATIENTS, "positives", "negatives"} - {"auc"}


def number(estimate):
    return tuple("" if estimate[end] is None else str(estimate[end]) for end in ENDS)


def test_the_csv_has_every_difference_loss_and_gap_of_the_json(written):
    data = json.loads((written / "report.json").read_text(encoding="utf-8"))
    with (written / "metrics.csv").open(encoding="utf-8", newline="") as file:
        rows = {
            (row["model"], row["slice"], row["metric"]): tuple(row[end] for end in ENDS)
            for row in csv.DictReader(file)
            if not row["class"]
        }
        file.seek(0)
        of_class = {
            (row["model"], row["slice"], row["class"], row["metric"]): row
            for row in csv.DictReader(file)
        }
    candidate, baseline = (data["models"][r]["model_name"] for r in ("candidate", "baseline"))
    against = f"{candidate} against the baseline {baseline}"
    for entry in data["slices"]:
        assert rows["", entry["name"], "cases"][0] == str(entry["cases"])
        for metric, estimate in entry["differences"].items():
            assert rows[against, entry["name"], metric] == number(estimate)
    for row in data["shift"]:
        site, metric = f"site {row['site']}", row["metric"]
        if row["class"] is not None:
            for name, n in (("in_distribution", "in_distribution_cases"), ("at_site", "cases")):
                found = of_class[candidate, site, row["class"], f"{metric}_{name}"]
                assert tuple(found[end] for end in ENDS) == number(row[name])
                assert found["n"] == str(row[n])
            continue
        for name in ("in_distribution", "at_site", "loss"):
            assert rows[candidate, site, f"{metric}_{name}"] == number(row[name])
        assert rows[baseline, site, f"{metric}_loss"] == number(row["baseline_loss"])
        assert rows[against, site, f"{metric}_spared_loss"] == number(row["spared_loss"])
    between = data["heterogeneity"]
    sites = f"site {between['highest']['site']} against site {between['lowest']['site']}"
    assert rows[candidate, sites, f"{between['metric']}_site_gap"] == number(between["gap"])


def test_the_csv_has_the_confusion_matrix(tmp_path):
    data = report_data(simulated_inputs("multi_class"))
    rows = list(csv.DictReader(io.StringIO(metrics_csv(data))))
    for entry in data["slices"]:
        for role, model in entry["models"].items():
            counts = [
                int(row["value"])
                for row in rows
                if row["slice"] == entry["name"]
                and row["model"] == data["models"][role]["model_name"]
                and row["metric"].startswith("named:")
            ]
            assert counts == [count for line in model["confusion"] for count in line]


def test_every_number_of_the_json_is_a_row_of_a_csv_at_its_place(written):
    report = json.loads((written / "report.json").read_text(encoding="utf-8"))
    with (written / "numbers.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["place"]: row["value"] for row in csv.DictReader(file)}
    text = json.dumps(report)
    numbers = []
    json.loads(text, parse_float=numbers.append, parse_int=numbers.append)
    assert len(numbers) > 1000
    resolved = 0
    for place, value in rows.items():
        found = report
        for part in place.removeprefix("/").split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            found = found[int(part)] if isinstance(found, list) else found[part]
        if isinstance(found, int | float) and not isinstance(found, bool):
            assert float(value) == found
            resolved += 1
    assert resolved == len(numbers)


def test_a_name_in_the_csv_is_no_formula_for_a_spreadsheet():
    inputs = simulated_inputs(with_baseline=False)
    card = dataclasses.replace(inputs.candidate.card, model_name='=HYPERLINK("x")')
    candidate = dataclasses.replace(inputs.candidate, card=card)
    table = metrics_csv(report_data(dataclasses.replace(inputs, candidate=candidate)))
    names = {row["model"] for row in csv.DictReader(io.StringIO(table))}
    assert names == {'\'=HYPERLINK("x")', ""}


def test_no_file_names_an_image(written):
    for name in ("report.html", "report.json", "metrics.csv", "numbers.csv"):
        text = (written / name).read_text(encoding="utf-8")
        assert not any(word in text for word in ("secret", "jane-doe", "john", ".png"))


def test_the_same_inputs_give_the_same_bytes(inputs, written, tmp_path):
    write_report(str(tmp_path), inputs)
    for name in ("report.html", "report.json", "metrics.csv", "numbers.csv"):
        assert (tmp_path / name).read_bytes() == (written / name).read_bytes()


def test_the_flow_counts_images_left_out_by_reason_and_site(inputs):
    flow = data_flow(inputs.ingestion)
    assert flow["quarantined"] == [
        {"reason": "cannot be decoded", "site": "north", "images": 2},
        {"reason": "file is missing", "site": "tiny", "images": 1},
    ]
    assert flow["kept"] == {"images": 1000, "cases": 500, "patients": 450}
    assert flow["unaccounted"] == {"images": 0, "cases": 0}
    assert [(s["split"], s["cases"]) for s in flow["splits"]] == [
        ("train", 200),
        ("test", 160),
        ("shifted", 140),
    ]


def test_the_flow_of_a_site_is_what_it_sent_less_what_is_kept_of_it(inputs):
    flow = data_flow(inputs.ingestion)
    assert flow["lost_patients"] == 1
    rows = {row["site"]: row for row in flow["by_site"]}
    assert rows["north"] == {
        "site": "north",
        "received": {"images": 722, "cases": 360, "patients": 330},
        "left_out": {"images": 2, "cases": 0, "patients": 0},
        "kept": {"images": 720, "cases": 360, "patients": 330},
        "evaluated": {"images": 320, "cases": 160, "patients": 150},
    }
    assert rows["tiny"]["left_out"] == rows["tiny"]["received"]
    for of_all, step in (("received", "received"), ("kept", "kept")):
        for what in ("images", "cases", "patients"):
            assert sum(row[step][what] for row in rows.values()) == flow[of_all][what]


def test_the_flow_counts_images_with_text_in_their_pixels_by_site(inputs):
    counts = (TextCount("north", 3), TextCount("tiny", 1))
    flow = data_flow(dataclasses.replace(inputs.ingestion, text_in_pixels=counts))
    assert flow["text_in_pixels"] == [
        {"site": "north", "images": 3},
        {"site": "tiny", "images": 1},
    ]
    assert data_flow(inputs.ingestion)["text_in_pixels"] == []


def test_images_that_vanished_without_a_reason_are_called_out(inputs):
    ingestion = dataclasses.replace(inputs.ingestion, received_images=1010)
    assert data_flow(ingestion)["unaccounted"]["images"] == 7
    data = report_data(dataclasses.replace(inputs, ingestion=ingestion))
    assert data["data_flow"]["unaccounted"]["images"] == 7


def test_a_site_whose_images_were_all_left_out_is_in_the_population(inputs):
    rows = {row["site"]: row for row in population(inputs.ingestion)}
    assert (rows["tiny"]["cases"], rows["tiny"]["quarantined_images"]) == (0, 1)
    assert (rows["north"]["cases"], rows["north"]["patients"]) == (360, 330)


def test_failing_rules_come_first_with_the_n_of_their_slice(data):
    rules = data["verdict"]["rules"]
    assert [rule["passed"] for rule in rules] == [False, True, True]
    assert [rule["cases"] for rule in rules] == [90, 366, 6]


def test_a_rule_about_a_class_has_the_n_of_that_class_too(inputs):
    name = inputs.candidate.card.classes[0]
    rule = RuleResult(f"minimum auc:{name}", "site north", 0.9, 0.8, 0.95, 0.7, True, "Fine.")
    [row] = report_data(dataclasses.replace(inputs, verdict=Verdict((rule,))))["verdict"]["rules"]
    counts = inputs.candidate.slices[(("site", "north"),)].classes[name]
    assert (row["positives"], row["negatives"]) == (counts.positives, counts.negatives)
    page = render(report_data(dataclasses.replace(inputs, verdict=Verdict((rule,)))))
    assert f"{counts.positives} with, {counts.negatives} without" in page
    assert "north: 0.9 (95% CI 0.8 to 0.95), at least 0.7 required" in page


def test_the_worst_site_is_the_lowest_of_those_with_enough_cases(inputs, data):
    metric = data["main_metrics"][0]
    values = {
        site: inputs.candidate.slices[(("site", site),)].metrics[metric].value
        for site in ("north", "east", "island <b>")
    }
    assert data["worst_site"]["name"] == f"site {min(values, key=values.get)}"


def test_a_baseline_with_other_classes_is_refused():
    inputs = simulated_inputs("multi_label")
    other = simulated_evaluation("multi_class", "other", 1.0, 0.5)
    with pytest.raises(UserError, match=r"baseline_evaluation: .* multi_class \("):
        report_data(dataclasses.replace(inputs, baseline=other))


def test_a_candidate_without_the_slice_of_all_cases_is_refused():
    inputs = simulated_inputs()
    candidate = dataclasses.replace(inputs.candidate, slices={})
    with pytest.raises(UserError, match="slice of all cases is missing"):
        report_data(dataclasses.replace(inputs, candidate=candidate))


def test_settings_survive_the_way_through_a_component():
    assert TypeAdapter(ReportSettings).validate_json(to_json(SETTINGS)) == SETTINGS


@pytest.mark.parametrize("wrong", [{"titel": "x"}, {"min_cases": 0}, {"title": " "}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(ReportSettings).validate_python({"title": "t", "intended_use": "u"} | wrong)
