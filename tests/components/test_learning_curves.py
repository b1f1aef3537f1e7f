import pytest
from PIL import Image

from components.learning_curves import draw_contrastive_training, draw_fine_tuning
from trainer.history import ContrastiveRow, FineTuneRow
from trainer.watch_table import WatchRow

STEPS = [ContrastiveRow(i, 5.0 - i / 100, i / 300, 2.0, 0.001) for i in range(1, 201)]
READINGS = [
    WatchRow(step, {"alignment": 0.5, "uniformity": -1.0, "knn_auc": 0.6, "probe_auc": 0.7})
    for step in (1, 100, 200)
]


def size_of(directory):
    with Image.open(directory / "learning_curve.png") as picture:
        picture.load()
        assert picture.format == "PNG"
        assert len(picture.convert("RGB").getcolors(2**24)) > 20
        return picture.size


def draw(directory, readings):
    draw_contrastive_training(
        str(directory), STEPS, readings, title="MICLe $on_images", batch_size=64
    )
    return size_of(directory)


def test_readings_of_the_embeddings_are_a_second_row_of_panels(tmp_path):
    width, height = draw(tmp_path, [])
    watched_width, watched_height = draw(tmp_path, READINGS)
    assert watched_width == width
    assert watched_height > 1.5 * height


def test_one_step_and_one_epoch_are_drawn_too(tmp_path):
    draw_contrastive_training(str(tmp_path), STEPS[:1], READINGS[:1], title="one", batch_size=2)
    one_step = size_of(tmp_path)
    draw_fine_tuning(
        str(tmp_path), [FineTuneRow(1, 0.7, 0.6, None, 0.001)], title="one", best_epoch=1
    )
    assert size_of(tmp_path)[0] == one_step[0]


@pytest.mark.parametrize("best_epoch", [2, 9])
def test_the_best_epoch_is_where_the_mark_is(tmp_path, best_epoch):
    history = [FineTuneRow(i, 1 / i, 2 / i, 0.5 + i / 40, 0.001) for i in range(1, 11)]
    pictures = []
    for epoch in (best_epoch, 5):
        draw_fine_tuning(str(tmp_path), history, title="Fine-tuning", best_epoch=epoch)
        with Image.open(tmp_path / "learning_curve.png") as picture:
            pictures.append(picture.convert("RGB").tobytes())
    assert pictures[0] != pictures[1]
