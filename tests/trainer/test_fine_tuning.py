import dataclasses
import itertools
import logging

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from tests.trainer.encoder_cards import encoder_card
from tests.trainer.synthetic_records import example, textured_image, write_records
from trainer import fine_tuning
from trainer.encoder_artifact import save_encoder
from trainer.encoders import build_encoder
from trainer.errors import DivergedError, UserError
from trainer.fine_tuning import fine_tune
from trainer.projection_head import build_projection_head
from trainer.projection_layer import initial_projection_layer
from trainer.settings import AugmentationSettings, EncoderSettings, FineTuneSettings

SIDE = 16
ENCODER = EncoderSettings("resnet18", 0.125, "imagenet", SIDE)
TRAINING = FineTuneSettings(
    epochs=3,
    minimum_steps=18,
    batch_size=16,
    learning_rate=0.005,
    augmentation=AugmentationSettings(crop_area=(0.8, 1.0), colour_strength=0.0),
    checkpoint_seconds=0.0,
)
CLASSES = ["horizontal", "vertical"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Training and validation cases of 1 to 3 images with horizontal or vertical stripes."""
    rng = np.random.default_rng(0)
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

    return write("train.gz", 40), write("validation.gz", 20)


def train(files, directory, *, settings=TRAINING, **changes):
    arguments = {
        "task": "multi_class",
        "classes": CLASSES,
        "encoder_settings": ENCODER,
        "label_fraction": 1.0,
        "seed": 3,
        "initial_encoder": None,
        **changes,
    }
    return fine_tune(*files, settings=settings, checkpoint_directory=str(directory), **arguments)


@pytest.fixture(scope="module")
def straight(files, tmp_path_factory):
    return train(files, tmp_path_factory.mktemp("straight"))


def test_stripes_are_told_apart(straight):
    assert straight.labelled_cases == 40
    assert straight.validation_scores.shape == (20, 2)
    vertical = straight.validation_targets[:, 1]
    np.testing.assert_array_equal(vertical, [0, 1] * 10)
    assert roc_auc_score(vertical, straight.validation_scores[:, 1]) > 0.95


def test_the_weights_of_the_best_epoch_are_returned(straight):
    best = min(straight.history, key=lambda row: row.validation_loss)
    assert straight.best_epoch == best.epoch
    # The classes are balanced, so that their weights are 1.
    received = log_loss(straight.validation_targets, straight.validation_scores)
    assert received == pytest.approx(best.validation_loss, rel=1e-4)


def test_a_stopped_training_goes_on_to_the_very_same_weights(
    files, straight, tmp_path, monkeypatch, caplog
):
    class Stopping(fine_tuning.ProgressMeter):
        count = 0

        def update(self, done, metrics):
            Stopping.count += 1
            if Stopping.count > 5:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fine_tuning, "ProgressMeter", Stopping)
        train(files, tmp_path)
    caplog.set_level(logging.INFO)
    resumed = train(files, tmp_path)
    # 40 cases in batches of at most 16: 3 steps an epoch, so this is amid the second epoch.
    assert "resumed at step 5 of 18" in caplog.text
    assert resumed.history == straight.history
    np.testing.assert_array_equal(resumed.validation_scores, straight.validation_scores)


@pytest.mark.parametrize(
    "precision", ["mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.slow)]
)
def test_in_16_bits_stripes_are_told_apart_and_the_model_returned_is_of_32(
    files, tmp_path, precision
):
    settings = dataclasses.replace(TRAINING, precision=precision)
    result = train(files, tmp_path, settings=settings)
    vertical = result.validation_targets[:, 1]
    assert roc_auc_score(vertical, result.validation_scores[:, 1]) > 0.95
    assert {layer.compute_dtype for layer in result.classifier.encoder.layers} == {"float32"}


def test_training_stops_after_some_epochs_without_a_better_loss(files, tmp_path):
    # At this rate the weights jump about; patience 1 ends it at the first worse epoch.
    settings = dataclasses.replace(
        TRAINING, epochs=12, learning_rate=0.1, warmup_fraction=0.0, patience=1
    )
    result = train(files, tmp_path, settings=settings)
    losses = [row.validation_loss for row in result.history]
    assert len(losses) < 12
    assert result.best_epoch == len(losses) - 1
    assert all(later < earlier for earlier, later in itertools.pairwise(losses[:-1]))


def test_few_labels_are_passed_over_more_often_where_steps_are_asked_for(straight):
    # 4 epochs that take 40 steps: of 5 passes where a pass is 2 steps, of one where it is 10.
    settings = dataclasses.replace(TRAINING, epochs=4, minimum_steps=40)
    passes = [settings.passes_per_epoch(steps_per_pass) for steps_per_pass in (2, 3, 10, 11)]
    assert passes == [5, 4, 1, 1]
    # TRAINING asks for 3 epochs; 40 cases are 3 steps of 16, so 18 steps take 2 passes an epoch.
    assert len(straight.history) == 3


def test_an_epoch_of_several_passes_reports_their_mean_loss(files, tmp_path):
    # At a rate of almost nothing and without augmentation both trainings see the same losses.
    frozen = dataclasses.replace(
        TRAINING,
        minimum_steps=0,
        learning_rate=1e-12,
        trainable="head",
        augmentation=AugmentationSettings(
            crop_area=(1.0, 1.0), horizontal_flip=0.0, colour_strength=0.0
        ),
    )
    two = train(files, tmp_path / "two", settings=dataclasses.replace(frozen, epochs=2))
    both = dataclasses.replace(frozen, epochs=1, minimum_steps=6)
    one = train(files, tmp_path / "one", settings=both)
    assert one.history[0].loss == pytest.approx(
        (two.history[0].loss + two.history[1].loss) / 2, rel=1e-5
    )


@pytest.fixture(scope="module")
def findings_files(tmp_path_factory):
    """Cases with two findings; every fifth case's second finding is unknown."""
    rng = np.random.default_rng(0)
    tmp_path = tmp_path_factory.mktemp("findings")

    def write(name, count):
        return [
            write_records(
                tmp_path / name,
                [
                    example(
                        [textured_image(i % 2, rng, SIDE)],
                        f"c{i}",
                        f"p{i}",
                        findings=[i % 2, 1 - i % 2],
                        weights=[1, float(i % 5 > 0)],
                    )
                    for i in range(count)
                ],
            )
        ]

    return write("train.gz", 80), write("validation.gz", 20)


@pytest.fixture(scope="module")
def findings(findings_files, tmp_path_factory):
    """Trained on half of the labels."""
    return train(
        findings_files,
        tmp_path_factory.mktemp("findings-training"),
        task="multi_label",
        classes=["vertical", "horizontal"],
        label_fraction=0.5,
    )


def test_a_fraction_of_the_labels_is_a_fraction_of_the_patients(findings):
    # Three strata: 40 patients with one finding, 32 with the other, 8 with none known.
    assert findings.labelled_cases == 20 + 16 + 4


def test_findings_are_learned_each_on_its_own(findings):
    known = findings.validation_weights[:, 1] > 0
    assert known.sum() == 16
    for index, rows in enumerate([slice(None), known]):
        targets = findings.validation_targets[rows, index]
        assert roc_auc_score(targets, findings.validation_scores[rows, index]) > 0.9


def test_a_linear_probe_leaves_the_encoder_as_it_is_bit_for_bit(files, tmp_path):
    untouched = build_encoder(ENCODER, seed=3)
    result = train(files, tmp_path, settings=dataclasses.replace(TRAINING, trainable="head"))
    encoder = result.classifier.encoder
    assert len(encoder.variables) == len(untouched.variables) > 0
    for variable, before in zip(encoder.variables, untouched.variables, strict=True):
        np.testing.assert_array_equal(variable, before, strict=True)
    losses = [row.loss for row in result.history]
    assert losses[-1] < losses[0]


def test_fine_tuning_goes_on_from_the_first_layer_of_the_given_projection_head(files, tmp_path):
    encoder = build_encoder(ENCODER, seed=5)
    head = build_projection_head(64, layers=3, projection_size=8, seed=6)
    card = encoder_card(ENCODER, projection_layers=3, projection_size=8)
    save_encoder(str(tmp_path / "encoder"), encoder, card, head)
    settings = dataclasses.replace(
        TRAINING, features_from="projection_first_layer", trainable="head", epochs=1
    )
    result = train(files, tmp_path, settings=settings, initial_encoder=str(tmp_path / "encoder"))
    projection = result.classifier.projection
    # Frozen, it still is what was saved: dense kernel, scale, shift, moving mean and variance.
    for variable, saved in zip(projection.variables, head.variables[:5], strict=True):
        np.testing.assert_array_equal(variable, saved)
    assert len(result.classifier.trainable_variables) == 2


def test_a_random_start_gets_a_random_projection_layer_that_is_trained(files, tmp_path):
    settings = dataclasses.replace(TRAINING, features_from="projection_first_layer")
    result = train(files, tmp_path, settings=settings)
    projection = result.classifier.projection
    assert projection.output_shape == (None, 64)
    start = initial_projection_layer(64, None, seed=3)
    changed = [
        not np.array_equal(variable, before)
        for variable, before in zip(projection.variables, start.variables, strict=True)
    ]
    assert all(changed) and len(changed) == 5
    vertical = result.validation_targets[:, 1]
    assert roc_auc_score(vertical, result.validation_scores[:, 1]) > 0.9


@pytest.mark.parametrize(
    ("layers", "message"), [(None, "has no projection head"), (1, "head has one layer")]
)
def test_an_encoder_without_a_usable_head_is_refused(files, tmp_path, layers, message):
    encoder = build_encoder(ENCODER, seed=5)
    head = layers and build_projection_head(64, layers=layers, projection_size=8)
    card = encoder_card(ENCODER, projection_layers=layers, projection_size=8 if layers else None)
    save_encoder(str(tmp_path), encoder, card, head)
    settings = dataclasses.replace(TRAINING, features_from="projection_first_layer")
    with pytest.raises(UserError, match=message):
        train(files, tmp_path, settings=settings, initial_encoder=str(tmp_path))


def test_the_best_epoch_may_be_chosen_by_auc(findings_files, tmp_path):
    settings = dataclasses.replace(TRAINING, selection_metric="auc", epochs=4)
    result = train(
        findings_files,
        tmp_path,
        task="multi_label",
        classes=["vertical", "horizontal"],
        settings=settings,
    )
    aucs = [row.validation_auc for row in result.history]
    assert result.best_epoch == 1 + aucs.index(max(aucs))
    known = result.validation_weights > 0
    by_finding = [
        roc_auc_score(result.validation_targets[rows, i], result.validation_scores[rows, i])
        for i, rows in enumerate(known.T)
    ]
    assert max(aucs) == result.selection_score == pytest.approx(np.mean(by_finding))


def test_auc_without_both_kinds_in_validation_is_refused(files, tmp_path):
    rng = np.random.default_rng(0)
    one_kind = [example([textured_image(0, rng, SIDE)], "c", "p", label=0)]
    settings = dataclasses.replace(TRAINING, selection_metric="auc")
    with pytest.raises(UserError, match="present in some validation cases and absent in others"):
        train((files[0], [write_records(tmp_path / "v.gz", one_kind)]), tmp_path, settings=settings)


def test_label_smoothing_of_findings_is_refused(files, tmp_path):
    settings = dataclasses.replace(TRAINING, label_smoothing=0.1)
    with pytest.raises(UserError, match="label_smoothing is for multi_class only"):
        train(files, tmp_path, settings=settings, task="multi_label")


def test_a_weight_for_a_class_that_there_is_not_is_refused(files, tmp_path):
    settings = dataclasses.replace(TRAINING, class_weights={"diagonal": 2.0})
    with pytest.raises(UserError, match="class_weights names diagonal"):
        train(files, tmp_path, settings=settings)


def test_a_class_without_a_training_case_is_named(files, tmp_path):
    with pytest.raises(UserError, match="diagonal: no labelled training case"):
        train(files, tmp_path, classes=[*CLASSES, "diagonal"])


def test_a_validation_split_without_labels_is_refused(files, tmp_path):
    rng = np.random.default_rng(0)
    unlabelled = [example([textured_image(0, rng, SIDE)], "c", "p", label=-1)]
    with pytest.raises(UserError, match="validation split holds no labelled case"):
        train((files[0], [write_records(tmp_path / "v.gz", unlabelled)]), tmp_path)


def test_a_loss_that_explodes_stops_with_the_step_and_advice(files, tmp_path):
    settings = dataclasses.replace(TRAINING, learning_rate=1e30, warmup_fraction=0.0)
    advice = r"Step \d: .* not a number, .* Lower learning_rate .* Cases of the batch: c\d+, "
    with pytest.raises(DivergedError, match=advice):
        train(files, tmp_path, settings=settings)


def test_pixels_are_normalised_as_the_given_encoder_was_trained(files, tmp_path):
    encoder = build_encoder(ENCODER, seed=1)
    directory = str(tmp_path / "encoder")
    card = encoder_card(ENCODER, pixel_mean=(0.0, 0.0, 0.0), pixel_std=(1.0, 1.0, 1.0))
    save_encoder(directory, encoder, card)
    settings = dataclasses.replace(TRAINING, epochs=1)
    result = train(files, tmp_path, settings=settings, initial_encoder=directory)
    image = np.random.default_rng(0).uniform(size=(1, SIDE, SIDE, 3)).astype(np.float32)
    received = result.classifier.embed(image, np.array([0]), np.array(1))
    np.testing.assert_allclose(received, result.classifier.encoder(image), rtol=1e-6)
