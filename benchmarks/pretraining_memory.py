"""Measures the peak memory of contrastive pretraining and prints it as a Markdown table.

    python benchmarks/pretraining_memory.py
    python benchmarks/pretraining_memory.py --large

The first command trains one epoch on 500, 5,000 and 20,000 small images: memory must not grow with
their number, once the shuffle buffer of 4,096 encoded images is full. The second does three steps
of a ResNet-50 at 224 pixels with 32 pairs a step, and needs several gigabytes. Each training is a
process of its own; its peak is that of its resident memory, all libraries included.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from trainer.contrastive_training import pretrain
from trainer.contrastive_watch import ContrastiveWatch
from trainer.settings import ContrastiveSettings, EncoderSettings
from trainer.watch_settings import WatchSettings

IMAGE_COUNTS = (500, 5_000, 20_000)


def main() -> None:
    """Starts a process for each training, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="ResNet-50 at 224 pixels")
    parser.add_argument("--train", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        print(json.dumps(train(**json.loads(arguments.train))))
        return
    small = {"architecture": "resnet18", "width": 0.25, "side": 48, "batch_size": 64}
    large = {"architecture": "resnet50", "width": 1.0, "side": 224, "batch_size": 32}
    trainings = (
        [{**large, "images": 96}]
        if arguments.large
        else [{**small, "images": images} for images in IMAGE_COUNTS]
    )
    print("| network | pixels | pairs a step | images | steps | peak memory |")
    print("|---|---|---|---|---|---|")
    for training in trainings:
        measured = measure(training)
        print(
            f"| {training['architecture']}, width {training['width']} | {training['side']} "
            f"| {training['batch_size']} | {training['images']} | {measured['steps']} "
            f"| {measured['peak_bytes'] / 1e9:.2f} GB |",
            flush=True,
        )


def measure(training: dict[str, object]) -> dict[str, int]:
    """Trains in a process of its own and returns its number of steps and peak memory in bytes."""
    command = [sys.executable, __file__, "--train", json.dumps(training)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONPATH": str(Path.cwd())}
    process = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(process.stdout.splitlines()[-1])


def train(
    architecture: str, width: float, side: int, batch_size: int, images: int
) -> dict[str, int]:
    """Trains one epoch on images of noise, watched as in the pipeline."""
    with tempfile.TemporaryDirectory() as directory:
        file = write_images(Path(directory, "cases.gz"), images, side)
        result = pretrain(
            [file],
            source="images",
            encoder_settings=EncoderSettings(architecture, width, "imagenet", side),
            settings=ContrastiveSettings(epochs=1, batch_size=batch_size, checkpoint_seconds=1e9),
            seed=0,
            checkpoint_directory=directory,
            trained_on="noise",
            data_fingerprint="noise",
            observer=ContrastiveWatch(WatchSettings()),
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"steps": result.card.steps, "peak_bytes": peak}


def write_images(path: Path, count: int, side: int) -> str:
    """Writes one case an image; one at a time is in memory."""
    random = np.random.default_rng(0)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for number in range(count):
            pixels = random.integers(0, 256, (side, side, 3), np.uint8)
            name = str(number).encode()
            feature = {
                "image": _bytes(tf.io.encode_jpeg(pixels).numpy()),
                "case_id": _bytes(name),
                "patient_id": _bytes(name),
                "pixel_mean": _floats([0.5] * 3),
                "pixel_std": _floats([0.25] * 3),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
    return str(path)


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _floats(values: list[float]) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


if __name__ == "__main__":
    main()
