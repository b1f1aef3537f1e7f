"""Several devices or workers make the updates of one device on the same global batches."""

import json
import socket

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer import training_process
from tests.trainer.synthetic_records import example, textured_image, write_records
from trainer import distribution
from trainer.distribution import (
    find_replicas,
    gather_integers,
    gather_rows,
    is_chief,
    sum_over_replicas,
)
from trainer.errors import UserError
from trainer.settings import (
    AugmentationSettings,
    ContrastiveSettings,
    EncoderSettings,
    FineTuneSettings,
    to_json,
)

SIDE = 16
# 16 pairs: 2 batches an epoch.
SETTINGS = ContrastiveSettings(
    epochs=2,
    batch_size=8,
    projection_layers=2,
    projection_size=8,
    optimizer="lars",
    learning_rate=0.1,
    warmup_fraction=0.0,
    augmentation=AugmentationSettings(blur_probability=0.5, grayscale_probability=0.5),
)


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    """Of a training on pairs; every two cases are of one patient."""
    rng = np.random.default_rng(1)
    records = [
        example([textured_image(i % 2, rng, SIDE) for _ in range(2)], f"c{i}", f"p{i // 2}")
        for i in range(16)
    ]
    name = "pairs-round-00000-00000-of-00001.gz"
    return {
        "files": [write_records(tmp_path_factory.mktemp("pairs") / name, records)],
        "source": "pairs",
        "encoder_settings": to_json(EncoderSettings("resnet18", 0.125, "imagenet", SIDE)),
        "settings": to_json(SETTINGS),
    }


def run(directory, arguments, **changes):
    """Trains in a process of its own."""
    process = training_process.start(
        directory,
        {**arguments, "checkpoint_directory": str(directory / "checkpoints"), **changes},
    )
    assert process.wait(timeout=300) == 0, (directory / "log").read_text()
    return training_process.result(directory)


@pytest.fixture(scope="module")
def one_device(arguments, tmp_path_factory):
    return run(tmp_path_factory.mktemp("one"), arguments, distribution="one_device")


def assert_same(received, expected):
    assert received.keys() == expected.keys()
    assert len(expected["loss"]) == 4
    for name in expected:
        np.testing.assert_allclose(received[name], expected[name], rtol=0, atol=1e-4)


def test_two_devices_make_the_updates_of_one(arguments, one_device, tmp_path):
    assert_same(run(tmp_path, arguments, distribution="mirrored", devices=2), one_device)


@pytest.mark.slow
def test_images_of_simclr_too(arguments, tmp_path):
    images = {**arguments, "source": "images"}
    expected = run(tmp_path / "one", images, distribution="one_device")
    received = run(tmp_path / "two", images, distribution="mirrored", devices=2)
    assert len(expected["loss"]) == 8
    for name in expected:
        np.testing.assert_allclose(received[name], expected[name], rtol=0, atol=1e-4)


@pytest.fixture(scope="module")
def fine_tuning_arguments(tmp_path_factory):
    """Of a training on 21 cases of 1 to 3 images: batches of 7, which no two replicas share."""
    rng = np.random.default_rng(1)
    directory = tmp_path_factory.mktemp("cases")

    def write(name, count):
        records = [
            example(
                [textured_image(i % 2, rng, SIDE) for _ in range(1 + i % 3)],
                f"c{i}",
                f"p{i}",
                label=i % 2,
            )
            for i in range(count)
        ]
        return [write_records(directory / name, records)]

    settings = FineTuneSettings(
        epochs=2,
        batch_size=8,
        optimizer="sgd",
        learning_rate=0.01,
        warmup_fraction=0.0,
        augmentation=AugmentationSettings(grayscale_probability=0.5),
    )
    return {
        "train_files": write("train.gz", 21),
        "validation_files": write("validation.gz", 10),
        "encoder_settings": to_json(EncoderSettings("resnet18", 0.125, "imagenet", SIDE)),
        "settings": to_json(settings),
    }


@pytest.mark.slow
def test_fine_tuning_on_two_devices_makes_the_updates_of_one(fine_tuning_arguments, tmp_path):
    expected = run(tmp_path / "one", fine_tuning_arguments, distribution="one_device")
    received = run(tmp_path / "two", fine_tuning_arguments, distribution="mirrored", devices=2)
    assert expected["loss"].shape == (2, 2)
    for name in expected:
        np.testing.assert_allclose(received[name], expected[name], rtol=0, atol=1e-4)


@pytest.mark.slow
def test_fine_tuning_by_two_workers_makes_the_updates_of_one(fine_tuning_arguments, tmp_path):
    expected = run(tmp_path / "one", fine_tuning_arguments, distribution="one_device")
    workers = run_workers(tmp_path, fine_tuning_arguments)
    for worker in workers:
        received = training_process.result(worker)
        for name in expected:
            np.testing.assert_allclose(received[name], expected[name], rtol=0, atol=1e-4)


def free_ports(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def run_workers(directory, arguments):
    """Trains in two processes; each with a checkpoint directory of its own, to see who writes."""
    workers = [f"localhost:{port}" for port in free_ports(2)]
    places = [directory / str(index) for index in range(2)]
    processes = [
        training_process.start(
            place,
            {
                **arguments,
                "checkpoint_directory": str(place / "checkpoints"),
                "distribution": "auto",
            },
            TF_CONFIG=json.dumps(
                {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
            ),
        )
        for index, place in enumerate(places)
    ]
    for process, place in zip(processes, places, strict=True):
        assert process.wait(timeout=300) == 0, (place / "log").read_text()
    return places


@pytest.fixture(scope="module")
def two_workers(arguments, tmp_path_factory):
    return run_workers(tmp_path_factory.mktemp("workers"), arguments)


@pytest.mark.slow
def test_two_workers_make_the_updates_of_one(two_workers, one_device):
    for worker in two_workers:
        assert_same(training_process.result(worker), one_device)


@pytest.mark.slow
def test_only_the_chief_writes_checkpoints_and_others_may_go_on_from_them(
    two_workers, arguments, one_device, tmp_path
):
    chief, other = (worker / "checkpoints" for worker in two_workers)
    assert list(chief.rglob("*.npz"))
    assert not list(other.rglob("*.npz"))
    result = run(
        tmp_path,
        arguments,
        distribution="one_device",
        checkpoint_directory=str(chief),
    )
    assert "resumed at step 4 of 4" in (tmp_path / "log").read_text()
    assert_same(result, one_device)


def test_one_device_needs_no_sums():
    values = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    assert find_replicas("auto").count == 1
    np.testing.assert_array_equal(sum_over_replicas(values), values)
    np.testing.assert_array_equal(gather_rows(values), values)
    np.testing.assert_array_equal(gather_integers(tf.constant([5, 2**40])), [5, 2**40])


def test_several_devices_are_refused_where_there_is_one():
    with pytest.raises(UserError, match=r"mirrored needs at least 2 devices; there is 1 .PU\."):
        find_replicas("mirrored")


def test_auto_takes_a_tpu_only_where_it_may(monkeypatch):
    monkeypatch.setenv("TPU_NAME", "")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a TPU"])
    assert distribution._detect(tpu=True) == "tpu"
    assert distribution._detect(tpu=False) == "one_device"


def test_several_workers_are_refused_without_their_names(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["localhost:1"]}}))
    with pytest.raises(UserError, match=r"multi_worker needs .* TF_CONFIG .* at least 2 workers"):
        find_replicas("multi_worker")


@pytest.mark.parametrize(
    ("cluster", "task", "expected"),
    [
        ({"worker": ["a:1", "b:1"]}, {"type": "worker", "index": 0}, True),
        ({"worker": ["a:1", "b:1"]}, {"type": "worker", "index": 1}, False),
        ({"chief": ["c:1"], "worker": ["a:1"]}, {"type": "worker", "index": 0}, False),
        ({"chief": ["c:1"], "worker": ["a:1"]}, {"type": "chief", "index": 0}, True),
        ({}, {}, True),
    ],
)
def test_the_chief_is_the_one_so_named_or_else_the_first_worker(
    monkeypatch, cluster, task, expected
):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    assert is_chief() == expected


def test_a_broken_tf_config_is_named(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{")
    with pytest.raises(UserError, match="TF_CONFIG: not valid JSON"):
        find_replicas()
