"""A study of several starts inside the report."""

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest

import schemas
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from components.slice_report.study_excerpt import excerpt, read_study
from tests.components.slice_report.simulated_evaluation import simulated_inputs
from tests.components.slice_report.study_results import study_results
from trainer.errors import UserError

SCHEMAS = Path(schemas.__file__).parent


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


def with_study(language="en"):
    inputs = simulated_inputs()
    settings = dataclasses.replace(inputs.settings, language=language)
    return dataclasses.replace(inputs, settings=settings, study=excerpt(study_results()))


def written(directory, study):
    path = directory / "study.json"
    path.write_text(json.dumps(study))
    return str(path)


@pytest.fixture(scope="module")
def data():
    return report_data(with_study())


@pytest.fixture(scope="module")
def page(data):
    return render(data)


def test_the_study_used_here_is_one_that_micle_study_could_have_written():
    jsonschema.validate(study_results(), schema("study_report"))


def test_the_rows_of_the_studys_own_metric_are_taken_over(data):
    assert {row["metric"] for row in data["study"]["results"]} == {"mean_auc"}
    assert len(data["study"]["results"]) == 2 * 2 * 2
    jsonschema.validate(json.loads(json.dumps(data)), schema("slice_report"))


def test_the_page_has_the_differences_and_the_share_that_reaches_the_baseline(page):
    section = page[page.index('<section aria-labelledby="study">') :]
    section = section[: section.index("</section>")]
    for words in (
        "+0.031",
        "0.012",
        "&lt; 0.001",
        "0.860",
        "55.0%",
        "10.0% or fewer to not reached",
        "SimCLR natural → MICLe medical",
    ):
        assert words in section
    assert 'role="img"' in section
    assert 'href="#study"' in page


def test_names_of_a_study_are_escaped(page):
    assert "<i>micle" not in page
    assert "<b>compared" not in page
    assert "Starts &lt;b&gt;compared&lt;/b&gt;" in page


def test_the_section_is_in_the_language_of_the_report():
    page = render(report_data(with_study("zh")))
    assert "不同起点在不同标注比例下的比较" in page
    assert "Share of labels" not in page
    assert "10.0% 或更少 至 未达到" in page
    assert "share of the training patients" not in page


def test_a_report_without_a_study_has_no_word_of_it():
    page = render(report_data(simulated_inputs()))
    assert 'id="study"' not in page
    assert 'href="#study"' not in page


def test_a_study_is_read_from_its_file(tmp_path):
    assert read_study(written(tmp_path, study_results()), "multi_label") == excerpt(study_results())


@pytest.mark.parametrize(
    ("study", "message"),
    [
        (study_results(schema_version=99), "not the result of this version's 'micle study'"),
        ([], "not the result of this version's 'micle study'"),
        (study_results(evaluation_split="validation"), "evaluated on validation"),
        (study_results(task="multi_class"), "is about a multi_class task"),
    ],
)
def test_another_file_is_refused_with_its_name(study, message, tmp_path):
    path = written(tmp_path, study)
    with pytest.raises(UserError, match=message) as caught:
        read_study(path, "multi_label")
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"study: .*cannot be read"):
        read_study(str(tmp_path / "study.json"), "multi_label")
