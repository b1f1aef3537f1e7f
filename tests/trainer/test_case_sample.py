import numpy as np
import pytest

from tests.trainer.synthetic_records import example, textured_image, write_records
from trainer.case_sample import draw_case_sample


@pytest.fixture(scope="module")
def records():
    rng = np.random.default_rng(0)
    return [
        example(
            [textured_image(i % 2, rng)] * (1 + i % 4),
            f"c{i}",
            f"p{i}",
            # Every fifth case is unlabelled.
            label=-1 if i % 5 == 0 else i % 3,
        )
        for i in range(40)
    ]


def draw(files, cases=10, seed=0):
    return draw_case_sample(files, task="multi_class", class_count=3, cases=cases, seed=seed)


def test_the_sample_does_not_depend_on_how_records_lie_in_files(records, tmp_path):
    one = [write_records(tmp_path / "all.gz", records)]
    several = [
        write_records(tmp_path / "b.gz", records[25:][::-1]),
        write_records(tmp_path / "a.gz", records[:25]),
    ]
    first, second = draw(one), draw(several)
    assert first.images == second.images
    np.testing.assert_array_equal(first.targets, second.targets)
    np.testing.assert_array_equal(first.case_index, second.case_index)


def test_it_is_bounded_in_cases_and_images_and_another_seed_draws_another(records, tmp_path):
    files = [write_records(tmp_path / "all.gz", records)]
    sample = draw(files)
    assert sample.targets.shape == sample.weights.shape == (10, 3)
    # Cases have 1 to 4 images; no more than 2 are kept.
    assert set(np.bincount(sample.case_index)) == {1, 2}
    assert len(sample.images) == len(sample.case_index)
    assert draw(files, seed=1).images != sample.images


def test_unlabelled_cases_are_left_out(records, tmp_path):
    files = [write_records(tmp_path / "all.gz", records)]
    everything = draw(files, cases=1000)
    assert len(everything.targets) == 32
    np.testing.assert_array_equal(everything.targets.sum(axis=1), 1)
    unlabelled = [write_records(tmp_path / "unlabelled.gz", records[::5])]
    assert draw(unlabelled).targets.shape == (0, 3)
    assert draw(unlabelled).images == ()


def test_findings_keep_their_weights(tmp_path):
    rng = np.random.default_rng(0)
    image = [textured_image(0, rng)]
    files = [
        write_records(
            tmp_path / "f.gz",
            [
                example(image, "known", "p0", findings=[1.0, 0.0], weights=[1.0, 0.0]),
                example(image, "unknown", "p1", findings=[0.0, 0.0], weights=[0.0, 0.0]),
            ],
        )
    ]
    sample = draw_case_sample(files, task="multi_label", class_count=2, cases=5, seed=0)
    np.testing.assert_array_equal(sample.targets, [[1.0, 0.0]])
    np.testing.assert_array_equal(sample.weights, [[1.0, 0.0]])
