"""What a report with `suppress_counts_below` shows, table by table and file by file."""

import csv
import dataclasses
import io
import itertools
import json
import re
from pathlib import Path

import jsonschema
import pytest
from pydantic import TypeAdapter, ValidationError

import schemas
from components.case_example_gen.ingestion_report import TextCount
from components.promotion_gate.verdict import Verdict, rule_result
from components.slice_report.metrics_table import metrics_csv
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from components.slice_report.settings import ReportSettings
from components.statement import Statement, metric_statement
from tests.components.slice_report.disclosure.consistent_inputs import consistent_inputs

NORTH = (("site", "north"),)
SCHEMA = json.loads(Path(schemas.__file__).with_name("slice_report.schema.json").read_text())


@pytest.fixture(scope="module", params=["multi_label", "multi_class"])
def inputs(request):
    return consistent_inputs(request.param)


@pytest.fixture(scope="module")
def data(inputs):
    return json.loads(json.dumps(report_data(inputs)))


@pytest.fixture(scope="module")
def page(data):
    return render(data)


def entry_of(data, name):
    return next(entry for entry in data["slices"] if entry["name"] == name)


def small_counts(content, where=""):
    """Yields every whole number from 1 to 9 that stands for cases, patients or images."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from small_counts(value, f"{where}/{name}")
    elif isinstance(content, list):
        for place, value in enumerate(content):
            yield from small_counts(value, f"{where}/{place}")
    elif type(content) is int and 0 < content < 10:
        yield where


def test_no_small_count_is_in_the_file(data):
    of_no_case = r"/(settings|format|models?/\w*/?seed|method|heterogeneity/sites)|/frozen|/bound$"
    places = list(small_counts(data))
    assert [place for place in places if not re.search(of_no_case, place)] == []


def test_the_file_is_as_the_schema_says(data):
    jsonschema.Draft202012Validator(SCHEMA).validate(data)


def test_by_default_every_count_is_shown(inputs):
    settings = dataclasses.replace(inputs.settings, suppress_counts_below=0)
    shown = report_data(dataclasses.replace(inputs, settings=settings))
    assert entry_of(shown, "site tiny")["cases"] == 6
    assert "withheld" not in json.dumps(shown["slices"])


def test_a_tiny_site_takes_another_with_it_and_both_keep_nothing(data):
    for name, cases in (("site tiny", "<10"), ("site east", "withheld")):
        entry = entry_of(data, name)
        assert entry["cases"] == cases
        model = entry["models"]["candidate"]
        assert {estimate["status"] for estimate in model["metrics"].values()} == {"withheld"}
        for values in model["classes"].values():
            assert {type(values[side]) for side in ("positives", "negatives")} == {str}
            assert values["prevalence"] is None
            assert values["roc"] is None
            assert values["calibration"] is None
    assert isinstance(entry_of(data, "all cases")["cases"], int)


def test_a_rate_with_few_missed_cases_is_withheld_and_the_auc_is_not(data):
    few = [
        values
        for entry in data["slices"]
        for values in entry["models"]["candidate"]["classes"].values()
        if isinstance(values["positives"], int) and values["counts"]["false_negatives"] == "<10"
    ]
    assert "estimated" in {values["auc"]["status"] for values in few}
    for values in few:
        assert values["counts"]["true_positives"] in ("<10", "withheld")
        assert {values[rate]["status"] for rate in ("sensitivity", "ppv", "npv")} == {"withheld"}


def test_numbers_have_the_digits_that_the_page_prints(data):
    value = entry_of(data, "all cases")["models"]["candidate"]["metrics"]["mean_auc"]["value"]
    assert value == round(value, 3)


def test_the_page_shows_no_count_of_the_tiny_site(page):
    rows = re.findall(r'<tbody class="group" data-site="tiny">.*?</tbody>', page, re.S)
    assert rows
    texts = [re.sub(r"<[^>]+>", " ", row) for row in rows]
    for text in texts:
        assert "&lt;10" in text or "withheld" in text
        assert not re.search(r"\d", text.replace("&lt;10", "")), text


def test_what_the_script_moves_over_has_no_small_step(data):
    for explored in data["exploration"]:
        for row in explored["rows"]:
            for side, total in (("true_positives", "positives"), ("false_positives", "negatives")):
                if row[side] is None:
                    assert isinstance(row[total], str) or row[total] < 20
                    continue
                points = [row[total], *(n for n in row[side] if n is not None), 0]
                steps = [high - low for high, low in itertools.pairwise(points)]
                assert not [step for step in steps if 0 < step < 10], row


def test_what_is_left_of_a_total_without_the_sites_shown_has_no_small_step(data):
    for explored in data["exploration"]:
        rows = {row["slice"]: row for row in explored["rows"]}
        sites = [
            rows[entry["name"]]
            for entry in data["slices"]
            if entry["kind"] == "site" and rows[entry["name"]]["true_positives"] is not None
        ]
        for side in ("true_positives", "false_positives"):
            by_threshold = zip(rows["all cases"][side], *(row[side] for row in sites), strict=True)
            rest = [n[0] - sum(n[1:]) for n in by_threshold if None not in n]
            steps = [high - low for high, low in itertools.pairwise(rest)]
            assert not [step for step in steps if 0 < step < 10]


def test_the_table_of_metrics_counts_as_the_page_does(data):
    rows = list(csv.DictReader(io.StringIO(metrics_csv(data))))
    tiny = [row for row in rows if row["slice"] == "site tiny"]
    assert {row["value"] for row in tiny if row["status"] != "counted"} <= {"", "<10", "withheld"}
    assert {row["value"] for row in tiny if row["status"] == "counted"} <= {"0"}
    assert {row["n"] for row in tiny} <= {"<10", "withheld"}
    counts = {row["value"] for row in rows if row["status"] in ("counted", "withheld")}
    assert not [value for value in counts if value.isdigit() and 0 < int(value) < 10]


def test_what_a_class_loses_at_a_site_is_withheld_where_one_of_its_rates_is(data):
    of = {"sensitivity": "positives", "specificity": "negatives"}
    statuses = set()
    for row in data["shift"]:
        if row["class"] is None:
            continue
        places = [entry_of(data, name) for name in (f"site {row['site']}", "in distribution")]
        classes = [[m["classes"][row["class"]] for m in e["models"].values()] for e in places]
        counts = [models[0][of[row["metric"]]] for models in classes]
        assert [row["cases"], row["in_distribution_cases"]] == counts
        rates = {values[row["metric"]]["status"] for models in classes for values in models}
        assert (row["loss"]["status"] == "withheld") == ("withheld" in rates)
        if "withheld" in rates:
            names = ("in_distribution", "at_site", "baseline_loss", "spared_loss")
            assert {row[name]["status"] for name in names} == {"withheld"}
        statuses.add(row["loss"]["status"])
    assert "withheld" in statuses


def with_patients(inputs, patients, of_first, of_others):
    """Gives the site north so many patients, with and without the classes; elsewhere one a case."""

    def changed(evaluation):
        first, *_ = evaluation.card.classes
        north = evaluation.slices[NORTH]
        classes = {
            name: dataclasses.replace(of_class, positive_patients=having, negative_patients=lacking)
            for name, of_class in north.classes.items()
            for having, lacking in [of_first if name == first else of_others]
        }
        others = {
            other: dataclasses.replace(metrics, patients=metrics.cases)
            for other, metrics in evaluation.slices.items()
        }
        north = dataclasses.replace(north, patients=patients, classes=classes)
        return dataclasses.replace(evaluation, slices={**others, NORTH: north})

    models = {role: changed(getattr(inputs, role)) for role in ("candidate", "baseline")}
    return dataclasses.replace(inputs, **models)


def patients_at_north(task, patients, of_first, of_others):
    given = consistent_inputs(task, {"north": 400, "east": 400, "island <b>": 400})
    data = report_data(with_patients(given, patients, of_first, of_others))
    classes = entry_of(data, "site north")["models"]["candidate"]["classes"].values()
    assert all(isinstance(values["positives"], int) for values in classes)
    return [(values["positive_patients"], values["negative_patients"]) for values in classes]


@pytest.mark.parametrize(
    ("patients", "having", "lacking", "shown"),
    [
        pytest.param(100, 60, 80, (60, 80), id="no kind of patient is rare"),
        pytest.param(100, 9, 100, ("<10", "withheld"), id="few have it"),
        pytest.param(100, 60, 45, ("withheld", "withheld"), id="few have both"),
        pytest.param(100, 95, 80, ("withheld", "withheld"), id="few lack it always"),
        pytest.param(100, 80, 95, ("withheld", "withheld"), id="few have it always"),
    ],
)
def test_patients_of_a_class_are_withheld_with_what_they_tell(patients, having, lacking, shown):
    first, *others = patients_at_north("multi_label", patients, (having, lacking), (60, 80))
    assert first == shown
    assert others == [(60, 80)] * 2


def test_patients_of_one_class_are_not_what_those_of_the_others_leave_of_the_site():
    shown = patients_at_north("multi_class", 100, (9, 91), (45, 55))
    assert shown[0] == ("<10", "withheld")
    assert ("withheld", "withheld") in shown[1:]


def test_the_flow_withholds_lost_cases_and_what_would_tell_them(data):
    flow = data["data_flow"]
    assert (flow["lost_cases"], flow["received"]["cases"]) == ("<10", "withheld")
    assert (flow["lost_patients"], flow["received"]["patients"]) == ("<10", "withheld")
    assert isinstance(flow["kept"]["cases"], int)
    assert all(isinstance(split["cases"], int) for split in flow["splits"])


def test_what_each_site_sent_and_lost_is_withheld_and_the_page_says_so(inputs, data, page):
    assert data["data_flow"]["by_site"] is None
    sentence = "small counts are withheld: what a site loses is often few cases."
    assert f"Not shown, because {sentence}" in page
    settings = dataclasses.replace(inputs.settings, suppress_counts_below=0)
    shown = report_data(dataclasses.replace(inputs, settings=settings))
    lost = {row["site"]: row["left_out"] for row in shown["data_flow"]["by_site"]}
    assert lost["north"] == {"images": 2, "cases": 3, "patients": 2}
    assert sentence not in render(shown)
    ingestion = dataclasses.replace(inputs.ingestion, received=())
    older = report_data(dataclasses.replace(inputs, ingestion=ingestion))
    assert older["data_flow"]["by_site"] == []


def test_how_many_images_of_a_site_have_text_in_their_pixels_is_withheld(inputs):
    counts = (TextCount("north", 120), TextCount("tiny", 6))
    ingestion = dataclasses.replace(inputs.ingestion, text_in_pixels=counts)
    told = report_data(dataclasses.replace(inputs, ingestion=ingestion))
    assert told["data_flow"]["text_in_pixels"] == [
        {"site": "north", "images": "withheld"},
        {"site": "tiny", "images": "<10"},
    ]
    jsonschema.validate(json.loads(json.dumps(told)), SCHEMA)
    assert "north withheld, tiny &lt;10" in render(told)


def test_of_the_drift_of_a_share_only_the_distance_is_left(data):
    features = [found for row in data["drift"] for found in row["features"] or ()]
    shares = [found for found in features if found["measure"] == "share"]
    assert shares
    assert {(found["at_site"], found["at_training_sites"]) for found in shares} == {(None, None)}
    assert all(found["distance"] == round(found["distance"], 2) for found in shares)


def rule_on(site, rule, metric, measured, **found):
    where = Statement("gate.where.site", {"site": site})
    asked = {"metric": metric_statement(metric), "bound": 0.75}
    said = Statement("gate.found.measured_alone", {"where": where, "value": measured, **found})
    requirement = Statement("gate.asked.minimum_value", asked)
    sentence = Statement("gate.reason", {"requirement": requirement, "found": said})
    return rule_result(
        f"{rule} {metric}", where, sentence, bound=0.75, passed=False, measured=measured
    )


def test_a_rule_keeps_its_outcome_and_loses_a_number_that_rests_on_few_cases(inputs):
    name = inputs.candidate.card.classes[0]
    tiny = rule_on("tiny", "minimum", f"sensitivity:{name}", 0.66667, cases=6)
    north = rule_on("north", "minimum", "mean_auc", 0.8123456, cases=160)
    verdict = Verdict((tiny, north))
    data = report_data(dataclasses.replace(inputs, verdict=verdict))
    first, second = data["verdict"]["rules"]
    assert (first["passed"], first["measured"], first["withheld"]) == (False, None, True)
    assert "0.667" not in first["reason"]
    assert first["reason"].startswith("Required: sensitivity of")
    assert "withheld" in first["reason"]
    assert (second["measured"], second["withheld"]) == (0.812, False)
    assert "0.8123456" not in json.dumps(second)
    page = render(json.loads(json.dumps(data)))
    assert "✕ fails" in page


def test_a_sentence_on_each_class_is_withheld_where_a_count_of_a_class_is(inputs):
    name = inputs.candidate.card.classes[0]
    lack = Statement("gate.lack.positives", {"found": 17, "needed": 20, "class": name})
    where = Statement("gate.where.site", {"site": "tiny"})
    each = Statement("gate.lack.each_class", {"lacks": (lack,)})
    obstacle = Statement("gate.obstacle.too_few", {"lack": each})
    found = Statement("gate.found.unmeasured", {"where": where, "obstacle": obstacle})
    asked = Statement(
        "gate.asked.minimum_value", {"metric": metric_statement("mean_auc"), "bound": 0.75}
    )
    sentence = Statement("gate.reason", {"requirement": asked, "found": found})
    rule = rule_result("minimum mean_auc", where, sentence, bound=0.75, passed=True)
    data = report_data(dataclasses.replace(inputs, verdict=Verdict((rule,))))
    [shown] = data["verdict"]["rules"]
    assert "17" not in json.dumps(shown)
    assert "withheld" in shown["reason"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"suppress_counts_below": 1}, "suppress_counts_below must be 0"),
        ({"suppress_counts_below": -3}, "suppress_counts_below must be 0"),
        ({"suppress_counts_below": 10, "error_gallery": 2}, "error_gallery shows single cases"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(settings, message):
    words = {"title": "t", "intended_use": "u"}
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(ReportSettings).validate_python(words | settings)
