"""The values that the paper gives (its section 4 and SimCLR's appendix A)."""

import pytest

from trainer.augmentation_presets import PRESETS, expand_preset, preset
from trainer.settings import AugmentationSettings


def test_natural_images_and_dermatology_have_simclrs_augmentation():
    expected = AugmentationSettings(
        crop_area=(0.08, 1.0),
        horizontal_flip=0.5,
        vertical_flip=0.0,
        rotation_degrees=0.0,
        colour_strength=1.0,
        colour_probability=0.8,
        grayscale_probability=0.2,
        blur_probability=0.5,
        equalise_probability=0.0,
    )
    assert preset("natural") == preset("dermatology") == expected


def test_chest_xrays_have_weaker_colours_rotation_and_no_blur():
    chest = preset("chest_xray")
    assert (chest.colour_strength, chest.rotation_degrees, chest.blur_probability) == (0.5, 45, 0)
    assert (chest.crop_area, chest.horizontal_flip) == ((0.08, 1.0), 0.5)


@pytest.mark.parametrize("name", [name for name in PRESETS if name.startswith("fine_tuning")])
def test_fine_tuning_has_colour_crop_blur_rotation_and_flips(name):
    settings = preset(name)
    assert settings.crop_area[0] < 1
    for field in ("colour_strength", "blur_probability", "rotation_degrees", "horizontal_flip"):
        assert getattr(settings, field) > 0


def test_further_fields_override_a_preset_in_python_and_in_a_file_alike():
    changed = preset("chest_xray", rotation_degrees=15.0, equalise_probability=0.5)
    assert (changed.rotation_degrees, changed.equalise_probability) == (15.0, 0.5)
    assert changed.colour_strength == 0.5
    fields = {"preset": "chest_xray", "rotation_degrees": 15.0, "equalise_probability": 0.5}
    assert AugmentationSettings(**expand_preset(fields)) == changed


def test_without_a_preset_fields_stay_as_given():
    assert expand_preset({"blur_probability": 0.1}) == {"blur_probability": 0.1}


def test_an_unknown_preset_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"preset must be one of natural, .*Received: retina"):
        preset("retina")


@pytest.mark.parametrize(("image_size", "fits"), [(28, False), (29, True), (224, True)])
def test_a_crop_of_less_than_eight_pixels_is_a_misfit(image_size, fits):
    """The smallest crop, 8% of the area, has 7.9 pixels a side at 28 and 8.2 at 29."""
    assert (preset("natural").misfit(image_size) is None) == fits
    if not fits:
        # 0.082 of 28 x 28 pixels are 8.02 pixels a side.
        assert "7.9 pixels" in preset("natural").misfit(image_size)
        assert "at least 0.082" in preset("natural").misfit(image_size)
        assert "at least 29" in preset("natural").misfit(image_size)
