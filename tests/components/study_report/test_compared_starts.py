"""The p-values of a study's tables, worked by hand: Student's t, then Holm (1979) by family.

No patient speaks for one start here, so p is that of a t test over three seeds, two degrees of
freedom, whose tail is known in closed form: p = 1 - t / sqrt(t² + 2).
"""

import csv
import math

import pytest

from components.slice_report import svg
from components.slice_report.message_catalogue import ENGLISH
from components.slice_report.study_plots import shift_figure
from components.study_report.measurements import JudgedArm
from components.study_report.question import ComparedStart
from components.study_report.report import write_results
from components.study_report.results import study_results
from tests.components.promotion_gate.handmade_evaluations import (
    make_class,
    make_evaluation,
    make_slice,
)
from tests.components.study_report.small_question import small_question

SPREAD_OF_SEEDS = 0.001
WHERE = ("in_distribution", "shifted", "east", "south")


def gain(p, seed):
    """A difference of one seed, of three whose t test has this p."""
    t = math.sqrt(2) * (1 - p) / math.sqrt(1 - (1 - p) ** 2)
    return SPREAD_OF_SEEDS * (t / math.sqrt(3) + seed - 1)


COMPARED = small_question(
    classes=("edema", "cyst"),
    held_out_sites=("east", "south"),
    initialisations=tuple(ComparedStart(name) for name in ("random", "a", "b")),
    contrasts=(("a", "b"),),
    seeds=(0, 1, 2),
)


def results_of(gains, level=None):
    """Results where a start differs from `random` with a given p.

    Args:
        gains: By (start, fraction, place), p of the difference of the mean AUC there.
        level: By place, the mean AUC of all starts before that; 0.8.
    """
    level = level or {}

    def evaluation_of(arm):
        slices = {}
        for place in WHERE:
            p = gains.get((arm.initialisation, arm.label_fraction, place))
            auc = level.get(place, 0.8) + (0 if p is None else gain(p, arm.seed))
            slices[place] = make_slice(auc)
        return make_evaluation(**slices)

    return study_of(evaluation_of)


def study_of(evaluation_of):
    return study_results(
        COMPARED, [JudgedArm(arm, evaluation_of(arm)) for arm in COMPARED.arms], costs=()
    )


def p_values(rows, **wanted):
    """(p, corrected p) of the rows that are compared, by whatever else tells them apart."""
    return [
        (row["p_value"], row["p_holm"])
        for row in rows
        if row["p_value"] is not None and all(row[name] == value for name, value in wanted.items())
    ]


def assert_close(found, expected):
    assert [p for pair in found for p in pair] == pytest.approx(
        [p for pair in expected for p in pair]
    )


def test_results_are_corrected_within_a_metric_and_group():
    inside = {("a", 0.5): 0.01, ("b", 0.5): 0.2, ("a", 1.0): 0.03, ("b", 1.0): 0.02}
    outside = {("a", 0.5): 0.5, ("b", 0.5): 0.04, ("a", 1.0): 0.001, ("b", 1.0): 0.3}
    gains = {(*arm, "in_distribution"): p for arm, p in inside.items()}
    gains |= {(*arm, "shifted"): p for arm, p in outside.items()}
    rows = results_of(gains)["results"]
    # 0.01 * 4; 0.02 * 3; 0.03 * 2, as the one before; 0.2.
    expected = [(0.01, 0.04), (0.2, 0.2), (0.03, 0.06), (0.02, 0.06)]
    assert_close(p_values(rows, metric="mean_auc", group="in_distribution"), expected)
    # 0.001 * 4; 0.04 * 3; 0.3 * 2; 0.5, at least the one before.
    expected = [(0.5, 0.6), (0.04, 0.12), (0.001, 0.004), (0.3, 0.6)]
    assert_close(p_values(rows, metric="mean_auc", group="held_out"), expected)


def test_contrasts_are_corrected_for_each_other_alone():
    gains = {("a", 0.5, "in_distribution"): 0.03, ("a", 1.0, "in_distribution"): 0.04}
    rows = results_of(gains)["contrasts"]
    # 0.03 * 2; 0.04, at least the one before.
    assert_close(p_values(rows, group="in_distribution"), [(0.03, 0.06), (0.04, 0.06)])


def test_losses_are_corrected_over_all_places():
    gains = {
        **{("a", 0.5, "shifted"): 0.01, ("a", 1.0, "shifted"): 0.02},
        **{("a", 0.5, "east"): 0.03, ("a", 1.0, "east"): 0.2},
        **{("a", 0.5, "south"): 0.5, ("a", 1.0, "south"): 0.001},
    }
    rows = results_of(gains)["shift"]
    # Of six: 0.001 * 6, 0.01 * 5, 0.02 * 4, 0.03 * 3, 0.2 * 2, 0.5.
    assert_close(p_values(rows, place="held-out sites"), [(0.01, 0.05), (0.02, 0.08)])
    assert_close(p_values(rows, place="east"), [(0.03, 0.09), (0.2, 0.4)])
    assert_close(p_values(rows, place="south"), [(0.5, 0.5), (0.001, 0.006)])


def test_classes_are_corrected_over_all_classes():
    wanted = {(0.5, "edema"): 0.01, (1.0, "edema"): 0.2, (0.5, "cyst"): 0.03, (1.0, "cyst"): 0.02}

    def evaluation_of(arm):
        edema, cyst = (
            0.8
            + (gain(wanted[arm.label_fraction, n], arm.seed) if arm.initialisation == "a" else 0)
            for n in ("edema", "cyst")
        )
        return make_evaluation(in_distribution=make_slice(edema, cyst=make_class(cyst)))

    rows = study_of(evaluation_of)["classes"]
    found = {
        (row["label_fraction"], row["class"]): (row["p_value"], row["p_holm"])
        for row in rows
        if row["initialisation"] == "a"
    }
    expected = {
        **{(0.5, "edema"): (0.01, 0.04), (1.0, "edema"): (0.2, 0.2)},
        **{(0.5, "cyst"): (0.03, 0.06), (1.0, "cyst"): (0.02, 0.06)},
    }
    for key, pair in expected.items():
        assert found[key] == pytest.approx(pair)


def test_each_held_out_site_has_its_own_value_and_loss():
    level = {"in_distribution": 0.9, "shifted": 0.7, "east": 0.75, "south": 0.65}
    rows = results_of({}, level)["shift"]
    for place, value in (("held-out sites", 0.7), ("east", 0.75), ("south", 0.65)):
        [found] = [
            row
            for row in rows
            if (row["place"], row["initialisation"], row["label_fraction"]) == (place, "a", 0.5)
        ]
        assert found["estimate"]["value"] == pytest.approx(value)
        assert found["loss"]["value"] == pytest.approx(0.9 - value)


def test_a_value_there_is_of_the_classes_that_its_loss_is_of(tmp_path):
    rare = make_class(0.5, positives=2)

    def evaluation_of(arm):
        inside = make_slice(0.9, cyst=make_class(0.8))
        south = make_slice(0.6, cyst=make_class(0.7))
        return make_evaluation(
            in_distribution=inside, shifted=south, east=make_slice(0.75, cyst=rare), south=south
        )

    results = study_of(evaluation_of)
    found = {row["place"]: row for row in results["shift"]}
    # Two cases of cyst at east are too few: there both sides are of edema alone.
    wanted = {"east": (["edema"], 0.9, 0.75), "south": ([], 0.85, 0.65)}
    for place, (classes, inside, outside) in wanted.items():
        row = found[place]
        assert row["classes"] == classes
        assert row["in_distribution"]["value"] == pytest.approx(inside)
        assert row["estimate"]["value"] == pytest.approx(outside)
        assert row["loss"]["value"] == pytest.approx(inside - outside)
    write_results(results, tmp_path)
    page = (tmp_path / "study.html").read_text()
    assert "enough cases on both sides; at east edema." in page
    with (tmp_path / "shift.csv").open() as file:
        written = {row["place"]: row for row in csv.DictReader(file)}
    assert (written["east"]["classes"], written["south"]["classes"]) == ("edema", "")
    assert float(written["east"]["in_distribution"]) == pytest.approx(0.9)


def test_the_shift_figure_has_level_and_loss_of_every_place_and_kind():
    level = {"in_distribution": 0.9, "shifted": 0.7, "east": 0.75, "south": 0.65}
    results = results_of({}, level)
    with svg.style("shift"):
        panels = shift_figure(results, ENGLISH).axes
    titles = [panel.get_title(loc="left") for panel in panels[::2]]
    assert [title.partition(",")[0] for title in titles] == ["held-out sites", "east", "south"]
    for (levels, losses), outside in zip(
        zip(panels[::2], panels[1::2], strict=True), (0.7, 0.75, 0.65), strict=True
    ):
        drawn = {
            x for line in levels.lines for x in line.get_xdata() if line.get_marker() != "None"
        }
        assert sorted(drawn) == pytest.approx(sorted({outside, 0.9}))
        drawn = {
            x for line in losses.lines for x in line.get_xdata() if line.get_marker() != "None"
        }
        assert max(drawn) == pytest.approx(0.9 - outside)
