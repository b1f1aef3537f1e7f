"""The comparison with the champion, what stands in its place, and a verdict that waits."""

import csv
import dataclasses
import io
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import schemas
from components.absent_model import AbsentModel
from components.promotion_gate.verdict import RuleResult, Verdict
from components.site_evaluator.intervals import paired_difference
from components.site_evaluator.results import Reclassified
from components.slice_report.metrics_table import metrics_csv
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from tests.components.slice_report.simulated_evaluation import simulated_inputs

SCHEMA = json.loads(Path(schemas.__file__).with_name("slice_report.schema.json").read_text())
RULE = RuleResult("minimum mean_auc", "all cases", 0.83, 0.8, 0.86, 0.75, True, "Good.")


def words(page):
    return " ".join(page.split())


def with_changes(champion, candidate):
    """Adds what the candidate changes: 5 found, 2 missed, 3 false alarms, 1 cleared per class."""
    ways = ("operating_point", "predicted_class")[: 1 + (candidate.card.task == "multi_class")]

    def changes(ours, theirs):
        return Reclassified(
            *(5, 2, 3, 1),
            net_found=paired_difference(ours.sensitivity, theirs.sensitivity),
            net_cleared=paired_difference(ours.specificity, theirs.specificity),
        )

    slices = {
        key: dataclasses.replace(
            theirs,
            reclassified={
                way: {
                    name: changes(candidate.slices[key].classes[name], of_class)
                    for name, of_class in theirs.classes.items()
                }
                for way in ways
            },
        )
        for key, theirs in champion.slices.items()
    }
    return dataclasses.replace(champion, slices=slices)


def with_champion(champion=None, task="multi_label"):
    """The baseline's numbers as those of another model, the champion."""
    inputs = simulated_inputs(task)
    if champion is None:
        card = dataclasses.replace(
            inputs.baseline.card, model_name="SimCLR <b>", model_digest="f" * 64
        )
        champion = with_changes(dataclasses.replace(inputs.baseline, card=card), inputs.candidate)
    return dataclasses.replace(inputs, champion=champion)


def test_every_slice_but_subgroups_has_its_paired_difference():
    inputs = with_champion()
    rows = {row["slice"]: row for row in report_data(inputs)["champion"]["comparison"]}
    assert set(rows) == {
        "all cases", "in distribution", "held-out sites",
        "site north", "site east", "site island <b>", "site tiny",
    }  # fmt: skip
    ours, theirs = (
        evaluation.slices[()].metrics["mean_auc"]
        for evaluation in (inputs.candidate, inputs.champion)
    )
    shown = rows["all cases"]["difference"]
    assert shown["value"] == pytest.approx(ours.value - theirs.value)
    replicates = ours.replicates - theirs.replicates
    assert [shown["lower"], shown["upper"]] == pytest.approx(
        list(np.percentile(replicates, [2.5, 97.5]))
    )
    assert rows["site tiny"]["difference"]["status"] == "too_few"


@pytest.mark.parametrize(
    ("champion", "reason"),
    [
        (AbsentModel("There is no champion yet", True), "There is no champion yet"),
        (simulated_inputs("multi_label").candidate, "This model is the champion itself"),
        (
            dataclasses.replace(
                simulated_inputs("multi_class").candidate,
                card=dataclasses.replace(
                    simulated_inputs("multi_class").candidate.card, model_digest="f" * 64
                ),
            ),
            "The champion MICLe is multi-class",
        ),
    ],
)
def test_without_a_comparable_champion_the_reason_stands_there(champion, reason):
    data = report_data(with_champion(champion))
    jsonschema.validate(json.loads(json.dumps(data)), SCHEMA)
    assert reason in render(data)
    assert data["champion"]["absence"].startswith(reason)
    assert data["champion"]["comparison"] == []


def test_a_report_for_which_nobody_asked_for_a_champion_says_nothing_of_one():
    assert report_data(simulated_inputs())["champion"] is None


def test_the_page_names_the_champion_and_a_model_that_waits_is_not_called_promoted():
    verdict = Verdict((RULE,), ("clinician", "safety officer"))
    data = report_data(dataclasses.replace(with_champion(), verdict=verdict))
    jsonschema.validate(json.loads(json.dumps(data)), SCHEMA)
    page = render(data)
    assert "Against the champion" in page
    assert "SimCLR &lt;b&gt;" in page
    assert "Passed, to be signed" in page
    assert "This report was made on 2026-01-31 and does not know who has" in words(page)
    assert "<code>micle models show 0123456789ab</code>" in words(page)
    assert "before somebody has agreed as clinician and as safety officer" in words(page)
    assert "Passed the gate" not in page


@pytest.mark.parametrize("task", ["multi_label", "multi_class"])
def test_reclassified_cases_stand_by_class_and_slice_with_the_net_paired(task):
    inputs = with_champion(task=task)
    data = report_data(inputs)
    jsonschema.validate(json.loads(json.dumps(data)), SCHEMA)
    rows = {(r["criterion"], r["class"], r["slice"]): r for r in data["champion"]["reclassified"]}
    assert len(rows) == 7 * 3 * (2 if task == "multi_class" else 1)
    name = inputs.candidate.card.classes[0]
    ours, theirs = (model.slices[()].classes[name] for model in (inputs.candidate, inputs.champion))
    shown = rows["operating_point", name, "all cases"]
    assert (shown["newly_found"], shown["newly_missed"]) == (5, 2)
    assert (shown["newly_false_alarm"], shown["newly_cleared"]) == (3, 1)
    assert shown["net_found"]["value"] == pytest.approx(
        ours.sensitivity.value - theirs.sensitivity.value
    )
    renamed = {row["slice"]: row for row in data["champion"]["renamed"]}
    if task == "multi_label":
        assert renamed == {}
    else:
        assert (renamed["all cases"]["newly_right"], renamed["all cases"]["newly_wrong"]) == (15, 6)


def test_a_sparse_site_has_counts_of_reclassified_cases_and_no_net():
    rows = report_data(with_champion())["champion"]["reclassified"]
    tiny = [row for row in rows if row["slice"] == "site tiny"]
    assert {row["newly_found"] for row in tiny} == {5}
    assert {row[net]["status"] for row in tiny for net in ("net_found", "net_cleared")} == {
        "too_few"
    }


def test_the_page_and_the_csv_show_reclassified_cases():
    data = report_data(with_champion(task="multi_class"))
    page = render(data)
    assert "Reclassified cases" in page
    assert "Newly missed" in page
    rows = [
        row
        for row in csv.DictReader(io.StringIO(metrics_csv(data)))
        if row["model"] == "MICLe against the champion SimCLR <b>" and row["slice"] == "all cases"
    ]
    counted = {(row["class"], row["metric"]): row["value"] for row in rows}
    assert counted["melanoma", "operating_point_newly_missed"] == "2"
    assert counted["melanoma", "predicted_class_newly_found"] == "5"
    assert counted["", "predicted_class_newly_right"] == "15"
    assert float(counted["melanoma", "operating_point_net_found"]) != 0


def test_what_changed_since_the_champion_is_shown_and_what_is_the_same_is_not():
    inputs = with_champion()
    card = dataclasses.replace(
        inputs.champion.card,
        label_cases=17,
        operating_point={**inputs.champion.card.operating_point, "nodule": 0.25},
    )
    champion = dataclasses.replace(inputs.champion, card=card)
    page = render(report_data(dataclasses.replace(inputs, champion=champion)))
    table = page[page.index("What differs from the champion") :]
    table = table[: table.index("</table>")]
    assert '<td><span lang="en">240</span></td><td><span lang="en">17</span></td>' in table
    assert "Threshold of nodule" in table
    assert "0.25" in table
    assert "Threshold of effusion" not in table
    assert "Seed" not in table


def against_a_champion_that_differs(run, lineage, **card):
    """A report whose candidate was fine-tuned for 6 epochs, with the changed fields of its page."""
    inputs = with_champion()
    ours = dataclasses.replace(
        inputs.candidate.card,
        fine_tuning={"epochs": 6, "learning_rate": 0.0005, "augmentation": {"crop_area": (0.6, 1)}},
        network={"architecture": "resnet18", "image_size": 64},
    )
    theirs = dataclasses.replace(ours, model_name="SimCLR <b>", model_digest="f" * 64, **{**card})
    inputs = dataclasses.replace(
        inputs,
        candidate=dataclasses.replace(inputs.candidate, card=ours),
        champion=dataclasses.replace(inputs.champion, card=theirs),
        champion_lineage=lineage,
        run=dataclasses.replace(inputs.run, **run),
    )
    data = json.loads(json.dumps(report_data(inputs)))
    jsonschema.validate(data, SCHEMA)
    rows = {
        row["field"]: (row["candidate"], row["champion"]) for row in data["champion"]["changed"]
    }
    page = render(data)
    table = page[page.index("What differs from the champion") :]
    return rows, table[: table.index("</table>")]


LINEAGE = {
    "pipeline_name": "demo",
    "data_fingerprint": f"sha256:{'d' * 64}",
    "package_version": "0.1.0",
    "code_digest": "c" * 64,
    "configuration_digest": "e" * 64,
    "training_digest": "a" * 64,
}
SAME_RUN = {**LINEAGE, "package_version": "0.1.0+608171d15a3c"}


def test_settings_of_the_fine_tuning_and_the_network_are_compared_one_by_one():
    rows, table = against_a_champion_that_differs(
        SAME_RUN,
        LINEAGE,
        fine_tuning={
            "epochs": 30, "learning_rate": 0.0005, "augmentation": {"crop_area": [0.2, 1]}
        },
        network={"architecture": "resnet50 <i>", "image_size": 64},
    )  # fmt: skip
    assert rows == {
        "card.model_name": ("MICLe", "SimCLR <b>"),
        "card.model_digest": ("0123456789abcdef" * 4, "f" * 64),
        "card.fine_tuning.epochs": (6, 30),
        "card.fine_tuning.augmentation.crop_area": ([0.6, 1], [0.2, 1]),
        "card.network.architecture": ("resnet18", "resnet50 <i>"),
    }
    assert "Fine-tuning, <code>epochs</code>" in table
    assert "resnet50 &lt;i&gt;" in table
    assert "learning_rate" not in table


@pytest.mark.parametrize("field", sorted(LINEAGE))
def test_another_origin_shows_and_its_digests_are_cut(field):
    other = "0.2.0" if field == "package_version" else f"{'b' * 64}"
    rows, table = against_a_champion_that_differs(SAME_RUN, {**LINEAGE, field: other})
    assert set(rows) == {"card.model_name", "card.model_digest", f"lineage.{field}"}
    assert rows[f"lineage.{field}"] == (LINEAGE[field], other)
    assert ">bbbbbbbbbbbb<" in table or field == "package_version"
    assert "bbbbbbbbbbbbb" not in table


def test_what_an_older_champion_does_not_state_is_said_and_not_left_out():
    rows, table = against_a_champion_that_differs(SAME_RUN, {}, network={})
    assert rows["card.network.image_size"] == (64, None)
    assert rows["lineage.data_fingerprint"] == (LINEAGE["data_fingerprint"], None)
    assert '<span class="none">not stated</span>' in table
    assert ">sha256:dddddddddddd<" in table


def test_a_champion_with_the_same_scores_shows_no_difference_and_no_net_change():
    inputs = with_champion()
    card = dataclasses.replace(inputs.candidate.card, model_digest="f" * 64)
    same = dataclasses.replace(inputs.candidate, card=card)
    data = report_data(with_champion(with_changes(same, inputs.candidate)))
    jsonschema.validate(json.loads(json.dumps(data)), SCHEMA)
    champion = data["champion"]
    shown = [row["difference"]["status"] for row in champion["comparison"]]
    shown += [row[net]["status"] for row in champion["reclassified"] for net in ("net_found",)]
    assert set(shown) == {"same_scores", "too_few"}
    assert "same_scores" in metrics_csv(data)


def test_an_evaluation_of_an_older_version_says_that_nothing_was_counted():
    inputs = with_champion()
    slices = {
        key: dataclasses.replace(metrics, reclassified={})
        for key, metrics in inputs.champion.slices.items()
    }
    champion = dataclasses.replace(inputs.champion, slices=slices)
    page = render(report_data(dataclasses.replace(inputs, champion=champion)))
    assert "Not counted: an older version evaluated the champion" in page
