"""A study of several starts inside the report."""

import csv
import dataclasses
import io
import json
import re
from pathlib import Path

import jsonschema
import pytest

import schemas
from components.slice_report import svg
from components.slice_report.message_catalogue import ENGLISH
from components.slice_report.numbers_table import numbers_csv
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from components.slice_report.study_excerpt import excerpt, read_study
from components.slice_report.study_plots import shift_figure
from tests.components.slice_report.simulated_evaluation import simulated_inputs
from tests.components.slice_report.study_results import (
    class_row,
    estimate,
    shift_row,
    study_results,
)
from trainer.errors import UserError

CLASSES = ("<b>nodule", "effusion")
SCHEMAS = Path(schemas.__file__).parent


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


def with_study(language="en"):
    inputs = simulated_inputs()
    settings = dataclasses.replace(inputs.settings, language=language)
    return dataclasses.replace(inputs, settings=settings, study=excerpt(study_results()))


def section_of(page):
    section = page[page.index('<section aria-labelledby="study">') :]
    return section[: section.index("</section>")]


def table_of(page, caption):
    """Returns the rows of a table in the study's section as lists of words."""
    rest = section_of(page).partition(f"<caption>{caption}")[2]
    assert rest, caption
    body = rest[: rest.index("</table>")].partition("</thead>")[2]
    return [
        [
            " ".join(re.sub("<[^>]+>", " ", cell).split())
            for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", line, re.DOTALL)
        ]
        for line in body.split("<tr")[1:]
    ]


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
    section = section_of(page)
    for words in (
        "+0.031",
        "0.012",
        "&lt; 0.001",
        "0.860",
        "55%",
        "10% or fewer to not reached",
        "SimCLR natural → MICLe medical",
    ):
        assert words in section
    assert 'role="img"' in section
    assert 'href="#study"' in page


def test_the_labelled_cases_of_the_studys_models_are_not_taken_over(data):
    assert "label_cases" not in numbers_csv(data).partition("/study/")[2]


def test_contrasts_are_those_of_the_studys_metric(data, page):
    assert {row["metric"] for row in data["study"]["contrasts"]} == {"mean_auc"}
    rows = table_of(page, "Mean AUC: first start minus second")
    assert [row[3] for row in rows] == ["10%", "100%"]
    start, against, cases = "&lt;i&gt;micle&lt;/i&gt;", "supervised", "in distribution"
    difference = "+0.027 +0.007 to +0.047"
    assert rows[1] == [start, against, cases, "100%", "3", difference, "0.020", "0.040"]


def test_a_study_without_contrasts_has_no_table_of_them():
    inputs = dataclasses.replace(with_study(), study=excerpt(study_results(contrasts=[])))
    assert "Pairs of starts" not in section_of(render(report_data(inputs)))


def test_the_shift_has_level_loss_and_difference_at_every_place_with_the_most_labels(data, page):
    assert {row["label_fraction"] for row in data["study"]["shift"]} == {1.0}
    rows = table_of(page, "Mean AUC and its loss, with 100% of the labels")
    assert [row[:2] for row in rows[::2]] == [
        ["held-out sites", "1,149"],
        ["north", "900"],
        ["&lt;script&gt;", "249"],
    ]
    assert rows[1] == [
        "&lt;i&gt;micle&lt;/i&gt;",
        "0.890 0.870 to 0.910",
        "0.847 0.827 to 0.867",
        "+0.043 +0.023 to +0.063",
        "−0.028 −0.048 to −0.008",
        "0.020",
        "0.040",
    ]
    assert rows[0][-3:] == ["baseline", "–", "–"]
    assert "&lt;script&gt;: both sides average over effusion" in section_of(page)


def test_the_gain_in_each_class_stands_under_its_start(data, page):
    assert {row["label_fraction"] for row in data["study"]["classes"]} == {1.0}
    rows = table_of(page, "AUC in distribution minus that of supervised, with 100%")
    too_few = "too few to estimate"
    assert rows == [
        ["effusion", "0.852 0.832 to 0.872", "+0.052 +0.032 to +0.072 p 0.040"],
        ["&lt;b&gt;nodule", too_few, too_few],
    ]


def test_the_page_has_a_figure_of_curve_shift_and_classes(page):
    labels = re.findall(r'<svg role="img" aria-label="([^"]*)"', section_of(page))
    assert [label.partition(",")[0] for label in labels] == [
        "Mean AUC against the share of labels",
        "Mean AUC in distribution and at held-out sites",
        "AUC of each class minus that of supervised",
    ]


def test_a_place_with_too_few_cases_says_so_once_in_each_panel_of_the_figure():
    rows = [
        shift_row("north", start, 1.0, 0.05, 900)
        | dict.fromkeys(("in_distribution", "estimate", "loss"), estimate(None))
        for start in ("supervised", "<i>micle</i>")
    ]
    with svg.style("shift"):
        panels = shift_figure(study_results(shift=rows), ENGLISH).axes
    said = [[text.get_text() for text in panel.texts] for panel in panels]
    assert said == [["too few to estimate"] * 2] * 2


def test_the_axis_of_the_loss_names_the_metric_as_within_a_sentence():
    with svg.style("shift"):
        panels = shift_figure(study_results(), ENGLISH).axes
    assert panels[-1].get_xlabel() == "loss of mean AUC"


def test_every_number_of_the_section_is_in_the_table_of_numbers(data):
    numbers = dict(list(csv.reader(io.StringIO(numbers_csv(data)))))
    assert numbers["/study/shift/1/loss/value"] == "0.043"
    assert numbers["/study/contrasts/1/difference/value"] == "0.027"
    assert numbers["/study/classes/1/difference/value"] == "0.052"


def test_many_starts_stand_in_several_tables_of_classes_that_each_fit_on_paper():
    names = ["supervised", *(f"start-{number}" for number in range(8))]
    starts = [{"name": name, "steps": []} for name in names]
    rows = [class_row("effusion", name, 1.0, 0.01) for name in names]
    changes = {"initialisations": starts, "classes": rows, "label_efficiency": [], "shift": []}
    many = excerpt(study_results(**changes))
    section = section_of(render(report_data(dataclasses.replace(with_study(), study=many))))
    headings = re.findall(r"AUC of supervised</th>(.*?)</tr>", section)
    assert [heading.count("<th") for heading in headings] == [4, 4]


def test_where_the_baseline_alone_is_finished_there_is_no_table_of_gains():
    alone = [class_row("effusion", "supervised", 1.0, 0.05)]
    half = excerpt(study_results(classes=alone))
    section = section_of(render(report_data(dataclasses.replace(with_study(), study=half))))
    assert "AUC of supervised</th>" not in section


def with_arms(finished, language="en"):
    study = excerpt(study_results(arms_finished=finished))
    return dataclasses.replace(with_study(language), study=study)


def test_an_unfinished_study_says_how_much_of_it_was_there():
    data = report_data(with_arms(7))
    jsonschema.validate(json.loads(json.dumps(data)), schema("slice_report"))
    assert "was unfinished" in section_of(render(data))
    assert "7 of its 12 models were" in section_of(render(data))
    assert "unfinished" not in section_of(render(report_data(with_arms(12))))
    assert "共 12 个模型，当时已有 7 个" in render(report_data(with_arms(7, "zh")))


def test_the_study_of_an_older_versions_run_is_shown_without_its_arms():
    study = {name: value for name, value in with_study().study.items() if "arms" not in name}
    data = report_data(dataclasses.replace(with_study(), study=study))
    jsonschema.validate(json.loads(json.dumps(data)), schema("slice_report"))
    assert "unfinished" not in section_of(render(data))


def test_names_of_a_study_are_escaped(page):
    assert "<script>" not in section_of(page)
    assert "<b>nodule" not in page
    assert "<i>micle" not in page
    assert "<b>compared" not in page
    assert "Starts &lt;b&gt;compared&lt;/b&gt;" in page


def test_the_section_is_in_the_language_of_the_report():
    page = render(report_data(with_study("zh")))
    assert "不同起点在不同标注比例下的比较" in page
    assert "Share of labels" not in page
    assert "10% 或更少 至 未达到" in page
    assert "share of the training patients" not in page
    assert "held-out sites" not in section_of(page)
    rows = table_of(page, "使用 100% 标注时的平均 AUC及其损失")
    assert rows[0][:2] == ["未参与训练的站点", "1,149"]
    [found] = [row for row in table_of(page, "使用 100% 标注时，分布内 AUC") if "effusion" in row]
    assert found[-1] == "+0.052 +0.032 至 +0.072 p 值 0.040"


def test_a_report_without_a_study_has_no_word_of_it():
    page = render(report_data(simulated_inputs()))
    assert 'id="study"' not in page
    assert 'href="#study"' not in page


def test_a_study_is_read_from_its_file(tmp_path):
    found = read_study(written(tmp_path, study_results()), "multi_label", CLASSES)
    assert found == excerpt(study_results())


@pytest.mark.parametrize(
    ("study", "message"),
    [
        (study_results(schema_version=99), "not the result of this version's 'micle study'"),
        ([], "not the result of this version's 'micle study'"),
        (study_results(evaluation_split="validation"), "evaluated on validation"),
        (study_results(task="multi_class"), "is about a multi_class task"),
        (
            study_results(classes=[class_row("melanoma", "supervised", 1.0, 0.05)]),
            "is about the classes melanoma, and this run about <b>nodule, effusion. Name a study",
        ),
    ],
)
def test_another_file_is_refused_with_its_name(study, message, tmp_path):
    path = written(tmp_path, study)
    with pytest.raises(UserError, match=message) as caught:
        read_study(path, "multi_label", CLASSES)
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"study: .*cannot be read"):
        read_study(str(tmp_path / "study.json"), "multi_label", CLASSES)
