"""Measures contrastive pretraining on this machine's device, a GPU if there is one, by precision.

    python benchmarks/accelerator.py --output accelerator.json
    python benchmarks/accelerator.py --architecture resnet18 --image-size 64 --batch-size 64

Trains SimCLR (the paper's network by default) on drawn images with SimCLR's own augmentation, as a
run does: from records to updates, with what it reads back from the device. The first steps, in
which kernels are chosen and compiled, are not timed. The input alone is the same batches, decoded
and not trained on; where it is hardly faster than the training, the processor is what limits it.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

Row = dict[str, Any]
NO_CHECKPOINT = 1e6
"""Seconds between two checkpoints: more than a measurement takes."""


def main() -> None:
    """Prints a row for each precision, then the input alone."""
    arguments = _arguments()
    import trainer  # noqa: F401, I001  (first: it switches oneDNN on)
    import tensorflow as tf

    from benchmarks.pretraining_data import write_images

    device = _device_name(tf)
    with tempfile.TemporaryDirectory() as directory:
        records = write_images(
            Path(directory), count=4 * arguments.batch_size, side=arguments.image_size
        )
        rows = [_input_row(records, arguments)]
        rows += [_training_row(name, records, arguments) for name in arguments.precisions]
    print(f"{device}\n\n{table(rows)}")
    if arguments.output:
        result = {"device": device, "setting": vars(arguments) | {"output": ""}, "rows": rows}
        arguments.output.write_text(json.dumps(result, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    from trainer.settings import Precision

    precisions = get_args(Precision)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", default="resnet50")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--batch-size", type=int, default=128, help="pairs of a step")
    parser.add_argument("--precisions", nargs="+", choices=precisions, default=precisions)
    parser.add_argument("--without-augmentation", action="store_true")
    parser.add_argument("--warm-up", type=int, default=10, help="steps that are not timed")
    parser.add_argument("--steps", type=int, default=40, help="timed steps")
    parser.add_argument("--output", type=Path, help="write all measurements as JSON")
    return parser.parse_args()


def _device_name(tf: Any) -> str:
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "processor"
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU"))


class StepClock:
    """Notes when the measures of a step were read from the device: `ContrastiveObserver`."""

    def __init__(self) -> None:
        self.read_at: list[tuple[int, float]] = []
        self.losses: list[float] = []

    def begin(self, training: Any) -> None:
        """Nothing is asked of a training."""

    def after_step(self, step: int, _total: int, _encoder: Any, measures: Any) -> None:
        """Notes the time; all steps up to this one are done."""
        self.read_at.append((step, time.perf_counter()))
        self.losses.append(float(measures.loss))

    def seconds_per_step(self, warm_up: int) -> float:
        """Returns the mean from the first reading after the warm-up to the last one."""
        timed = [reading for reading in self.read_at if reading[0] >= warm_up]
        (first, started), (last, ended) = timed[0], timed[-1]
        return (ended - started) / (last - first)


def _training_row(precision: str, records: str, arguments: argparse.Namespace) -> Row:
    from benchmarks.project_training import NATURAL_IMAGES
    from trainer.contrastive_training import pretrain
    from trainer.settings import ContrastiveSettings, EncoderSettings

    clock = StepClock()
    # An epoch is four batches.
    settings = ContrastiveSettings(
        epochs=-(-(arguments.warm_up + arguments.steps) // 4),
        batch_size=arguments.batch_size,
        augmentation=_nothing() if arguments.without_augmentation else NATURAL_IMAGES,
        checkpoint_seconds=NO_CHECKPOINT,
    )
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as checkpoints:
        pretrain(
            [records],
            source="images",
            encoder_settings=EncoderSettings(
                arguments.architecture, arguments.width, "imagenet", arguments.image_size
            ),
            settings=replace(settings, precision=precision),
            seed=0,
            checkpoint_directory=checkpoints,
            trained_on="benchmark",
            data_fingerprint="benchmark",
            observer=clock,
        )
    seconds = clock.seconds_per_step(arguments.warm_up)
    first_step, first_reading = clock.read_at[0]
    return {
        "what": precision,
        "pairs_per_second": arguments.batch_size / seconds,
        "start_seconds": first_reading - started - first_step * seconds,
        "first_loss": clock.losses[0],
        "last_loss": clock.losses[-1],
    }


def _nothing() -> Any:
    from trainer.settings import AugmentationSettings

    return AugmentationSettings(crop_area=(1.0, 1.0), horizontal_flip=0.0, colour_strength=0.0)


def _input_row(records: str, arguments: argparse.Namespace) -> Row:
    from trainer.pair_dataset import find_pairs, pair_batches

    batches = pair_batches(
        find_pairs([records], "images"),
        epochs=arguments.warm_up + arguments.steps,
        batch_size=arguments.batch_size,
        image_size=arguments.image_size,
        seed=0,
    )
    batches_of_input = iter(batches)
    for _ in range(arguments.warm_up):
        next(batches_of_input)
    started = time.perf_counter()
    for _ in range(arguments.steps):
        next(batches_of_input)
    seconds = (time.perf_counter() - started) / arguments.steps
    return {"what": "input alone", "pairs_per_second": arguments.batch_size / seconds}


def table(rows: list[Row]) -> str:
    """Returns the rows as a Markdown table."""
    lines = [
        "| | pairs/s | seconds to the first step | loss, first and last reading |",
        "|---|---|---|---|",
    ]
    for row in rows:
        start = f"{row['start_seconds']:.0f}" if "start_seconds" in row else ""
        losses = f"{row['first_loss']:.3f}, {row['last_loss']:.3f}" if "first_loss" in row else ""
        lines.append(f"| {row['what']} | {row['pairs_per_second']:.0f} | {start} | {losses} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
