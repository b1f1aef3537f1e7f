import pytest

from trainer.watch_settings import WatchSettings

DEFAULT = WatchSettings()


def interval(settings=DEFAULT, *, total_steps=1000, batch_size=128, images=2048):
    return settings.interval(
        total_steps=total_steps, batch_size=batch_size, images_per_reading=images
    )


def test_by_default_a_tenth_of_the_training_lies_between_two_readings():
    assert interval() == 100
    assert interval(total_steps=1001) == 101


def test_readings_that_would_cost_more_than_a_twentieth_of_the_training_are_rarer():
    # A step of 128 pairs is 256 views, three passes each; 2048 images, one pass each, are a
    # twentieth of 53.3 steps.
    assert interval(total_steps=100) == 54


@pytest.mark.parametrize("every", [0, 7])
def test_a_given_interval_is_taken_as_it_is(every):
    assert interval(WatchSettings(every=every), total_steps=3) == every


@pytest.mark.parametrize("field", ["every", "train_cases", "validation_cases"])
def test_a_negative_number_is_refused_by_name(field):
    with pytest.raises(ValueError, match=f"{field} must be"):
        WatchSettings(**{field: -1})
