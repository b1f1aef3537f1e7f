import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.synthetic_records import example, write_records
from trainer import pair_dataset
from trainer.errors import UserError
from trainer.pair_dataset import find_pairs, pair_batches

SIDE = 16


def flat(brightness):
    return np.full((SIDE, SIDE, 3), brightness, np.uint8)


@pytest.fixture
def image_files(tmp_path):
    """Two files of 6 and 5 cases with 1 to 3 images; each image has its own brightness."""
    records, brightness = [], 0
    for case in range(11):
        images = []
        for _ in range(1 + case % 3):
            images.append(flat(brightness))
            brightness += 10
        records.append(example(images, f"c{case}", f"p{case}"))
    return [
        write_records(tmp_path / "cases-0.gz", records[:6]),
        write_records(tmp_path / "cases-1.gz", records[6:]),
    ]


@pytest.fixture
def pair_files(tmp_path):
    """Two rounds of 8 cases of 4 patients; brightness tells case and round."""
    return [
        write_records(
            tmp_path / f"pairs-round-{number:05d}-00000-of-00001.gz",
            [
                example(
                    [flat(20 * case + number), flat(20 * case + 5)], f"c{case}", f"p{case // 2}"
                )
                for case in range(8)
            ],
        )
        for number in range(2)
    ]


def stream(files, source, *, batch_size=4, epochs=2, seed=1, start_step=0):
    batches = pair_batches(
        find_pairs(files, source),
        epochs=epochs,
        batch_size=batch_size,
        image_size=SIDE,
        seed=seed,
        start_step=start_step,
    )
    return list(batches.as_numpy_iterator())


def brightness(batches, view=0):
    return np.concatenate([images[:, view].mean(axis=(1, 2, 3)).round() for images, _ in batches])


def test_every_image_of_a_case_is_an_entry_of_its_own(image_files):
    assert find_pairs(image_files, "images").entries == (21,)
    seen = brightness(stream(image_files, "images", batch_size=21, epochs=1))
    np.testing.assert_allclose(np.sort(seen), np.arange(0, 210, 10), atol=1)


def test_both_views_of_an_image_start_from_it(image_files):
    for images, _ in stream(image_files, "images"):
        np.testing.assert_array_equal(images[:, 0], images[:, 1])


def test_a_pair_keeps_its_two_images_together(pair_files):
    batches = stream(pair_files, "pairs", epochs=1)
    first, second = brightness(batches), brightness(batches, view=1)
    np.testing.assert_allclose(second - first, 5, atol=1.5)


def test_a_pair_with_one_image_shows_it_twice(tmp_path):
    name = tmp_path / "pairs-round-00000-00000-of-00001.gz"
    file = write_records(name, [example([flat(10 * i)], f"c{i}", f"p{i}") for i in range(4)])
    ((images, _),) = stream([file], "pairs", epochs=1)
    np.testing.assert_array_equal(images[:, 0], images[:, 1])


def test_an_epoch_reads_one_round_and_the_rounds_take_turns(pair_files):
    batches = stream(pair_files, "pairs", epochs=3)
    rounds = (brightness(batches) % 20).reshape(3, 8)
    np.testing.assert_allclose(rounds.mean(axis=1), [0, 1, 0], atol=0.5)
    for epoch in range(3):
        cases = np.sort(brightness(batches).reshape(3, 8)[epoch] // 20)
        np.testing.assert_array_equal(cases, np.arange(8))


@pytest.mark.parametrize("batch_size", [2, 3, 5, 8])
@pytest.mark.parametrize("start_step", [0, 1, 2])
def test_a_batch_never_holds_two_pairs_of_one_case(pair_files, batch_size, start_step):
    for seed in range(3):
        batches = stream(
            pair_files,
            "pairs",
            batch_size=batch_size,
            epochs=5,
            seed=seed,
            start_step=start_step,
        )
        assert len(batches) == 5 * (8 // batch_size) - start_step
        for images, _ in batches:
            cases = images[:, 0, 0, 0, 0] // 20
            assert len(set(cases)) == batch_size


def write_some_in_every_round(directory, cases, always):
    """Two rounds of a number of cases, of which some are the same in both."""

    def pair(case, number):
        return example([flat(10 * case + number), flat(0)], f"c{case}", f"p{case}")

    names = ["pairs-every-round-00000-of-00001.gz"]
    names += [f"pairs-round-{number:05d}-00000-of-00001.gz" for number in range(2)]
    records = [[pair(case, 4) for case in range(always)]]
    records += [[pair(case, 2 * number) for case in range(always, cases)] for number in range(2)]
    return [
        write_records(directory / name, part) for name, part in zip(names, records, strict=True)
    ]


@pytest.mark.parametrize("always", [0, 5, 20])
def test_what_is_in_every_round_is_read_with_each(tmp_path, always):
    files = write_some_in_every_round(tmp_path, 20, always)
    assert find_pairs(files, "pairs").entries == (20, 20)
    batches = stream(files, "pairs", batch_size=20, epochs=3)
    for epoch, (images, _) in enumerate(batches):
        found = images[:, 0].mean(axis=(1, 2, 3)).round()
        own = 2 * (epoch % 2)
        expected = [10 * case + (4 if case < always else own) for case in range(20)]
        np.testing.assert_allclose(np.sort(found), expected, atol=1)


def test_what_is_in_every_round_comes_among_the_others(tmp_path, monkeypatch):
    """Not all before or behind them, where a set is larger than the buffer it is shuffled in."""
    monkeypatch.setattr(pair_dataset, "SHUFFLE_BUFFER", 1)
    files = write_some_in_every_round(tmp_path, 24, 16)
    for seed in range(3):
        order = brightness(stream(files, "pairs", batch_size=24, epochs=1, seed=seed))
        is_always = order < 157
        assert is_always.sum() == 16
        assert 4 <= is_always[:12].sum() <= 12


@pytest.mark.parametrize("start", [1, 3, 5, 7])
def test_with_pairs_in_every_round_the_stream_goes_on_from_any_step(tmp_path, start):
    files = write_some_in_every_round(tmp_path, 20, 7)
    whole = stream(files, "pairs", batch_size=8, epochs=4)
    rest = stream(files, "pairs", batch_size=8, epochs=4, start_step=start)
    assert len(rest) == len(whole) - start == 8 - start
    for received, expected in zip(rest, whole[start:], strict=True):
        np.testing.assert_array_equal(received[0], expected[0])
        np.testing.assert_array_equal(received[1], expected[1])


def test_pairs_carry_their_patient(pair_files):
    batches = stream(pair_files, "pairs", epochs=1)
    patients = np.concatenate([patients for _, patients in batches])
    expected = brightness(batches) // 40
    for patient in range(4):
        assert len(set(patients[expected == patient])) == 1
    assert len(set(patients)) == 4


def test_each_epoch_has_another_order_that_the_seed_decides(image_files):
    first, second = brightness(stream(image_files, "images", batch_size=21)).reshape(2, 21)
    assert (first != second).any()
    again = brightness(stream(image_files, "images", batch_size=21))
    np.testing.assert_array_equal(again, np.concatenate([first, second]))
    other = brightness(stream(image_files, "images", batch_size=21, seed=2))
    assert (other != again).any()


@pytest.mark.parametrize("source", ["images", "pairs"])
def test_going_on_from_any_step_gives_the_rest_of_the_stream(source, image_files, pair_files):
    files = {"images": image_files, "pairs": pair_files}[source]
    whole = stream(files, source, batch_size=3, epochs=3)
    per_epoch = len(whole) // 3
    for start in (1, per_epoch, 2 * per_epoch + 1, len(whole)):
        rest = stream(files, source, batch_size=3, epochs=3, start_step=start)
        assert len(rest) == len(whole) - start
        for received, expected in zip(rest, whole[start:], strict=True):
            np.testing.assert_array_equal(received[0], expected[0])
            np.testing.assert_array_equal(received[1], expected[1])


def test_seeds_of_any_size_are_taken(image_files):
    assert stream(image_files, "images", seed=2**40 + 1)


def test_a_pair_file_without_a_round_is_named(tmp_path):
    file = write_records(tmp_path / "cases-0.gz", [example([flat(0)], "c", "p")])
    with pytest.raises(UserError, match=r"cases-0\.gz.*round"):
        find_pairs([file], "pairs")


def test_no_image_is_decoded_before_the_start(image_files, tmp_path):
    broken = [example([flat(0)], f"c{i}", f"p{i}") for i in range(4)]
    broken = [record.replace(b"\xff\xd8\xff", b"\xff\xd8\x00") for record in broken]
    name = tmp_path / "pairs-round-00000-00000-of-00001.gz"
    good = tmp_path / "pairs-round-00001-00000-of-00001.gz"
    files = [
        write_records(name, broken),
        write_records(good, [example([flat(10)], f"c{i}", f"p{i}") for i in range(4)]),
    ]
    assert len(stream(files, "pairs", epochs=2, start_step=1)) == 1
    with pytest.raises(tf.errors.InvalidArgumentError):
        stream(files, "pairs", epochs=2)
