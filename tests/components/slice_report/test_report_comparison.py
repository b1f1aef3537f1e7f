"""Two models side by side: paired where the cases are the same, else with a warning."""

import dataclasses
import json
from importlib import resources

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner
from referencing import Registry, Resource

from components.site_evaluator.paired_predictions import OtherCasesError
from components.slice_report import comparison
from components.slice_report.comparison import comparison_data, why_not_paired, write_comparison
from components.slice_report.render import render_comparison
from components.slice_report.report import write_report
from components.slice_report.report_comparison import compared_reports, read_report
from pipeline.command_line import main
from tests.components.slice_report.simulated_evaluation import (
    simulated_evaluation,
    simulated_inputs,
)
from tests.components.slice_report.test_report_champion import with_changes
from trainer.errors import UserError


def validator():
    schemas = {
        name: json.loads((resources.files("schemas") / name).read_text())
        for name in ("comparison.schema.json", "slice_report.schema.json")
    }
    registry = Registry().with_resources(
        [(name, Resource.from_contents(schema)) for name, schema in schemas.items()]
    )
    return jsonschema.Draft202012Validator(schemas["comparison.schema.json"], registry=registry)


@pytest.fixture
def runs():
    first = simulated_inputs("multi_label")
    return first, dataclasses.replace(first, candidate=first.baseline, baseline=None)


def test_every_metric_has_its_difference_paired_by_replicate(runs):
    data = comparison_data(*runs)
    ours, theirs = (run.candidate.slices[()].metrics["mean_auc"] for run in runs)
    shown = data["slices"][0]["differences"]["mean_auc"]
    assert shown["value"] == pytest.approx(ours.value - theirs.value)
    assert [shown["lower"], shown["upper"]] == pytest.approx(
        list(np.percentile(ours.replicates - theirs.replicates, [2.5, 97.5]))
    )
    assert data["unpaired"] == []


def test_the_page_names_both_runs_and_says_that_the_interval_is_paired(runs, tmp_path):
    write_comparison(tmp_path, comparison_data(*runs))
    page = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert "A: MICLe" in page
    assert "B: random initialisation" in page
    assert "the interval of a difference is paired" in " ".join(page.split())
    assert "island &lt;b&gt;" in page
    validator().validate(json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8")))


def test_each_class_has_both_models_by_site(runs):
    data = comparison_data(*runs)
    page = render_comparison(data)
    entry = next(one for one in data["slices"] if one["name"] == "site north")
    for name in data["classes"]:
        table = page.partition(f"{name}: A and B by site")[2].partition("</table>")[0]
        row = table.partition("north")[2].partition("</tbody>")[0]
        for role in ("candidate", "baseline"):
            for metric in ("auc", "sensitivity"):
                shown = entry["models"][role]["classes"][name][metric]
                assert shown["status"] == "estimated"
                value = shown["value"]
                text = f"{value:.3f}" if metric == "auc" else f"{100 * value:.1f}%"
                assert text in row


def test_the_schema_refuses_a_number_for_a_sparse_slice(runs):
    data = json.loads(json.dumps(comparison_data(*runs)))
    tiny = next(item for item in data["slices"] if item["name"] == "site tiny")
    tiny["differences"]["mean_auc"]["value"] = 0.1
    assert not validator().is_valid(data)


def counted(monkeypatch, runs):
    """Lets the two runs' predictions say that A finds 5 more, misses 2 and so on, everywhere."""
    first, second = (run.candidate for run in runs)
    changes = {key: one.reclassified for key, one in with_changes(second, first).slices.items()}
    monkeypatch.setattr(comparison, "changes_between", lambda *given: changes)
    return comparison_data(*runs, ("a", "b"))


def test_reclassified_cases_are_counted_from_both_predictions(runs, monkeypatch):
    data = counted(monkeypatch, runs)
    validator().validate(json.loads(json.dumps(data)))
    rows = [row for row in data["reclassified"] if row["slice"] == "site north"]
    assert {(row["newly_found"], row["newly_missed"]) for row in rows} == {(5, 2)}
    page = render_comparison(data)
    assert "found by A and not by B" in " ".join(page.split())
    assert "Newly missed" in page


def test_a_model_beside_itself_has_the_same_scores_and_no_difference_with_an_interval(runs):
    first, _ = runs
    data = json.loads(json.dumps(comparison_data(first, first)))
    validator().validate(data)
    statuses = {
        difference["status"]
        for entry in data["slices"]
        for difference in entry["differences"].values()
    }
    assert statuses == {"same_scores", "too_few"}
    page = render_comparison(data)
    assert "the same scores" in page
    assert "+0.000" not in page
    assert "0.000 to 0.000" not in page


def test_without_predictions_the_page_has_no_word_of_reclassified_cases(runs):
    assert "Reclassified" not in render_comparison(comparison_data(*runs))


def test_runs_that_count_alike_and_scored_other_cases_are_not_called_paired(runs, monkeypatch):
    def other_cases(*given):
        raise OtherCasesError("record 0 is not the case of record 0")

    monkeypatch.setattr(comparison, "changes_between", other_cases)
    data = comparison_data(*runs, ("a", "b"))
    assert data["unpaired"] == ["cases"]
    assert data["reclassified"] == []


def test_small_counts_are_withheld_if_one_of_the_runs_asks_for_it(runs, monkeypatch):
    first, second = runs
    settings = dataclasses.replace(second.settings, suppress_counts_below=10)
    data = counted(monkeypatch, (first, dataclasses.replace(second, settings=settings)))
    validator().validate(json.loads(json.dumps(data)))
    assert data["settings"]["suppress_counts_below"] == 10
    by_name = {entry["name"]: entry for entry in data["slices"]}
    assert by_name["site tiny"]["cases"] == "<10"
    assert {row["newly_found"] for row in data["reclassified"]} == {"<10"}
    assert "&lt;10" in render_comparison(data)


def test_a_report_that_withholds_is_not_held_beside_one_that_does_not(reports):
    first, second = (read_report(file) for file in reports)
    first["settings"]["suppress_counts_below"] = 10
    with pytest.raises(UserError, match="--compare B: withholds counts below 0, expected 10"):
        compared_reports(first, second)


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The `report.json` of two runs."""
    inputs = simulated_inputs("multi_label")
    files = []
    for name, candidate in (("a", inputs.candidate), ("b", inputs.baseline)):
        directory = tmp_path_factory.mktemp(name)
        write_report(
            str(directory), dataclasses.replace(inputs, candidate=candidate, baseline=None)
        )
        files.append(directory / "report.json")
    return files


def test_of_two_reports_there_are_the_differences_without_interval(reports, runs):
    data = compared_reports(*(read_report(file) for file in reports))
    validator().validate(data)
    paired = comparison_data(*runs)
    assert data["unpaired"] == ["report"]
    for entry, other in zip(data["slices"], paired["slices"], strict=True):
        shown, expected = entry["differences"]["mean_auc"], other["differences"]["mean_auc"]
        assert shown["status"] == expected["status"]
        assert shown["value"] == pytest.approx(expected["value"])
        assert (shown["lower"], shown["upper"]) == (None, None)


def test_the_command_takes_files_and_says_that_intervals_are_missing(reports, tmp_path):
    arguments = ["report", "--compare", *map(str, reports), "--output", str(tmp_path / "out")]
    result = CliRunner().invoke(main, [*arguments, "--lang", "zh"])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page
    assert "差值没有区间" in page
    assert "两个模型的评估条件不同" not in page


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', '{"format": 4}'])
def test_a_file_that_is_no_report_is_named(text, tmp_path):
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(UserError, match=r"other\.json: .*report\.json"):
        read_report(file)


@pytest.mark.parametrize("what", ["data", "seed", "cases"])
def test_what_keeps_them_from_being_paired_is_said_in_a_warning(runs, what):
    first, second = runs
    if what == "data":
        second = dataclasses.replace(
            second, run=dataclasses.replace(second.run, data_fingerprint="sha256:other")
        )
    elif what == "seed":
        card = dataclasses.replace(second.candidate.card, seed=8)
        second = dataclasses.replace(
            second, candidate=dataclasses.replace(second.candidate, card=card)
        )
    else:
        sites = {"north": 150, "island <b>": 90}
        second = dataclasses.replace(
            second, candidate=simulated_evaluation("multi_label", "other", 1.0, 0.5, sites)
        )
    assert why_not_paired(first, second) == [what]
    page = render_comparison(comparison_data(first, second))
    assert "The models were not evaluated alike" in page
    assert "the interval of a difference is paired" not in " ".join(page.split())


def test_a_site_of_one_run_only_is_named(runs):
    first, second = runs
    sites = {"north": 160, "island <b>": 90}
    other = simulated_evaluation("multi_label", "other", 1.0, 0.5, sites)
    second = dataclasses.replace(second, candidate=other)
    page = render_comparison(comparison_data(first, second))
    assert "site east: evaluated for A only." in page
    data = comparison_data(second, first)
    validator().validate(json.loads(json.dumps(data)))
    assert data["sites_of_b_only"] == ["east", "tiny"]
    assert "Site east: evaluated for B only" in render_comparison(data)


def test_models_for_different_questions_are_not_compared(runs):
    other = simulated_inputs("multi_class")
    with pytest.raises(UserError, match="--compare B: the model is multi_class"):
        comparison_data(runs[0], other)
