"""A fraction that leaves a class without a patient is refused, and the command says it."""

import csv

import pytest
import yaml
from click.testing import CliRunner
from PIL import Image

from pipeline.command_line import main
from pipeline.study.checks import validate_study
from pipeline.study.fraction_checks import check_fractions
from pipeline.study.settings import load_study
from pipeline.validation.findings import Summary


def told(fractions, patients, **labelled):
    summary = Summary(100, 100, 100, {"train": 100}, patients, **labelled)
    return [(f.severity, f.message) for f in check_fractions(fractions, summary)]


def test_a_fraction_of_less_than_half_a_patient_of_a_class_is_refused():
    assert told([0.1], {"common": 500, "rare": 4, "absent": 0}) == [
        (
            "error",
            "label_fractions: 0.1 of the train split is less than half a patient of class 'rare' "
            "(patients: 4), of which a training keeps one even so. Leave out fractions below "
            "0.125, or join the class with another.",
        )
    ]
    assert told([0.125], {"rare": 4})[0][0] == "warning"


def test_a_fraction_of_less_than_one_patient_of_a_class_is_warned_of():
    assert told([0.1, 0.2], {"common": 500, "rare": 6, "other": 9}) == [
        (
            "warning",
            "label_fractions: 0.1 of the train split is less than one patient of class 'rare' "
            "(patients: 6), class 'other' (patients: 9), of which a training keeps one even so. "
            "From 0.167 on it has its share.",
        )
    ]
    assert told([0.2], {"rare": 5}) == []


def test_a_fraction_has_one_line_that_an_error_has_before_a_warning():
    [(severity, line)] = told([0.05], {"rare": 8, "less rare": 15})
    assert severity == "error"
    assert "less rare" not in line


def test_two_fractions_that_draw_the_same_patients_are_refused():
    patients = {"labelled_patients": {frozenset([0]): 40, frozenset([1]): 30}}
    alike = "label_fractions: 0.1 and 0.1001 draw the same training patients. Remove one of them."
    assert told([0.1001, 1.0, 0.1], {}, labelled_patients={frozenset([0]): 45}) == [
        ("error", alike)
    ]
    # A patient more of one class is another draw.
    assert told([0.1, 0.1001, 1.0], {}, **patients) == []


@pytest.fixture
def study_file(tmp_path):
    rows = []
    for number in range(90):
        # One patient with the rare class in each split.
        label = "rare" if number % 30 == 0 else "common"
        name = f"{number}.png"
        Image.new("RGB", (16, 16), (number, 2 * number, 3)).save(tmp_path / name)
        split = ("train", "validation", "test")[number // 30]
        person = f"p{number}"
        rows.append((name, person, person, "north", split, label))
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image", "case_id", "patient_id", "site", "split", "label"))
        writer.writerows(rows)
    medical = {"manifest": "manifest.csv", "task": "multi_class", "classes": ["common", "rare"]}
    base = {
        "name": "base",
        "output_dir": str(tmp_path / "out"),
        "data": {"medical": medical},
        "report": {"title": "t", "intended_use": "u"},
    }
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(base))
    values = {
        "name": "study",
        "base": "base.yaml",
        "output_dir": str(tmp_path / "study"),
        "title": "t",
        "steps": {"simclr-medical": {"data": "medical", "method": "simclr"}},
        "initialisations": {"random": [], "simclr": ["simclr-medical"]},
        "label_fractions": [0.2, 1.0],
        "baseline": "random",
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(values))
    return tmp_path / "study.yaml"


def test_the_command_refuses_before_anything_runs(study_file):
    outcome = CliRunner().invoke(main, ["study", str(study_file)])
    assert outcome.exit_code == 1
    assert "error: " in outcome.output
    assert f"error: {study_file}: label_fractions: 0.2 of the train split" in outcome.output
    assert "warning: label_fraction" not in outcome.output
    assert not (study_file.parent / "study" / "artifacts").exists()


def test_a_report_of_nothing_is_a_line(study_file):
    outcome = CliRunner().invoke(main, ["study", str(study_file), "--report"])
    assert outcome.exit_code == 1
    assert "no arm of the study is finished" in outcome.output
    assert "Traceback" not in outcome.output


def test_report_and_compile_exclude_each_other(study_file):
    package = str(study_file.parent / "package.yaml")
    arguments = ["study", str(study_file), "--report", "--compile", package]
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 2
    assert "--report and --compile exclude each other" in outcome.output


def compile_errors(study_file):
    package = str(study_file.parent / "package.yaml")
    return CliRunner().invoke(main, ["study", str(study_file), "--compile", package])


def test_a_study_is_not_compiled_for_data_that_are_here_and_do_not_fit(study_file):
    outcome = compile_errors(study_file)
    assert outcome.exit_code == 1
    assert f"error: {study_file}: label_fractions: 0.2" in outcome.output
    assert "cluster: is missing" not in outcome.output


@pytest.mark.parametrize("kept", ["manifest.csv", "nothing"])
def test_data_that_are_not_here_are_said_not_to_be_checked(study_file, kept):
    for path in [*study_file.parent.glob("*.png"), *study_file.parent.glob("*.csv")]:
        if path.name != kept:
            path.unlink()
    outcome = compile_errors(study_file)
    assert f"{study_file}: the data were not checked, because they are not" in outcome.output
    assert "error: " in outcome.output
    assert "cluster: is missing" in outcome.output, "it goes on to compile"


def findings_of(study_file, **changes):
    values = yaml.safe_load(study_file.read_text()) | {"label_fractions": [1.0]} | changes
    study_file.write_text(yaml.safe_dump(values))
    validation = validate_study(load_study(str(study_file)), "study.yaml")
    return [
        (finding.severity, finding.message)
        for finding in validation.findings
        if finding.message.startswith("study.yaml")
    ]


@pytest.mark.parametrize(("single", "severity"), [(True, "warning"), (False, "error")])
def test_micle_without_a_case_of_several_images_names_the_step(study_file, single, severity):
    pairs = {"single_image_pairs": single}
    micle = {"data": "medical", "method": "micle", "pairs": pairs}
    steps = {"mine": micle, "other": {**micle, "pairs": {"pair_scope": "patient"}}}
    found = findings_of(study_file, steps=steps, initialisations={"random": [], "a": ["mine"]})
    [line] = [message for found_severity, message in found if found_severity == severity][:1]
    assert line.startswith(
        "study.yaml: steps.mine.pairs: no case of the train split has two images"
    )
    assert not [message for _, message in found if "steps.other.pairs" in message]


def test_a_step_that_no_initialisation_goes_through_is_warned_of(study_file):
    simclr = {"data": "medical", "method": "simclr"}
    steps = {"simclr-medical": simclr, "left-over": simclr}
    assert findings_of(study_file, steps=steps) == [
        (
            "warning",
            "study.yaml: steps.left-over: no initialisation goes through it, so it plays no part. "
            "Name it in one, or leave it out.",
        )
    ]
