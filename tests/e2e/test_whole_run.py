"""The main job from cases to a report and a served model, as a person runs it."""

import csv
import gzip
import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from sklearn.metrics import roc_auc_score

from components.case_example_gen.pseudonym import pseudonym, read_key
from components.fine_tuner.model_card import model_digest
from components.model_registry.registry import ModelRegistry
from components.model_registry.serving_directory import newest_version
from components.slice_report.estimates import SAME_SCORES


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def test_the_run_says_its_steps_its_verdict_and_where_the_report_is(finished):
    run, completed = finished
    assert completed.returncode == 0, completed.stdout + completed.stderr
    lines = lines_of(completed.stdout)
    steps = [line for line in lines if line.startswith("[")]
    assert any(re.search(r"\[ ?\d+/25\] pretrain-1-natural-simclr", line) for line in steps)
    assert any(line.startswith("gate: passed") for line in lines)
    assert any(re.fullmatch("registry: [0-9a-f]{12}: champion.", line) for line in lines)
    assert lines[-1] == f"report: {run.output / 'report' / 'report.html'}"
    assert (run.output / "report" / "report.html").is_file()


def test_noise_goes_to_the_log_and_nothing_of_it_to_the_terminal(finished):
    run, completed = finished
    assert "tensorflow" not in (completed.stdout + completed.stderr).lower()
    (log,) = (run.output / "logs").iterdir()
    assert "Running launcher" in log.read_text()
    assert f"log: {log}" in completed.stdout


def test_the_report_shows_candidate_and_baseline_by_site(finished):
    run, _ = finished
    report = json.loads((run.output / "report" / "report.json").read_text())
    text = json.dumps(report)
    for expected in ("MICLe", "random initialisation", "north", "harbour", "valley"):
        assert expected in text
    for model in report["models"].values():
        assert model["operating_point_frozen_on"] <= report["run"]["created"]
    assert {row["site"] for row in report["drift"]} == {"north", "harbour", "valley"}
    assert {row["site"] for row in report["pairs"]["sites"]} == {"north", "harbour"}
    page = (run.output / "report" / "report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def content_of(path: Path) -> bytes:
    """Returns a file's bytes, unpacked where it is packed."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


KINDS = {
    "cases": "artifacts/medical-cases/examples/*/Split-train/*.gz",
    "ingestion report": "artifacts/medical-cases/ingestion_report/*/ingestion_report.json",
    "statistics": "artifacts/medical-statistics/statistics/*/Split-train/FeatureStats.pb",
    "anomalies": "artifacts/medical-validator/anomalies/*/Split-train/SchemaDiff.pb",
    "transform graph": "artifacts/medical-transform/transform_graph/*/transform_fn/saved_model.pb",
    "transformed cases": "artifacts/medical-transform/transformed_examples/*/Split-train/*.gz",
    "pairs": "artifacts/pairs-2/pairs/*/Split-train/*.gz",
    "pair statistics": "artifacts/pairs-2/statistics/*/pair_statistics.json",
    "leakage": "artifacts/leakage-check/leakage/*/leakage.json",
    "predictions": "artifacts/predict-candidate/predictions/*/*.gz",
    "evaluation": "artifacts/evaluate-candidate/evaluation/*/*",
    "TensorBoard": "checkpoints/tensorboard/**/events.out.tfevents.*",
    "metadata": "metadata.sqlite",
    "registry": "registry/**/*.json*",
    "served model": "serving/*/saved_model.pb",
    "report": "report/report.json",
    "log": "logs/*",
}


def test_no_raw_identifier_is_in_any_artifact_log_or_name_of_a_file(finished):
    run, completed = finished
    with (run.data / "medical" / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    raw = {row[name].encode() for row in rows for name in ("patient_id", "case_id")}
    assert len(raw) > 100
    images = [(run.data / "medical" / row["image"]).read_bytes() for row in rows]
    named = zip(rows, images, strict=True)
    assert all(row["patient_id"].encode() in image for row, image in named)
    assert [kind for kind, pattern in KINDS.items() if not list(run.output.glob(pattern))] == []
    any_raw = re.compile(b"|".join(re.escape(name) for name in sorted(raw)))
    assert not any_raw.search((completed.stdout + completed.stderr).encode())
    for path in run.output.rglob("*"):
        assert not any_raw.search(str(path.relative_to(run.output)).encode()), path
        if path.is_file():
            assert not any_raw.search(content_of(path)), path


def test_no_pseudonym_is_in_the_statistics_or_the_report(finished):
    run, _ = finished
    key = read_key(str(run.output / "pseudonym.key"))
    with (run.data / "medical" / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    pseudonyms = {pseudonym(key, "patient", row["patient_id"]).encode() for row in rows}
    pseudonyms |= {pseudonym(key, "case", row["case_id"]).encode() for row in rows}
    cases = b"".join(content_of(path) for path in run.output.glob(KINDS["cases"]))
    assert any(name in cases for name in pseudonyms)
    any_pseudonym = re.compile(b"|".join(pseudonyms))
    for folder in ("artifacts/medical-statistics", "artifacts/medical-validator", "report", "logs"):
        for path in (run.output / folder).rglob("*"):
            if path.is_file():
                assert not any_pseudonym.search(path.read_bytes()), path


@pytest.fixture(scope="module")
def again(finished):
    run, _ = finished
    before = (run.output / "report" / "report.html").read_bytes()
    return run, before, run.micle("run", str(run.configuration))


def test_a_second_run_repeats_no_step_and_ends_with_the_same_report(again):
    run, before, completed = again
    assert "0 of 25 steps run" in completed.stdout
    assert (run.output / "report" / "report.html").read_bytes() == before


def test_the_report_can_be_rebuilt_from_the_artifacts_and_says_where_the_model_stands(again):
    run, *_ = again
    report = run.output / "report" / "report.json"
    before = json.loads(report.read_text())
    report.unlink()
    completed = run.micle("report", str(run.output))
    assert completed.returncode == 0, completed.stderr
    rebuilt = json.loads(report.read_text())
    assert before["verdict"].pop("standing") is None
    assert rebuilt["verdict"].pop("standing")["stage"] == "champion"
    assert rebuilt == before
    assert "Passed and promoted" in report.with_suffix(".html").read_text()


def test_new_data_are_compared_with_what_a_finished_run_was_trained_on(finished, tmp_path):
    run, _ = finished
    page = tmp_path / "page.html"
    completed = run.micle(
        "inspect", str(run.configuration), "-o", str(page), "--against", str(run.output)
    )
    assert completed.returncode == 0, completed.stderr
    for site in ("north", "harbour", "valley"):
        assert re.search(rf"^{site}, \d+ cases, distance to training: ", completed.stdout, re.M)
    assert "was trained on" in page.read_text()


def newest_model(output: Path) -> Path:
    (model,) = (output / "serving").iterdir()
    return model


def test_the_pushed_model_scores_a_folder_of_new_cases(finished, tmp_path):
    run, _ = finished
    images = sorted((run.data / "medical" / "images").rglob("*.png"))[:3]
    case = tmp_path / "new" / "case-1"
    case.mkdir(parents=True)
    for image in images[:2]:
        (case / image.name).write_bytes(image.read_bytes())
    (tmp_path / "new" / "loose.png").write_bytes(images[2].read_bytes())
    (tmp_path / "new" / "broken.png").write_bytes(b"no image")
    output = tmp_path / "scores.csv"
    completed = run.micle(
        "predict", str(newest_model(run.output)), str(tmp_path / "new"), "-o", str(output)
    )
    assert completed.returncode == 0, completed.stderr
    assert "broken.png: cannot be decoded; left out." in completed.stderr
    rows = list(csv.DictReader(output.open()))
    assert [(row["case_id"], row["images"]) for row in rows] == [("case-1", "2"), ("loose", "1")]
    for row in rows:
        assert all(0 < float(row[name]) < 1 for name in ("opacity", "effusion", "cardiomegaly"))


def test_the_pushed_model_gives_the_scores_that_were_evaluated(finished, tmp_path):
    """Served from the manifest, the cases score as they did inside the pipeline."""
    import tensorflow as tf

    run, _ = finished
    output = tmp_path / "scores.csv"
    manifest = run.data / "medical" / "manifest.csv"
    run.micle("predict", str(newest_model(run.output)), str(manifest), "-o", str(output))
    served = sorted(float(row["opacity"]) for row in csv.DictReader(output.open()))
    files = list((run.output / "artifacts" / "predict-candidate").rglob("predictions-*.gz"))
    records = tf.data.TFRecordDataset([str(f) for f in files], "GZIP").as_numpy_iterator()
    evaluated = sorted(
        tf.train.Example.FromString(record).features.feature["score"].float_list.value[0]
        for record in records
    )
    assert len(evaluated) > 60
    position = 0
    for score in evaluated:
        while abs(served[position] - score) > 2e-6:
            position += 1
            assert position < len(served), f"{score} was evaluated, but is not served"


class Predicted(NamedTuple):
    """A case as a model scored it."""

    split: bytes
    site: bytes
    labels: list[float]
    weights: list[float]
    scores: list[float]


def report_of(output: Path) -> dict:
    return json.loads((output / "report" / "report.json").read_text())


def predicted(output: Path, model: str) -> dict[bytes, Predicted]:
    """Returns by case what the model of a digest was scored with."""
    import tensorflow as tf

    for card in (output / "artifacts").glob("predict-*/predictions/*/predictions.json"):
        if json.loads(card.read_text())["model_digest"] != model:
            continue
        files = [str(file) for file in card.parent.glob("predictions-*.gz")]
        records = tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
        features = [tf.train.Example.FromString(one).features.feature for one in records]
        return {
            one["case_id"].bytes_list.value[0]: Predicted(
                *(one[name].bytes_list.value[0] for name in ("split", "site")),
                *(list(one[name].float_list.value) for name in ("label", "label_weight", "score")),
            )
            for one in features
        }
    raise AssertionError(f"no predictions of {model}")


def test_areas_under_the_curve_are_those_of_scikit_learn_on_the_real_predictions(finished):
    run, _ = finished
    report = report_of(run.output)
    cases = predicted(run.output, report["models"]["candidate"]["model_digest"]).values()
    evaluated = [case for case in cases if case.split in (b"test", b"shifted")]
    compared = 0
    for entry in report["slices"]:
        if entry["kind"] not in ("overall", "site"):
            continue
        site = entry["features"].get("site", "").encode()
        for place, name in enumerate(report["classes"]):
            shown = entry["models"]["candidate"]["classes"][name]["auc"]
            known = [c for c in evaluated if c.weights[place] and site in (b"", c.site)]
            if shown["status"] == "estimated":
                labels, scores = (
                    [one[place] for one in column]
                    for column in ([case.labels for case in known], [case.scores for case in known])
                )
                assert abs(shown["value"] - roc_auc_score(labels, scores)) < 1e-6
                compared += 1
    assert compared > 0


# From here on the finished run gets a second candidate: keep these tests last.


@pytest.fixture(scope="module")
def rival(finished):
    """A run with another fine-tuning, whose candidate needs a clinician's signature."""
    run, _ = finished
    values = yaml.safe_load(run.configuration.read_text())
    values["fine_tuning"]["training"]["epochs"] = 2
    values["gate"]["sign_off"] = {"roles": ["clinician"]}
    configuration = run.configuration.with_name("rival.yaml")
    configuration.write_text(yaml.safe_dump(values))
    registry = ModelRegistry.at(str(run.output / "registry"))
    first = registry.state().champion
    completed = run.micle("run", str(configuration))
    assert completed.returncode == 0, completed.stdout + completed.stderr
    [second] = set(registry.state().models) - {first}
    return run, configuration, completed.stdout, first, second


def champion_rule(record) -> dict:
    [rule] = [r for r in record.verdict["rules"] if r["rule"] == "not_worse_than_champion mean_auc"]
    return rule


@pytest.mark.slow
def test_the_first_model_met_no_champion_and_the_second_met_the_first(rival):
    run, _, _, first, second = rival
    registry = ModelRegistry.at(str(run.output / "registry"))
    assert "There is no champion yet" in champion_rule(registry.record(first))["reason"]
    assert registry.record(first).judged_against == ""
    assert registry.record(second).judged_against == first
    rule = champion_rule(registry.record(second))
    assert -0.9 < rule["lower"] < rule["measured"] < rule["upper"]
    assert registry.record(second).check["score_difference"] < 1e-4
    assert registry.record(second).encoder["parent"]["method"] == "simclr"


@pytest.mark.slow
def test_the_report_holds_the_second_against_the_first_case_by_case(rival):
    """Counted here again from the predictions of both, each at its own threshold."""
    run, _, _, first, second = rival
    report = report_of(run.output)
    champion = report["champion"]
    assert champion["model"]["model_digest"] == first
    assert report["models"]["candidate"]["model_digest"] == second
    assert {row["slice"] for row in champion["comparison"]} >= {"all cases", "site valley"}
    before, after = (predicted(run.output, model) for model in (first, second))
    assert set(before) == set(after)
    thresholds = champion["model"], report["models"]["candidate"]
    counted = {}
    for place, name in enumerate(report["classes"]):
        points = [model["operating_point"][name] for model in thresholds]
        changes = {"newly_found": 0, "newly_missed": 0, "newly_false_alarm": 0, "newly_cleared": 0}
        for case_id, case in before.items():
            if case.split not in (b"test", b"shifted") or not case.weights[place]:
                continue
            both = zip((case, after[case_id]), points, strict=True)
            was, is_now = (of_model.scores[place] >= point for of_model, point in both)
            if was == is_now:
                continue
            kinds = (
                ("newly_found", "newly_missed")
                if case.labels[place]
                else (
                    "newly_false_alarm",
                    "newly_cleared",
                )
            )
            changes[kinds[0 if is_now else 1]] += 1
        counted[name] = changes
    rows = {r["class"]: r for r in champion["reclassified"] if r["slice"] == "all cases"}
    assert {name: {key: rows[name][key] for key in counted[name]} for name in rows} == counted
    assert sum(sum(changes.values()) for changes in counted.values()) > 0
    page = (run.output / "report" / "report.html").read_text()
    assert "Reclassified cases" in page
    assert "There is no champion yet" not in page


@pytest.mark.slow
def test_the_registry_says_in_what_the_second_differs_from_the_first(rival):
    run, configuration, _, first, second = rival
    completed = run.micle("models", "diff", first[:12], second[:12], "-c", str(configuration))
    assert completed.returncode == 0, completed.stderr
    assert "mean_auc" in completed.stdout
    shown = run.micle("models", "show", second[:12], "-c", str(configuration))
    assert f"{first[:12]}" in shown.stdout


@pytest.mark.slow
def test_a_run_beside_itself_has_no_difference_and_no_reclassified_case(rival, tmp_path):
    run, *_ = rival
    output = str(run.output)
    completed = run.micle("report", "--compare", output, output, "--output", str(tmp_path))
    assert completed.returncode == 0, completed.stderr
    data = json.loads((tmp_path / "comparison.json").read_text())
    assert data["unpaired"] == []
    assert {row["newly_found"] + row["newly_missed"] for row in data["reclassified"]} == {0}
    assert data["slices"][0]["differences"]["mean_auc"]["status"] == SAME_SCORES


@pytest.mark.slow
def test_the_report_made_again_withholds_small_counts_where_it_is_asked_to(rival):
    run, configuration, *_ = rival
    values = yaml.safe_load(configuration.read_text())
    values["report"]["suppress_counts_below"] = 10
    withholding = configuration.with_name("withholding.yaml")
    withholding.write_text(yaml.safe_dump(values))
    completed = run.micle("report", str(run.output), "--configuration", str(withholding))
    assert completed.returncode == 0, completed.stderr
    text = (run.output / "report" / "report.json").read_text()
    assert '"<10"' in text
    changes = json.loads(text)["champion"]["reclassified"]
    counts = {row[name] for row in changes for name in ("newly_found", "newly_missed")}
    assert not {count for count in counts if isinstance(count, int) and 0 < count < 10}
    assert "Small counts are withheld" in (run.output / "report" / "report.html").read_text()


@pytest.mark.slow
def test_the_second_waits_for_a_clinician_and_is_not_served(rival):
    run, _, output, first, second = rival
    assert f"registry: {second[:12]}: awaiting sign-off: clinician." in output
    assert model_digest(str(newest_model(run.output))) == first


@pytest.mark.slow
def test_signed_it_is_promoted_and_one_command_brings_the_first_back(rival):
    run, configuration, _, first, second = rival

    def micle_models(*arguments):
        completed = run.micle("models", *arguments, "-c", str(configuration))
        assert completed.returncode == 0, completed.stderr
        return completed.stdout

    micle_models("sign", second[:12], "--role", "clinician", "--name", "Dr. Ada Byron")
    micle_models("promote", second[:12])
    assert model_digest(str(newest_version(run.output / "serving"))) == second
    micle_models("rollback", "--reason", "alarms at night")
    assert model_digest(str(newest_version(run.output / "serving"))) == first
    # Two registered, one signed, two promoted, one rolled back.
    assert "6 entries, unbroken" in micle_models("verify")
    lines = micle_models("list").splitlines()
    assert [line.rsplit("  ", 1)[1] for line in lines] == [
        "state",
        "champion",
        "rolled back, awaiting sign-off: clinician",
    ]
