"""Which pairs are found, and which of them matter."""

import itertools
import random

import numpy as np
import pytest

from components.leakage_check.leakage_report import leakage_report, read_leakage_report
from components.leakage_check.near_duplicates import (
    ImageRecord,
    group_keys,
    near_duplicates,
)

THUMBNAIL = np.random.default_rng(0).integers(0, 255, 256, dtype=np.uint8).tobytes()


def image(data_set="medical", split="train", site="north", patient="p", case="c", **changes):
    values = {"number": 0, "bits": 12345, "thumbnail": THUMBNAIL, **changes}
    return ImageRecord(data_set, split, site, patient, case, **values)


def found(*images):
    return list(near_duplicates(images, 0.99))


def test_hashes_that_differ_in_three_bits_share_a_key_whichever_bits_they_are():
    draw = random.Random(0)
    for _ in range(2000):
        one = draw.getrandbits(64)
        other = one
        for bit in draw.sample(range(64), 3):
            other ^= 1 << bit
        assert set(group_keys(one)) & set(group_keys(other))


def test_few_random_hashes_share_a_key():
    draw = random.Random(0)
    keys = [set(group_keys(draw.getrandbits(64))) for _ in range(300)]
    assert not any(a & b for a, b in itertools.combinations(keys, 2))


@pytest.mark.parametrize(
    ("one", "other", "matters"),
    [
        ({}, {"split": "test", "patient": "q"}, True),
        ({}, {"split": "test"}, True),
        ({}, {"case": "d"}, False),
        ({}, {"case": "d", "patient": "q"}, True),
        ({}, {"case": "d", "site": "south"}, True),
        ({"data_set": "natural"}, {"split": "test", "patient": "q"}, True),
        ({"data_set": "natural"}, {"data_set": "natural", "patient": "q"}, False),
    ],
)
def test_a_pair_matters_across_splits_patients_sites_and_pretraining(one, other, matters):
    assert bool(found(image(**one), image(**other))) == matters


def test_another_hash_or_another_thumbnail_is_another_picture():
    assert found(image(), image(split="test", bits=12345 ^ 0b111))
    assert not found(image(), image(split="test", bits=12345 ^ 0b1111))
    other = np.random.default_rng(1).integers(0, 255, 256, dtype=np.uint8).tobytes()
    assert not found(image(), image(split="test", thumbnail=other))


@pytest.mark.parametrize(
    ("earlier", "later", "leaks"),
    [
        ("train", "validation", True),
        ("validation", "test", True),
        ("train", "shifted", True),
        ("test", "shifted", False),
        ("train", "train", False),
    ],
)
def test_it_leaks_if_a_later_split_judges_what_an_earlier_one_has_seen(earlier, later, leaks):
    [pair] = found(image(split=later, patient="q"), image(split=earlier))
    assert pair.leaks == leaks
    assert not leaks or pair.first.split == earlier


def test_the_report_counts_pairs_and_cases_and_names_what_to_remove(tmp_path):
    test = image(split="test", patient="t", case="judged", site="south")
    images = [
        image(case="trained"),
        image(data_set="natural", case="photo", patient="x", site="web"),
        test,
        test._replace(number=1),
    ]
    pairs = found(*images)
    report = leakage_report(10, pairs)
    # Each of two images of the test case with each of two others; those two with each other.
    assert (report.pairs, report.across_splits, report.in_pretraining) == (5, 4, 2)
    assert report.leaked_cases == 1
    assert report.medical_to_remove == ("trained",)
    assert report.natural_to_remove == ("photo",)
    assert report == leakage_report(10, reversed(pairs))
    report.write(str(tmp_path))
    assert read_leakage_report(str(tmp_path)) == report
