"""The card of a fine-tuned model states every setting that can change the model."""

import dataclasses
from types import SimpleNamespace

import numpy as np

from components.fine_tuner.executor import model_card
from trainer.operating_point import OperatingPointRule
from trainer.settings import EncoderSettings, FineTuneSettings, to_json


def card_of(settings, encoder):
    result = SimpleNamespace(
        settings=settings,
        best_epoch=4,
        selection_score=0.3,
        labelled_cases=9,
        pretraining=(),
        validation_targets=np.array([[0.0], [1.0]]),
        validation_weights=np.ones((2, 1)),
        validation_scores=np.array([[0.2], [0.9]]),
    )
    properties = {
        "model_name": "MICLe",
        "task": "multi_label",
        "classes": '["edema"]',
        "sweep": "",
        "operating_point": to_json(OperatingPointRule()),
        "label_fraction": 1.0,
        "seed": 0,
        "encoder_settings": to_json(encoder),
    }
    return model_card(result, properties)


def test_every_setting_is_stated_but_how_often_a_checkpoint_is_written():
    settings = FineTuneSettings(epochs=6, batch_size=8)
    card = card_of(settings, EncoderSettings(image_size=96))
    expected = dataclasses.asdict(settings)
    del expected["checkpoint_seconds"]
    found = {"best_epoch": 4, "selection_score": 0.3, "sweep_points": 0}
    assert card.fine_tuning == {**expected, **found}
    assert card.network == dataclasses.asdict(EncoderSettings(image_size=96))
