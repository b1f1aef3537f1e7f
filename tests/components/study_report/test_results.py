"""The study's result: from evaluations with chosen numbers to rows, files and the page."""

import csv
import json
from dataclasses import replace
from importlib import resources

import jsonschema
import numpy as np
import pytest

from components.site_evaluator.sufficiency import SampleLimits
from components.study_report.cost import ArmCost
from components.study_report.measurements import JudgedArm
from components.study_report.question import ComparedStart
from components.study_report.report import write_results
from components.study_report.results import study_results
from components.study_report.tables import TABLES, table_csv
from tests.components.promotion_gate.handmade_evaluations import make_evaluation, make_slice
from tests.components.study_report.small_question import small_question

GAIN = {"random": 0.0, "pretrained": 0.11}


def evaluation_of(arm):
    """0.7 at half of the labels and 0.8 at all, a gain by start, a little noise by seed."""
    inside = 0.6 + 0.2 * arm.label_fraction + GAIN[arm.initialisation] + 0.01 * arm.seed
    east = make_slice(inside - (0.05 if arm.initialisation == "pretrained" else 0.08))
    return make_evaluation(in_distribution=make_slice(inside), shifted=east, east=east)


def costs_of(arms, has_ready_encoder=False):
    return [
        ArmCost(
            arm,
            pretraining_seconds=120.0 if arm.initialisation == "pretrained" else 0.0,
            fine_tuning_seconds=10.0 + arm.seed,
            has_ready_encoder=has_ready_encoder and arm.initialisation == "pretrained",
        )
        for arm in arms
    ]


def results_of(question, arms=None):
    """Results of the arms of a study that are finished, all if none are named."""
    arms = question.arms if arms is None else arms
    judged = [JudgedArm(arm, evaluation_of(arm)) for arm in arms]
    return study_results(question, judged, costs_of(arms))


@pytest.fixture(scope="module")
def results():
    return results_of(small_question())


def row(rows, **wanted):
    [found] = [r for r in rows if all(r[name] == value for name, value in wanted.items())]
    return found


def test_a_row_is_the_mean_over_seeds(results):
    found = row(
        results["results"],
        initialisation="pretrained",
        label_fraction=0.5,
        group="in_distribution",
    )
    assert found["by_seed"] == pytest.approx({"0": 0.81, "1": 0.82})
    assert found["estimate"]["value"] == pytest.approx(0.815)
    assert found["estimate"]["lower"] < 0.81 < 0.82 < found["estimate"]["upper"]


def test_the_difference_is_paired_by_patient_and_seed(results):
    # Patients and seeds move both starts alike, so nothing is uncertain about 0.11.
    found = row(
        results["results"],
        initialisation="pretrained",
        label_fraction=0.5,
        group="in_distribution",
    )
    assert found["difference"]["value"] == pytest.approx(0.11)
    assert found["difference"]["lower"] == pytest.approx(0.11)
    assert found["difference"]["upper"] == pytest.approx(0.11)


def test_a_contrast_is_the_first_start_minus_the_second(results):
    # Against the baseline it is the table's own difference with the other sign.
    where = {"metric": "mean_auc", "group": "held_out", "label_fraction": 0.5}
    found = row(results["contrasts"], initialisation="random", against="pretrained", **where)
    compared = row(results["results"], initialisation="pretrained", **where)
    assert found["difference"]["value"] == pytest.approx(-compared["difference"]["value"])
    assert found["seeds"] == 2
    assert len(results["contrasts"]) == 2 * 2


def test_a_start_that_is_fine_tuned_in_its_own_way_says_so(tmp_path):
    own = ComparedStart("pretrained", (), ("features_from projection_first_layer",))
    results = results_of(small_question(initialisations=(ComparedStart("random"), own)))
    said = {start["name"]: start["own_fine_tuning"] for start in results["initialisations"]}
    assert said == {"random": [], "pretrained": ["features_from projection_first_layer"]}
    write_results(results, tmp_path)
    page = (tmp_path / "study.html").read_text()
    assert "fine-tuned with features_from projection_first_layer" in page


def test_the_baseline_is_not_compared_with_itself(results):
    for found in results["results"]:
        assert (found["difference"] is None) == (found["initialisation"] == "random")


def test_the_label_efficiency_is_where_a_start_meets_the_full_baseline(results):
    # 0.815 at half of the labels; the baseline has 0.805 with all of them.
    found = row(results["label_efficiency"], initialisation="pretrained")
    assert found["target"] == pytest.approx(0.805)
    assert (found["status"], found["label_fraction"]) == ("at_smallest", 0.5)
    assert row(results["label_efficiency"], initialisation="random")["status"] == "reached"


def test_the_interval_of_the_label_efficiency_is_over_patients(tmp_path):
    # Patients of whom the pretrained start gains from nothing to all that the baseline lacks.
    gains = np.linspace(-0.2, 0.3, 200)

    def judged(arm):
        auc = 0.6 + 0.2 * arm.label_fraction
        spread = gains if arm.initialisation == "pretrained" else np.zeros(200)
        return make_evaluation(in_distribution=make_slice(auc, spread=spread))

    question = small_question()
    results = study_results(question, [JudgedArm(arm, judged(arm)) for arm in question.arms], ())
    found = row(results["label_efficiency"], initialisation="pretrained")
    assert (found["status"], found["label_fraction"]) == ("reached", pytest.approx(1.0))
    assert (found["lower_status"], found["lower"]) == ("at_smallest", 0.5)
    assert (found["upper_status"], found["upper"]) == ("not_reached", None)
    write_results(results, tmp_path)
    assert "(50% or fewer to not reached)" in (tmp_path / "study.html").read_text()
    header = (tmp_path / "label_efficiency.csv").read_text().splitlines()[0]
    assert header.startswith("metric,initialisation")
    assert header.endswith("label_fraction,lower_status,lower,upper_status,upper")


def test_the_shift_is_the_loss_at_the_held_out_site(results):
    assert {found["place"] for found in results["shift"]} == {"east"}
    found = row(results["shift"], place="east", initialisation="pretrained", label_fraction=1.0)
    assert found["loss"]["value"] == pytest.approx(0.05)
    assert found["difference"]["value"] == pytest.approx(-0.03)


def test_several_held_out_sites_have_a_row_together_and_each():
    found = results_of(small_question(held_out_sites=("east", "south")))
    assert {r["place"] for r in found["shift"]} == {"held-out sites", "east", "south"}


def test_classes_have_rows_of_their_own(results):
    found = row(results["classes"], initialisation="pretrained", label_fraction=1.0)
    assert found["class"] == "edema"
    assert found["difference"]["value"] == pytest.approx(0.11)


def test_the_cost_is_the_mean_over_seeds(results):
    found = row(results["cost"], initialisation="pretrained", label_fraction=1.0)
    assert (found["pretraining_seconds"], found["fine_tuning_seconds"]) == (120.0, 10.5)
    assert found["seeds"] == 2
    of_random = row(results["cost"], initialisation="random", label_fraction=1.0)
    assert of_random["pretraining_seconds"] == 0.0


def test_the_cost_of_a_ready_encoder_is_said_not_to_be_counted(tmp_path):
    question = small_question()
    judged = [JudgedArm(arm, evaluation_of(arm)) for arm in question.arms]
    results = study_results(question, judged, costs_of(question.arms, has_ready_encoder=True))
    found = row(results["cost"], initialisation="pretrained", label_fraction=1.0)
    assert (found["ready_encoder"], found["pretraining_seconds"]) == (True, 120.0)
    of_random = row(results["cost"], initialisation="random", label_fraction=1.0)
    assert of_random["ready_encoder"] is False
    write_results(results, tmp_path)
    cells = '2.0 + <span class="note">ready encoder, not counted</span>'
    assert (tmp_path / "study.html").read_text().count(cells) == 2
    assert "ready_encoder" in (tmp_path / "cost.csv").read_text().splitlines()[0]


def test_where_nobody_knows_the_cost_the_page_says_so(results, tmp_path):
    write_results({**results, "cost": []}, tmp_path)
    assert "Kubeflow shows how long each step took" in (tmp_path / "study.html").read_text()
    header = "initialisation,trainable,label_fraction,seeds,ready_encoder,"
    assert (tmp_path / "cost.csv").read_text().startswith(header)
    assert len((tmp_path / "cost.csv").read_text().splitlines()) == 1
    write_results(results, tmp_path)
    assert "Kubeflow" not in (tmp_path / "study.html").read_text()


def test_too_few_cases_give_no_number():
    found = results_of(small_question(sample_limits=SampleLimits(min_positives=1000)))
    assert {r["estimate"]["status"] for r in found["results"]} == {"too_few"}
    assert {r["p_holm"] for r in found["results"]} == {None}


def test_half_a_study_has_rows_of_what_is_finished():
    question = small_question()
    first_seed = [arm for arm in question.arms if arm.seed == 0 and arm.label_fraction == 0.5]
    found = results_of(question, first_seed)
    assert (found["arms_finished"], found["arms"]) == (2, 8)
    assert {r["seeds"] for r in found["results"]} == {1}
    assert {r["label_fraction"] for r in found["results"]} == {0.5}
    assert found["label_efficiency"] == []


def test_the_data_are_what_the_schema_says(results):
    schema = json.loads((resources.files("schemas") / "study_report.schema.json").read_text())
    for found in (results, {**results, "cost": []}):
        jsonschema.validate(json.loads(json.dumps(found)), schema)


def test_the_files_of_a_report_are_the_same_each_time(results, tmp_path):
    for name in ("first", "second"):
        write_results(results, tmp_path / name)
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert names == sorted(
        [
            *("study.html", "study.json", "results.csv", "label_efficiency.csv", "shift.csv"),
            *("classes.csv", "contrasts.csv", "cost.csv", "label_efficiency.png"),
            *("label_efficiency.svg", "shift.png", "shift.svg", "classes.png", "classes.svg"),
        ]
    )
    for name in names:
        first, second = ((tmp_path / run / name).read_bytes() for run in ("first", "second"))
        assert first == second, name


def test_a_study_on_validation_has_no_word_of_held_out_sites(tmp_path):
    found = results_of(small_question(evaluation_split="validation"))
    assert {r["group"] for r in found["results"]} == {"in_distribution"}
    assert found["shift"] == []
    write_results(found, tmp_path)
    assert not (tmp_path / "shift.svg").exists()
    page = (tmp_path / "study.html").read_text()
    assert "To choose settings with, not to report" in page
    assert "Distribution shift" not in page


def test_the_page_escapes_and_loads_nothing(results, tmp_path):
    write_results(results, tmp_path)
    page = (tmp_path / "study.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert not [mark for mark in ("src=", "@import", 'http-equiv="refresh') if mark in page]
    for words in ("pretrained", "+0.110", "SimCLR natural → SimCLR medical", "or fewer"):
        assert words in page


def test_the_table_holds_every_row_with_its_estimates_in_columns(results, tmp_path):
    write_results(results, tmp_path)
    with (tmp_path / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(results["results"])
    own = row(rows, initialisation="pretrained", label_fraction="0.5", group="in_distribution")
    assert float(own["difference"]) == pytest.approx(0.11)
    assert float(own["seed_1"]) == pytest.approx(0.82)


def test_figures_of_earlier_results_that_these_have_not_are_removed(results, tmp_path):
    (tmp_path / "notes.png").touch()
    write_results(results, tmp_path)
    assert (tmp_path / "shift.png").is_file()
    write_results({**results, "evaluation_split": "validation", "shift": []}, tmp_path)
    drawn = {path.name for path in tmp_path.iterdir() if path.suffix in (".png", ".svg")}
    kept = {f"{name}.{kind}" for name in ("label_efficiency", "classes") for kind in ("png", "svg")}
    assert drawn == {"notes.png", *kept}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_rows_has_the_columns_of_one_with_rows(results, name):
    full = table_csv(name, results).splitlines()
    assert len(full) > 1
    assert table_csv(name, {**results, name: []}).splitlines() == full[:1]


def test_shift_and_classes_name_their_metric_and_seeds(results):
    for name, metric in (("shift", "mean_auc"), ("classes", "auc")):
        assert {(r["metric"], r["seeds"]) for r in results[name]} == {(metric, 2)}
    assert {r["metric"] for r in results["label_efficiency"]} == {"mean_auc"}


def test_a_share_of_the_labels_is_told_in_cases_which_the_seeds_draw(tmp_path):
    def judged(arm):
        evaluation = evaluation_of(arm)
        cases = round(1000 * arm.label_fraction) + (7 * arm.seed if arm.label_fraction < 1 else 0)
        return replace(evaluation, card=replace(evaluation.card, label_cases=cases))

    question = small_question()
    results = study_results(question, [JudgedArm(arm, judged(arm)) for arm in question.arms], ())
    counts = {
        (r["label_fraction"], r["label_cases_fewest"], r["label_cases_most"])
        for r in results["results"]
    }
    assert counts == {(0.5, 500, 507), (1.0, 1000, 1000)}
    write_results(results, tmp_path)
    page = (tmp_path / "study.html").read_text()
    assert '<td>50%</td><td class="num">500 to 507</td>' in page
    assert '<td>100%</td><td class="num">1,000</td>' in page
    assert ",0.5,500,507,2," in (tmp_path / "results.csv").read_text()
