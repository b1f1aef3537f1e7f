import csv
import dataclasses
import logging
import math

import numpy as np
import pytest

from tests.trainer.synthetic_records import MEAN, STD, example, textured_image, write_records
from trainer import contrastive_training
from trainer.checkpoints import values_of
from trainer.contrastive_training import pretrain
from trainer.encoder_artifact import initial_encoder_of, save_encoder
from trainer.encoder_card import lineage
from trainer.errors import DivergedError, UserError
from trainer.history import write_history
from trainer.pair_dataset import PairEpochs, case_ids_of_step, find_pairs
from trainer.settings import AugmentationSettings, ContrastiveSettings, EncoderSettings

SIDE = 16
ENCODER = EncoderSettings("resnet18", 0.125, "imagenet", SIDE)
TRAINING = ContrastiveSettings(
    epochs=2,
    batch_size=8,
    projection_layers=2,
    projection_size=8,
    warmup_fraction=0.2,
    augmentation=AugmentationSettings(colour_strength=0.0),
    checkpoint_seconds=0.0,
)


@pytest.fixture(scope="module")
def image_files(tmp_path_factory):
    rng = np.random.default_rng(0)
    records = [
        example([textured_image(i % 2, rng, SIDE)] * (1 + i % 2), f"c{i}", f"p{i}")
        for i in range(16)
    ]
    return [write_records(tmp_path_factory.mktemp("images") / "cases-0.gz", records)]


@pytest.fixture(scope="module")
def pair_files(tmp_path_factory):
    rng = np.random.default_rng(1)
    records = [
        example([textured_image(i % 2, rng, SIDE) for _ in range(2)], f"c{i}", f"p{i // 2}")
        for i in range(8)
    ]
    name = "pairs-round-00000-00000-of-00001.gz"
    return [write_records(tmp_path_factory.mktemp("pairs") / name, records)]


def train(files, directory, *, source="images", settings=TRAINING, **changes):
    return pretrain(
        files,
        source=source,
        settings=settings,
        checkpoint_directory=str(directory),
        **{
            "encoder_settings": ENCODER,
            "seed": 3,
            "trained_on": "stripes",
            "data_fingerprint": "f",
            **changes,
        },
    )


def stop_after(steps, monkeypatch):
    """Interrupts a training, as Ctrl-C would, once it has done so many steps of this run."""

    class Stopping(contrastive_training.ProgressMeter):
        count = 0

        def update(self, done, metrics):
            Stopping.count += 1
            if Stopping.count > steps:
                raise KeyboardInterrupt

    monkeypatch.setattr(contrastive_training, "ProgressMeter", Stopping)


@pytest.fixture(scope="module")
def straight(image_files, tmp_path_factory):
    return train(image_files, tmp_path_factory.mktemp("straight"))


def test_a_stopped_training_goes_on_to_the_very_same_weights(
    image_files, straight, tmp_path, monkeypatch, caplog
):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_after(4, patch)
        train(image_files, tmp_path)
    caplog.set_level(logging.INFO)
    resumed = train(image_files, tmp_path)
    assert "resumed at step 4 of 6" in caplog.text
    finished = train(image_files, tmp_path)
    assert "resumed at step 6 of 6" in caplog.text
    assert finished.card == resumed.card == straight.card
    assert resumed.history == straight.history
    for received, expected in zip(
        resumed.encoder.get_weights(), straight.encoder.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(received, expected)


def test_the_card_says_what_happened(straight):
    # 16 cases of 1 or 2 images are 24 images: 3 steps of 8 in each of the 2 epochs.
    card = straight.card
    assert (card.method, card.steps, card.epochs, card.batch_size, card.pairs_seen) == (
        "simclr",
        6,
        2,
        8,
        48,
    )
    assert card.pixel_mean == pytest.approx(MEAN)
    assert card.pixel_std == pytest.approx(STD)
    assert card.final_loss == straight.history[-1].loss
    assert lineage(card) == ("SimCLR on stripes, 6 steps of 8 pairs",)


def test_the_history_becomes_a_table(straight, tmp_path):
    write_history(str(tmp_path), straight.history)
    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    assert list(rows[0]) == ["step", "loss", "accuracy", "entropy", "learning_rate"]
    assert float(rows[0]["learning_rate"]) == 0
    assert float(rows[-1]["loss"]) == straight.card.final_loss


def test_an_observer_sees_each_step_and_changes_nothing(image_files, straight, tmp_path):
    class Observer:
        steps = ()

        def begin(self, training):
            assert (training.step, training.total_steps, training.batch_size) == (0, 6, 8)
            assert training.directory == tmp_path
            assert training.name.startswith("simclr-")

        def after_step(self, step, total_steps, encoder, measures):
            self.steps += (step,)
            assert total_steps == 6
            assert encoder.output_shape == straight.encoder.output_shape
            assert measures == straight.history[step - 1]

    observer = Observer()
    result = train(image_files, tmp_path, observer=observer)
    assert observer.steps == (1, 2, 3, 4, 5, 6)
    assert result.card == straight.card


def test_the_entropy_of_a_choice_among_15_views_is_at_most_log_15(straight):
    assert all(0 < row.entropy <= math.log(15) + 1e-6 for row in straight.history)


def test_micle_goes_on_from_a_simclr_encoder(pair_files, straight, tmp_path, caplog):
    save_encoder(
        str(tmp_path / "encoder"), straight.encoder, straight.card, straight.projection_head
    )
    caplog.set_level(logging.INFO)
    settings = dataclasses.replace(TRAINING, batch_size=100, optimizer="lars", learning_rate=0.3)
    result = train(
        pair_files,
        tmp_path,
        source="pairs",
        settings=settings,
        initial_encoder=str(tmp_path / "encoder"),
        trained_on="striped cases",
    )
    assert "batch_size is 8, not 100" in caplog.text
    assert lineage(result.card) == (
        "SimCLR on stripes, 6 steps of 8 pairs",
        "MICLe on striped cases, 2 steps of 8 pairs",
    )
    assert any(
        not np.array_equal(before, after)
        for before, after in zip(
            straight.encoder.get_weights(), result.encoder.get_weights(), strict=True
        )
    )


def test_the_projection_head_that_was_trained_comes_with_the_encoder(straight):
    head = straight.projection_head
    assert head.output_shape == (None, 8)
    assert (straight.card.projection_layers, straight.card.projection_size) == (2, 8)
    moving_mean = head.layers[2].moving_mean.numpy()
    assert moving_mean.any()  # It is 0 before the first step.


def test_pixels_stay_normalised_as_the_first_training_did_it(image_files, straight, tmp_path):
    published = dataclasses.replace(
        straight.card, pixel_mean=(0.0, 0.0, 0.0), pixel_std=(1.0, 1.0, 1.0)
    )
    directory = str(tmp_path / "encoder")
    save_encoder(directory, straight.encoder, published, straight.projection_head)
    as_published = train(image_files, tmp_path, initial_encoder=directory)
    assert as_published.card.pixel_mean == (0.0, 0.0, 0.0)
    assert as_published.card.pixel_std == (1.0, 1.0, 1.0)

    own = str(tmp_path / "own")
    save_encoder(own, straight.encoder, straight.card, straight.projection_head)
    as_trained_here = train(image_files, tmp_path, initial_encoder=own)
    # The same weights and images, normalised otherwise: another loss from the first step on.
    assert as_trained_here.history[0].loss != as_published.history[0].loss


def test_too_few_pairs_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    file = write_records(tmp_path / "c.gz", [example([textured_image(0, rng, SIDE)], "c", "p")])
    with pytest.raises(UserError, match=r"at least 2 images.* there is 1"):
        train([file], tmp_path)


def test_no_record_at_all_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"empty\.gz: no record"):
        train([write_records(tmp_path / "empty.gz", [])], tmp_path)


def test_records_of_another_image_size_are_refused(image_files, tmp_path):
    with pytest.raises(UserError, match="expects 24 pixels, the records hold 16"):
        settings = dataclasses.replace(ENCODER, image_size=24)
        train(image_files, tmp_path, encoder_settings=settings)


def test_a_loss_that_explodes_stops_with_the_step_and_advice(image_files, tmp_path):
    settings = dataclasses.replace(TRAINING, learning_rate=1e30, warmup_fraction=0.0)
    with pytest.raises(UserError, match=r"Step \d: .* not a number\. Lower learning_rate"):
        train(image_files, tmp_path, settings=settings)


def test_the_cases_of_the_batch_that_exploded_are_named(image_files, tmp_path):
    settings = dataclasses.replace(
        TRAINING, learning_rate=1e30, warmup_fraction=0.0, checkpoint_seconds=30.0
    )
    with pytest.raises(DivergedError, match=r"Cases of the batch: c\d+, c\d+, .*\.") as raised:
        train(image_files, tmp_path, settings=settings)
    # Read ten steps at once, the step is still the first that failed.
    pairs = find_pairs(image_files, "images")
    step = int(str(raised.value).split(":")[0].removeprefix("Step "))
    expected = case_ids_of_step(pairs, batch_size=8, seed=3, step=step - 1)
    assert f"{', '.join(expected)}." in str(raised.value)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_training_in_16_bits_gets_better_and_returns_an_encoder_of_32(
    image_files, tmp_path, precision
):
    settings = dataclasses.replace(TRAINING, epochs=12, learning_rate=0.01, precision=precision)
    result = train(image_files, tmp_path, settings=settings)
    losses = [row.loss for row in result.history]
    assert np.isfinite(losses).all()
    assert np.mean(losses[-6:]) < np.mean(losses[:6])
    assert {layer.compute_dtype for layer in result.encoder.layers} == {"float32"}


def test_the_encoder_returned_is_the_moving_average_over_all_steps(
    image_files, tmp_path, monkeypatch
):
    momentum = 0.5
    states = []
    save = contrastive_training.CheckpointDirectory.save

    def saving(directory, checkpoint):
        states.append(checkpoint.arrays)
        save(directory, checkpoint)

    monkeypatch.setattr(contrastive_training.CheckpointDirectory, "save", saving)
    settings = dataclasses.replace(TRAINING, ema_momentum=momentum)
    result = train(image_files, tmp_path, settings=settings)
    assert len(states) == 6  # checkpoint_seconds is 0: one a step
    start, _ = initial_encoder_of(ENCODER, None, seed=3)
    expected = start.get_weights()
    for state in states:
        steps = [state[name] for name in values_of("model", start.variables)]
        expected = [
            momentum * average + (1 - momentum) * weights
            for average, weights in zip(expected, steps, strict=True)
        ]
    for received, average in zip(result.encoder.get_weights(), expected, strict=True):
        np.testing.assert_allclose(received, average, rtol=1e-4, atol=1e-6)


def test_accumulation_makes_fewer_steps_of_more_pairs(image_files, tmp_path):
    settings = dataclasses.replace(TRAINING, accumulation_steps=2)
    result = train(image_files, tmp_path, settings=settings)
    assert (result.card.steps, result.card.batch_size, result.card.pairs_seen) == (3, 8, 48)


def test_a_batch_that_the_replicas_cannot_share_is_refused(image_files):
    class ThreeReplicas:
        count = 3

    with pytest.raises(UserError, match=r"8 pairs cannot be split among 3 replicas\. Give a mult"):
        contrastive_training._batch_size(
            find_pairs(image_files, "images"), TRAINING, ThreeReplicas()
        )


@pytest.mark.parametrize(("entries", "are"), [((1, 4), "is 1"), ((), "are 0")])
def test_fewer_than_two_pairs_are_refused(entries, are):
    pairs = PairEpochs("pairs", tuple(("file",) for _ in entries), entries)

    class OneReplica:
        count = 1

    with pytest.raises(UserError, match=f"at least 2 pairs to tell apart; there {are}"):
        contrastive_training._batch_size(pairs, TRAINING, OneReplica())


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("batch_size", 1, "batch_size must be at least 2"),
        ("temperature", 0.0, "temperature must be above 0"),
        ("accumulation_steps", 0, "accumulation_steps must be at least 1"),
        ("ema_momentum", 1.0, "ema_momentum must be within 0..1"),
    ],
)
def test_settings_out_of_range_are_refused(field, value, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TRAINING, **{field: value})
