"""One pretraining step by itself: in one process, and as the workers of one training."""

import copy
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from pipeline.command_line import main
from tests.trainer.synthetic_records import example, textured_image, write_records
from trainer.encoder_card import read_encoder_card

PROJECT = Path(__file__).parents[2]
SIDE = 16
CONFIGURATION = {
    "name": "workers",
    "output_dir": "none",
    "report": {"title": "t", "intended_use": "u", "owner": "o", "limits": ["l"]},
    "seed": 3,
    "data": {"medical": {"manifest": "none.csv", "task": "multi_class", "classes": ["a", "b"]}},
    "encoder": {
        **{"architecture": "resnet18", "width_multiplier": 0.125},
        **{"stem": "imagenet", "image_size": SIDE},
    },
    "pretraining": [
        {"data": "medical", "method": "simclr"},
        {
            "data": "medical",
            "method": "micle",
            "training": {
                **{"epochs": 2, "batch_size": 8, "projection_size": 8, "warmup_fraction": 0.0},
                # Not AdamW, whose first steps make as much of a tiny gradient as of a large one,
                # and so of what rounding leaves of it.
                **{"optimizer": "lars", "learning_rate": 0.1},
            },
        },
    ],
}


@pytest.fixture(autouse=True)
def logging_as_before():
    """The command sends this process' logs to where a pod's go."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a configuration and the records of 16 pairs, as PairBuilder leaves them."""
    folder = tmp_path_factory.mktemp("pretrain")
    (folder / "configuration.yaml").write_text(yaml.safe_dump(CONFIGURATION))
    rng = np.random.default_rng(1)
    records = [
        example([textured_image(i % 2, rng, SIDE) for _ in range(2)], f"c{i}", f"p{i // 2}")
        for i in range(16)
    ]
    (folder / "pairs" / "Split-train").mkdir(parents=True)
    write_records(folder / "pairs" / "Split-train" / "pairs-round-00000-00000-of-00001.gz", records)
    return folder


def arguments(place, output, **changes):
    options = {
        "step": 2,
        "examples": place / "pairs",
        "output": place / output,
        "checkpoints": place / f"{output}-checkpoints",
        **changes,
    }
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    return ["pretrain", str(place / "configuration.yaml"), *words]


def weights(folder):
    found = []
    with h5py.File(folder / "encoder.weights.h5") as file:
        file.visititems(
            lambda name, item: (
                found.append((name, item[()])) if isinstance(item, h5py.Dataset) else None
            )
        )
    return dict(found)


@pytest.fixture(scope="module")
def alone(place):
    done = CliRunner().invoke(main, arguments(place, "alone"))
    assert done.exit_code == 0, done.output
    assert f"initial_encoder: {place / 'alone'}" in done.output
    return place / "alone"


def test_the_encoder_is_that_of_the_step_that_was_asked_for(alone):
    card = read_encoder_card(str(alone))
    assert (card.method, card.epochs, card.batch_size, card.seed) == ("micle", 2, 8, 3)
    assert card.steps == 4
    assert (alone / "history.csv").exists()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"step": 3}, "error: --step 3: pretraining has 2 steps."),
        ({"examples": "nowhere"}, "error: --examples nowhere: there is no folder Split-train"),
    ],
)
def test_a_mistake_has_a_status_of_its_own_so_that_no_one_tries_again(place, changes, expected):
    refused = CliRunner().invoke(main, arguments(place, "refused", **changes))
    assert refused.exit_code == 2
    assert expected in refused.output


def as_a_process(arguments, *before, **environment):
    return subprocess.Popen(
        [*before, sys.executable, "-m", "pipeline", *arguments],
        env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="a namespace of processes is root's to make")
def test_a_pod_that_is_taken_away_saves_in_time_and_the_next_one_goes_on(place):
    longer = copy.deepcopy(CONFIGURATION)
    longer["pretraining"][1]["training"]["epochs"] = 200
    (place / "longer.yaml").write_text(yaml.safe_dump(longer))
    words = arguments(place, "longer")
    words[1] = str(place / "longer.yaml")
    # Its first process, as in a container.
    pod = as_a_process(words, "unshare", "--pid", "--fork", "--mount-proc")
    assert any('"progress"' in line for line in pod.stdout), "no training began"
    [first] = Path(f"/proc/{pod.pid}/task/{pod.pid}/children").read_text().split()
    os.kill(int(first), signal.SIGTERM)
    asked = time.monotonic()
    told = pod.communicate(timeout=100)[0]
    # What a spot machine of GKE gives.
    assert time.monotonic() - asked < 25
    assert pod.returncode == 128 + signal.SIGTERM
    assert "SIGTERM: a checkpoint is saved" in told
    assert not (place / "longer" / "encoder.json").exists()

    again = as_a_process(words)
    told = again.communicate(timeout=500)[0]
    assert again.returncode == 0, told
    assert "resumed at step" in told
    assert read_encoder_card(str(place / "longer")).steps == 400


@pytest.mark.slow
def test_two_workers_make_the_encoder_of_one(place, alone):
    ports = [_free_port(), _free_port()]
    cluster = {"worker": [f"localhost:{port}" for port in ports]}
    workers = []
    for index in (0, 1):
        task = {"cluster": cluster, "task": {"type": "worker", "index": index}}
        workers.append(as_a_process(arguments(place, "workers"), TF_CONFIG=json.dumps(task)))
    told = [worker.communicate(timeout=600)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], told
    # The first worker alone writes and says so.
    assert ["initial_encoder:" in words for words in told] == [True, False]
    expected = weights(alone)
    for name, value in weights(place / "workers").items():
        np.testing.assert_allclose(value, expected[name], rtol=0, atol=1e-4)


def _free_port():
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]
