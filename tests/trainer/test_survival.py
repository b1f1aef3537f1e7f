"""What remains of a training whose process is killed."""

import random
import signal
import time

import numpy as np
import pytest

from tests.trainer import training_process
from tests.trainer.synthetic_records import example, textured_image, write_records
from trainer.settings import (
    AugmentationSettings,
    ContrastiveSettings,
    EncoderSettings,
    FineTuneSettings,
    to_json,
)

SIDE = 16
KILLS = 10
# Not narrower: docs/training.md names a oneDNN kernel for 4 channels that does not repeat itself.
WIDTH = 0.125


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    rng = np.random.default_rng(0)
    records = [
        example([textured_image(i % 2, rng, SIDE)], f"c{i}", f"p{i}", label=i % 2)
        for i in range(16)
    ]
    directory = tmp_path_factory.mktemp("images")
    settings = ContrastiveSettings(
        epochs=150,
        batch_size=8,
        accumulation_steps=2,
        ema_momentum=0.9,
        projection_layers=1,
        projection_size=4,
        augmentation=AugmentationSettings(colour_strength=0.0),
        checkpoint_seconds=0.1,
    )
    return {
        "files": [write_records(directory / "cases.gz", records)],
        "source": "images",
        "encoder_settings": to_json(EncoderSettings("resnet18", WIDTH, "imagenet", SIDE)),
        "settings": to_json(settings),
        "distribution": "one_device",
    }


def newest_step(checkpoints):
    return max((path.stem for path in checkpoints.rglob("step-*.npz")), default="")


def wait_for_checkpoints(process, checkpoints, count=1):
    """Waits until the training has gone on and saved that often, or is over."""
    for _ in range(count):
        before = newest_step(checkpoints)
        while process.poll() is None and newest_step(checkpoints) == before:
            time.sleep(0.02)


def assert_same_weights(received, expected):
    assert received.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(received[name], expected[name])


@pytest.fixture(scope="module")
def fine_tuning_arguments(arguments):
    settings = FineTuneSettings(epochs=2000, batch_size=8, patience=2000, checkpoint_seconds=0.1)
    return {
        "train_files": arguments["files"],
        "validation_files": arguments["files"],
        "encoder_settings": arguments["encoder_settings"],
        "settings": to_json(settings),
        "distribution": "one_device",
    }


@pytest.mark.parametrize("training", ["arguments", "fine_tuning_arguments"])
def test_sigterm_saves_a_checkpoint_then_stops(training, tmp_path, request):
    checkpoints = tmp_path / "checkpoints"
    arguments = {**request.getfixturevalue(training), "checkpoint_directory": str(checkpoints)}
    arguments["settings"] = arguments["settings"].replace(
        '"checkpoint_seconds": 0.1', '"checkpoint_seconds": 1.0'
    )
    process = training_process.start(tmp_path, arguments)
    wait_for_checkpoints(process, checkpoints)
    before = newest_step(checkpoints)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == -signal.SIGTERM
    assert "SIGTERM: a checkpoint is saved" in (tmp_path / "log").read_text()
    assert newest_step(checkpoints) > before
    assert not (tmp_path / "result.npz").exists()


@pytest.mark.slow
def test_killed_ten_times_it_ends_with_the_very_same_weights(arguments, tmp_path):
    straight = tmp_path / "straight"
    process = training_process.start(
        straight, {**arguments, "checkpoint_directory": str(straight / "checkpoints")}
    )
    assert process.wait(timeout=600) == 0, (straight / "log").read_text()
    killed = tmp_path / "killed"
    moments = random.Random(0)
    for _ in range(KILLS):
        process = training_process.start(
            killed, {**arguments, "checkpoint_directory": str(killed / "checkpoints")}
        )
        wait_for_checkpoints(process, killed / "checkpoints", count=moments.randint(1, 3))
        time.sleep(moments.uniform(0, 0.1))
        assert process.poll() is None, "the training is too short to be killed that often"
        process.kill()
        process.wait()
    last = training_process.start(
        killed, {**arguments, "checkpoint_directory": str(killed / "checkpoints")}
    )
    assert last.wait(timeout=600) == 0
    assert (killed / "log").read_text().count("resumed at step") >= KILLS
    assert_same_weights(
        training_process.result(killed), training_process.result(tmp_path / "straight")
    )
