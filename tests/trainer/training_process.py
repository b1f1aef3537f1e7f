"""A training in a process of its own: `python training_process.py ARGUMENTS.json`.

TensorFlow can be given logical devices, or be joined to other workers, only once in a process;
and only another process can be killed.
"""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def start(directory, arguments, **environment):
    """Starts a training; its results will lie in `directory/result.npz`."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "arguments.json"
    path.write_text(json.dumps({"output": str(directory / "result.npz"), **arguments}))
    log = (directory / "log").open("a")
    return subprocess.Popen(
        [sys.executable, __file__, str(path)],
        env={**os.environ, "PYTHONPATH": str(PROJECT), "TF_CPP_MIN_LOG_LEVEL": "2", **environment},
        stdout=log,
        stderr=log,
    )


def result(directory):
    import numpy as np

    with np.load(directory / "result.npz") as archive:
        return dict(archive)


def main(arguments):
    import numpy as np
    import tensorflow as tf

    logging.basicConfig(level=logging.INFO)
    if arguments.get("devices"):
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0],
            [tf.config.LogicalDeviceConfiguration()] * arguments["devices"],
        )
    train = fine_tuned if "train_files" in arguments else pretrained
    variables, losses = train(arguments)
    weights = {f"weight-{index}": value.numpy() for index, value in enumerate(variables)}
    np.savez(arguments["output"], loss=np.array(losses), **weights)


def pretrained(arguments):
    from trainer.contrastive_training import pretrain
    from trainer.settings import ContrastiveSettings, EncoderSettings, from_json

    result = pretrain(
        arguments["files"],
        source=arguments["source"],
        encoder_settings=from_json(EncoderSettings, arguments["encoder_settings"]),
        settings=from_json(ContrastiveSettings, arguments["settings"]),
        seed=3,
        checkpoint_directory=arguments["checkpoint_directory"],
        trained_on="stripes",
        data_fingerprint="f",
        distribution=arguments["distribution"],
    )
    variables = [*result.encoder.variables, *result.projection_head.variables]
    return variables, [row.loss for row in result.history]


def fine_tuned(arguments):
    from trainer.fine_tuning import fine_tune
    from trainer.settings import EncoderSettings, FineTuneSettings, from_json

    result = fine_tune(
        arguments["train_files"],
        arguments["validation_files"],
        task="multi_class",
        classes=["horizontal", "vertical"],
        encoder_settings=from_json(EncoderSettings, arguments["encoder_settings"]),
        settings=from_json(FineTuneSettings, arguments["settings"]),
        label_fraction=1.0,
        seed=3,
        checkpoint_directory=arguments["checkpoint_directory"],
        initial_encoder=None,
        distribution=arguments["distribution"],
    )
    losses = [(row.loss, row.validation_loss) for row in result.history]
    return result.classifier.variables, losses


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
