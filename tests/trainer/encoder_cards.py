"""Cards of encoders for the trainer's tests."""

from trainer.encoder_card import EncoderCard
from trainer.settings import EncoderSettings


def encoder_card(settings: EncoderSettings, **changes: object) -> EncoderCard:
    """The card of an encoder of these settings after SimCLR on natural images."""
    values = {
        "architecture": settings.architecture,
        "width_multiplier": settings.width_multiplier,
        "stem": settings.stem,
        "image_size": settings.image_size,
        "pixel_mean": (0.5, 0.4, 0.3),
        "pixel_std": (0.2, 0.2, 0.1),
        "method": "simclr",
        "steps": 300,
        "epochs": 10,
        "pairs_seen": 38400,
        "final_loss": 1.25,
        "temperature": 0.1,
        "batch_size": 128,
        "seed": 7,
        "data_fingerprint": "ab12",
        "trained_on": "natural images",
    }
    return EncoderCard(**{**values, **changes})
