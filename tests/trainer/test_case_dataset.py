import tempfile

import numpy as np
import pytest

from tests.trainer.synthetic_records import example, write_records
from trainer.case_dataset import CaseReader
from trainer.case_labels import read_labels
from trainer.errors import UserError

SIDE = 16
CASES = 12


def flat(brightness):
    return np.full((SIDE, SIDE, 3), brightness, np.uint8)


@pytest.fixture
def files(tmp_path):
    """12 cases of 6 patients in two files, 1 to 4 images; every fourth case is unlabelled."""
    records = [
        example(
            [flat(20 * case + 4 * image) for image in range(1 + case % 4)],
            f"c{case}",
            f"p{case // 2}",
            label=-1 if case % 4 == 3 else case % 3,
        )
        for case in range(CASES)
    ]
    return [
        write_records(tmp_path / "cases-1.gz", records[6:]),
        write_records(tmp_path / "cases-0.gz", records[:6]),
    ]


LABELLED = [case for case in range(CASES) if case % 4 != 3]
ALL_PATIENTS = frozenset(f"p{patient}".encode() for patient in range(6))


def reader(files, **changes):
    return CaseReader(
        files, **{"task": "multi_class", "class_count": 3, "image_size": SIDE, **changes}
    )


def training(files, *, patients=ALL_PATIENTS, cases=9, images=4, start_step=0, epochs=2):
    batches = reader(files).training_batches(
        patients,
        cases=cases,
        batch_size=4,
        max_images_per_case=images,
        epochs=epochs,
        seed=3,
        start_step=start_step,
    )
    return list(batches.as_numpy_iterator())


def case_numbers(batch):
    """The case of each image by its brightness, and of each row by the images' case index."""
    of_image = (batch.images.mean(axis=(1, 2, 3)).round() + 1) // 20
    rows = [set(of_image[batch.case_index == row]) for row in range(len(batch.targets))]
    assert all(len(row) == 1 for row in rows)
    return [int(row.pop()) for row in rows]


def test_evaluation_gives_each_labelled_case_once_in_order_with_all_images(files):
    batches = list(reader(files).evaluation_batches(4).as_numpy_iterator())
    assert [case for batch in batches for case in case_numbers(batch)] == LABELLED
    counts = np.concatenate([np.bincount(batch.case_index) for batch in batches])
    np.testing.assert_array_equal(counts, [1 + case % 4 for case in LABELLED])


def test_a_reader_of_copies_gives_the_same_batches_and_leaves_none(files, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "local"))
    (tmp_path / "local").mkdir()
    patients = frozenset({b"p0", b"p2", b"p3", b"p5"})
    arguments = {"cases": 6, "batch_size": 4, "max_images_per_case": 2, "epochs": 3, "seed": 3}
    whole = reader(files).training_batches(patients, **arguments).as_numpy_iterator()
    with reader(files).narrowed(patients) as narrow:
        copied = list(narrow.training_batches(patients, **arguments).as_numpy_iterator())
        assert len(list(narrow.evaluation_batches(1))) == 6
    for one, other in zip(whole, copied, strict=True):
        for first, second in zip(one, other, strict=True):
            np.testing.assert_array_equal(first, second)
    assert list((tmp_path / "local").rglob("*.gz")) == []


def test_labels_read_alone_match_those_of_the_evaluation_batches(files):
    labels = read_labels(files, "multi_class", ["a", "b", "c"])
    batches = list(reader(files).evaluation_batches(5).as_numpy_iterator())
    np.testing.assert_array_equal(labels.targets, np.concatenate([b.targets for b in batches]))
    np.testing.assert_array_equal(labels.targets.argmax(axis=1), [case % 3 for case in LABELLED])
    assert labels.patients == tuple(f"p{case // 2}".encode() for case in LABELLED)


def test_an_epoch_shows_every_labelled_case_once_in_even_batches(files):
    batches = training(files, epochs=1)
    assert [len(batch.targets) for batch in batches] == [3, 3, 3]
    assert sorted(case for batch in batches for case in case_numbers(batch)) == LABELLED


def test_labels_stay_with_their_case_when_shuffled(files):
    for batch in training(files):
        assert list(batch.targets.argmax(axis=1)) == [case % 3 for case in case_numbers(batch)]


def test_only_the_given_patients_are_used(files):
    batches = training(files, patients=frozenset([b"p0", b"p4"]), cases=4, epochs=1)
    assert sorted(case for batch in batches for case in case_numbers(batch)) == [0, 1, 8, 9]


def test_a_case_with_many_images_shows_a_few_drawn_anew_each_epoch(files):
    batches = training(files, images=1, epochs=8)
    shown = {}
    for batch in batches:
        assert len(batch.images) == len(batch.targets)
        for case, brightness in zip(
            case_numbers(batch), batch.images.mean(axis=(1, 2, 3)), strict=True
        ):
            shown.setdefault(case, set()).add(round((brightness - 20 * case) / 4))
    assert shown[6] == {0, 1, 2}
    assert shown[4] == {0}


def test_going_on_from_any_step_gives_the_rest_of_the_stream(files):
    whole = training(files, images=2)
    for start in (1, 3, 5, 6):
        rest = training(files, images=2, start_step=start)
        assert len(rest) == len(whole) - start
        for received, expected in zip(rest, whole[start:], strict=True):
            for one, other in zip(received, expected, strict=True):
                np.testing.assert_array_equal(one, other)


def test_findings_come_with_their_weights(tmp_path):
    file = write_records(
        tmp_path / "cases.gz",
        [
            example([flat(0)], "a", "p", findings=[1, 0], weights=[1, 0]),
            example([flat(9)], "b", "q", findings=[0, 0], weights=[0, 0]),
            example([flat(0)], "c", "r", findings=[0, 1], weights=[1, 1]),
        ],
    )
    labels = read_labels([file], "multi_label", ["effusion", "oedema"])
    np.testing.assert_array_equal(labels.targets, [[1, 0], [0, 1]])
    np.testing.assert_array_equal(labels.weights, [[1, 0], [1, 1]])
    assert labels.classes_by_patient() == {b"p": frozenset([0]), b"r": frozenset([1])}
    (batch,) = reader([file], task="multi_label", class_count=2).evaluation_batches(9)
    np.testing.assert_array_equal(batch.weights, labels.weights)
    assert labels.of_patients(frozenset([b"r"])).targets.tolist() == [[0, 1]]


def test_a_label_outside_the_classes_is_named(files):
    with pytest.raises(UserError, match=r"label 2.*0\.\.1"):
        read_labels(files, "multi_class", ["a", "b"])
