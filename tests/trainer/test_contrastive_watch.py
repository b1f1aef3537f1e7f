import dataclasses
import math

import numpy as np
import pytest

from tests.trainer.synthetic_records import example, textured_image, write_records
from tests.trainer.test_contrastive_training import SIDE, TRAINING, stop_after, train
from tests.trainer.test_event_files import read
from trainer.contrastive_watch import ContrastiveWatch
from trainer.watch_samples import LabelledFiles
from trainer.watch_settings import WatchSettings

TRAINING_LOGS = ("accuracy", "entropy", "learning_rate", "loss")
ONE_EPOCH = dataclasses.replace(TRAINING, epochs=1)
EVERY_TWO = WatchSettings(every=2, train_cases=20, validation_cases=10)


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Training and validation files of horizontal and vertical stripes, labelled by that."""
    rng = np.random.default_rng(0)
    directory = tmp_path_factory.mktemp("cases")
    records = [
        example([textured_image(i % 2, rng, SIDE)] * (1 + i % 3), f"c{i}", f"p{i}", label=i % 2)
        for i in range(40)
    ]
    return LabelledFiles(
        train=[write_records(directory / "train.gz", records[:24])],
        validation=[write_records(directory / "validation.gz", records[24:])],
        task="multi_class",
        class_count=2,
    )


@pytest.fixture(scope="module")
def unwatched(cases, tmp_path_factory):
    return train(cases.train, tmp_path_factory.mktemp("unwatched"))


@pytest.fixture(scope="module")
def watched(cases, tmp_path_factory):
    directory = tmp_path_factory.mktemp("watched")
    watch = ContrastiveWatch(EVERY_TWO, cases)
    result = train(cases.train, directory, observer=watch)
    watch.write(str(directory / "artifact"))
    return result, watch, directory


def test_watching_changes_no_weight(watched, unwatched):
    result, _, _ = watched
    assert result.history == unwatched.history
    for received, expected in zip(
        result.encoder.get_weights(), unwatched.encoder.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(received, expected)


def test_the_first_each_second_and_the_last_step_are_read(watched):
    result, watch, _ = watched
    # 24 cases of 1 to 3 images are 48 images: 6 steps of 8 in each of the 2 epochs.
    assert [row.step for row in watch.rows] == [1, 2, 4, 6, 8, 10, 12]
    last = watch.rows[-1].values
    assert last["loss"] == result.history[-1].loss
    assert set(last) == {
        *TRAINING_LOGS,
        *("alignment", "uniformity", "knn_accuracy", "probe_accuracy", "probe_auc"),
    }
    assert 0 <= last["alignment"] <= 4
    assert -4 <= last["uniformity"] <= 0
    # Stripes are easy to tell, even by a network that has learnt next to nothing; a guess is 0.5.
    assert last["probe_accuracy"] > 0.65


def test_the_artifact_holds_the_table_and_what_tensorboard_reads(watched):
    result, watch, directory = watched
    scalars = read(directory / "artifact" / "tensorboard")
    assert {tag for tag in scalars if tag.startswith("training/")} == {
        f"training/{name}" for name in TRAINING_LOGS
    }
    expected = [(row.step, pytest.approx(row.loss)) for row in result.history]
    assert scalars["training/loss"] == expected
    expected = [(row.step, pytest.approx(row.values["alignment"])) for row in watch.rows]
    assert scalars["embedding/alignment"] == expected
    lines = (directory / "artifact" / "watch.csv").read_text().splitlines()
    assert len(lines) == 1 + len(watch.rows)


@pytest.mark.slow
def test_a_training_stopped_twice_has_the_records_of_one_that_was_not(
    cases, watched, tmp_path, monkeypatch
):
    _, expected, directory = watched
    for steps in (3, 5):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            stop_after(steps, patch)
            train(cases.train, tmp_path, observer=ContrastiveWatch(EVERY_TWO, cases))
        # Without the newest checkpoint the last step is done, and recorded, once more.
        max(tmp_path.glob("*/step-*.npz")).unlink()
    watch = ContrastiveWatch(EVERY_TWO, cases)
    train(cases.train, tmp_path, observer=watch)
    assert watch.rows == expected.rows
    (folder,) = (tmp_path / "tensorboard").iterdir()
    assert read(folder) == read(directory / "artifact" / "tensorboard")
    # Nothing is left to do; what was recorded stays. Watched in another way, the training finds
    # the same checkpoints.
    again = ContrastiveWatch(WatchSettings(every=5))
    train(cases.train, tmp_path, observer=again)
    assert again.rows == expected.rows


def test_without_labels_pairs_alone_are_measured(cases, tmp_path):
    watch = ContrastiveWatch(WatchSettings(every=100))
    train(cases.train, tmp_path, settings=ONE_EPOCH, observer=watch)
    assert [row.step for row in watch.rows] == [1, 6]
    assert set(watch.rows[-1].values) == {*TRAINING_LOGS, "alignment", "uniformity"}


def test_switched_off_only_the_scalars_of_the_training_are_written(cases, tmp_path):
    watch = ContrastiveWatch(WatchSettings(every=0), cases)
    train(cases.train, tmp_path, settings=ONE_EPOCH, observer=watch)
    watch.write(str(tmp_path / "artifact"))
    assert watch.rows == ()
    assert set(read(tmp_path / "artifact" / "tensorboard")) == {
        f"training/{name}" for name in TRAINING_LOGS
    }
    assert not (tmp_path / "artifact" / "watch.csv").exists()


def test_pairs_of_findings_are_watched_too(tmp_path):
    rng = np.random.default_rng(3)
    images = [[textured_image(i % 2, rng, SIDE) for _ in range(2)] for i in range(16)]
    pairs = write_records(
        tmp_path / "pairs-round-00000-00000-of-00001.gz",
        [example(images[i], f"c{i}", f"p{i}") for i in range(16)],
    )
    findings = [[float(i % 2), 0.0] for i in range(16)]
    labelled = write_records(
        tmp_path / "cases.gz",
        [
            example(images[i], f"c{i}", f"p{i}", findings=findings[i], weights=[1.0, 0.0])
            for i in range(16)
        ],
    )
    watch = ContrastiveWatch(
        WatchSettings(every=100), LabelledFiles([labelled], [labelled], "multi_label", 2)
    )
    train([pairs], tmp_path, source="pairs", settings=ONE_EPOCH, observer=watch)
    last = watch.rows[-1].values
    assert {"knn_auc", "probe_auc"} < set(last)
    assert not {"knn_accuracy", "probe_accuracy"} & set(last)
    assert not any(math.isnan(value) for value in last.values())
