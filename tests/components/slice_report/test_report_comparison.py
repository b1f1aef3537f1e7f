"""Two models side by side: paired where the cases are the same, else with a warning."""

import dataclasses

import numpy as np
import pytest

from components.slice_report.comparison import comparison_data, why_not_paired, write_comparison
from components.slice_report.render import render_comparison
from tests.components.slice_report.simulated_evaluation import (
    simulated_evaluation,
    simulated_inputs,
)
from trainer.errors import UserError


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
    write_comparison(tmp_path, *runs)
    page = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert "A: MICLe" in page
    assert "B: random initialisation" in page
    assert "the interval of a difference is paired" in " ".join(page.split())
    assert "island &lt;b&gt;" in page
    assert (tmp_path / "comparison.json").is_file()


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
    page = render_comparison(comparison_data(first, dataclasses.replace(second, candidate=other)))
    assert "site east: evaluated for A only." in page


def test_models_for_different_questions_are_not_compared(runs):
    other = simulated_inputs("multi_class")
    with pytest.raises(UserError, match="task of B is multi_class, expected multi_label"):
        comparison_data(runs[0], other)
