"""Artifacts of models of a few bytes."""

from pathlib import Path

from components.fine_tuner.model_card import ModelCard


def artifact(kind, uri):
    """A list of one artifact, as executors get it."""
    result = kind()
    result.uri = str(uri)
    return [result]


def make_model(directory: Path, weights: str, classes=("edema",)) -> Path:
    """A model artifact's folder with a card and a file; returns the SavedModel in it."""
    saved_model = directory / "Format-Serving"
    saved_model.mkdir(parents=True)
    (saved_model / "saved_model.pb").write_text(weights)
    card = ModelCard("MICLe", "multi_label", classes, {"edema": 0.5}, "Youden", 1.0, 9, 0, ())
    card.write(str(saved_model))
    return saved_model
