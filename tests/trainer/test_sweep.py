import csv
import dataclasses
import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.trainer.synthetic_records import example, textured_image, write_records
from trainer import fine_tuning
from trainer.errors import DivergedError, UserError
from trainer.fine_tuning import fine_tune
from trainer.settings import AugmentationSettings, EncoderSettings, FineTuneSettings, to_json
from trainer.sweep import fine_tune_sweep, run_sweep, write_sweep
from trainer.sweep_settings import PAPER_SWEEP, SweepSettings, sweep_from_json

GRID = SweepSettings(learning_rates=(0.1, 0.2, 0.4), weight_decays=(0.0, 0.01))


class Trainer:
    """Stands for `fine_tune`: leaves a checkpoint; its loss is a bowl around rate 0.2, decay 0.

    Rates from 0.4 on diverge.
    """

    def __init__(self, killed_at: int = 0) -> None:
        self.trained: list[tuple[float, float]] = []
        self._killed_at = killed_at

    def __call__(self, settings, directory, stage):
        checkpoint = Path(directory, "checkpoint")
        if not checkpoint.exists():
            self.trained.append((settings.learning_rate, settings.weight_decay))
            if len(self.trained) == self._killed_at:
                raise KeyboardInterrupt
            if settings.learning_rate >= 0.4:
                raise DivergedError("Step 3: the fine-tuning loss is not a number.")
            checkpoint.parent.mkdir(parents=True)
            checkpoint.touch()
        loss = 0.5 + abs(settings.learning_rate - 0.2) + settings.weight_decay
        return SimpleNamespace(
            selection_score=loss, best_epoch=2, seconds=1.5, settings=settings, stage=stage
        )


def run(train, directory, metric="loss", grid=GRID):
    return run_sweep(train, FineTuneSettings(selection_metric=metric), grid, str(directory))


def test_every_point_is_tried_and_the_best_on_validation_is_taken(tmp_path):
    train = Trainer()
    result = run(train, tmp_path)
    assert train.trained == list(GRID.points())
    assert (result.best.learning_rate, result.best.weight_decay) == (0.2, 0.0)
    assert result.model.settings.learning_rate == 0.2
    assert result.model.settings.weight_decay == 0.0
    by_auc = run(Trainer(), tmp_path / "auc", metric="auc").best
    assert (by_auc.learning_rate, by_auc.weight_decay) == (0.1, 0.01)


def test_a_diverged_point_is_recorded_and_does_not_end_the_sweep(tmp_path):
    grid = dataclasses.replace(GRID, learning_rates=(0.4, 0.1))
    result = run(Trainer(), tmp_path, grid=grid)
    assert [point.outcome for point in result.points] == ["diverged"] * 2 + ["finished"] * 2
    assert result.best.learning_rate == 0.1


def test_a_sweep_that_diverges_everywhere_is_an_error_of_one_line(tmp_path):
    grid = dataclasses.replace(GRID, learning_rates=(0.4, 0.8))
    with pytest.raises(UserError, match=r"Each of the 4 points .* Give lower learning_rates") as e:
        run(Trainer(), tmp_path, grid=grid)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    "killed_at", [3, *(pytest.param(point, marks=pytest.mark.slow) for point in (1, 2, 4, 5, 6))]
)
def test_a_killed_sweep_goes_on_and_repeats_no_finished_point(tmp_path, killed_at):
    whole = run(Trainer(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(Trainer(killed_at), tmp_path / "killed")
    again = Trainer()
    result = run(again, tmp_path / "killed")
    assert again.trained == list(GRID.points())[killed_at - 1 :]
    assert result.points == whole.points
    assert result.best == whole.best
    third = Trainer()
    assert run(third, tmp_path / "killed").best == whole.best
    assert third.trained == []


def test_only_the_best_point_keeps_its_checkpoints(tmp_path):
    run(Trainer(), tmp_path)
    kept = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert [path.name for path in kept] == ["learning-rate-0.2-weight-decay-0.0"]
    assert len(list(tmp_path.glob("*.json"))) == 6


def test_the_best_point_is_trained_again_where_its_checkpoints_are_gone(tmp_path):
    run(Trainer(), tmp_path)
    train = Trainer()
    smaller = dataclasses.replace(GRID, learning_rates=(0.1,))
    assert run(train, tmp_path, grid=smaller).best.learning_rate == 0.1
    assert train.trained == [(0.1, 0.0)]


def test_the_table_has_every_point_and_marks_the_chosen_one(tmp_path):
    write_sweep(str(tmp_path), run(Trainer(), tmp_path / "checkpoints"))
    rows = list(csv.DictReader((tmp_path / "sweep.csv").open()))
    assert [(float(r["learning_rate"]), float(r["weight_decay"])) for r in rows] == list(
        GRID.points()
    )
    assert [row["chosen"] for row in rows] == ["no", "no", "yes", "no", "no", "no"]
    assert rows[2]["score"] == "0.5" and rows[2]["seconds"] == "1.5"
    assert rows[5]["outcome"] == "diverged" and rows[5]["score"] == ""


def test_the_papers_sweep_has_28_points_half_a_decade_apart():
    rates = [math.log10(rate) for rate in PAPER_SWEEP.learning_rates]
    np.testing.assert_allclose(rates, [-3.5, -3, -2.5, -2, -1.5, -1, -0.5], atol=1e-4)
    assert PAPER_SWEEP.weight_decays == (0, 1e-5, 1e-4, 1e-3)
    assert len(PAPER_SWEEP.points()) == 28


def test_a_sweep_survives_json_and_no_text_is_no_sweep():
    assert sweep_from_json(to_json(GRID)) == GRID
    assert sweep_from_json("") is None


@pytest.mark.parametrize(
    "rates,decays",
    [((), (0.0,)), ((0.1, 0.1), (0.0,)), ((0.0,), (0.0,)), ((0.1,), (-1.0,)), ((math.nan,), (0,))],
)
def test_a_grid_out_of_range_is_refused(rates, decays):
    with pytest.raises(ValueError, match=r"learning_rates|weight_decays"):
        SweepSettings(rates, decays)


@pytest.mark.slow
def test_a_real_training_killed_amid_a_point_goes_on_to_the_same_model(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)

    def write(name, count):
        cases = [
            example([textured_image(i % 2, rng)], f"c{i}", f"p{i}", label=i % 2)
            for i in range(count)
        ]
        return [write_records(tmp_path / name, cases)]

    files = write("train.gz", 16), write("validation.gz", 8)

    settings = FineTuneSettings(
        epochs=2,
        batch_size=8,
        learning_rate=0.01,
        checkpoint_seconds=0.0,
        augmentation=AugmentationSettings(colour_strength=0.0),
    )
    arguments = {
        "task": "multi_class",
        "classes": ["horizontal", "vertical"],
        "encoder_settings": EncoderSettings("resnet18", 0.125, "imagenet", 16),
        "settings": settings,
        "label_fraction": 1.0,
        "seed": 1,
        "initial_encoder": None,
    }

    def sweep():
        grid = SweepSettings((0.01,), (settings.weight_decay,))
        directory = str(tmp_path / "sweep")
        return fine_tune_sweep(*files, sweep=grid, checkpoint_directory=directory, **arguments)

    class Stopping(fine_tuning.ProgressMeter):
        count = 0

        def update(self, done, metrics):
            super().update(done, metrics)
            Stopping.count += 1
            if Stopping.count > 2:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fine_tuning, "ProgressMeter", Stopping)
        sweep()
    result = sweep()
    alone = fine_tune(*files, checkpoint_directory=str(tmp_path / "alone"), **arguments)
    assert result.best.score == result.model.selection_score == alone.selection_score
    assert result.model.history == alone.history
    np.testing.assert_array_equal(result.model.validation_scores, alone.validation_scores)
    (file,) = (tmp_path / "sweep").glob("sweep-*/learning-rate-0.01-*.json")
    assert json.loads(file.read_text())["score"] == alone.selection_score
