"""Which pairs are found, and which of them matter."""

import itertools
import random

import numpy as np
import pytest

from components.leakage_check import findings as findings_module
from components.leakage_check.findings import Findings, SumUp, findings
from components.leakage_check.near_duplicates import (
    ImageRecord,
    group_keys,
    near_duplicates,
)

THUMBNAIL = np.random.default_rng(0).integers(0, 255, 256, dtype=np.uint8).tobytes()


def image(data_set="medical", split="train", site="north", patient="p", case="c", **changes):
    values = {"number": 0, "bits": 12345, "thumbnail": THUMBNAIL, "digest": b"", **changes}
    return ImageRecord(data_set, split, site, patient, case, **values)


def found(*images):
    return [pair for _, pair in near_duplicates(images, 0.99)]


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


def test_many_copies_make_pairs_in_proportion_and_every_leak_is_in_one():
    copies = [
        image(
            case=f"c{number}",
            patient=f"p{number % 700}",
            split="test" if number % 3 else "train",
            site="south" if number % 2 else "north",
        )
        for number in range(2000)
    ]
    pairs = found(*copies)
    leaking = [pair for pair in pairs if pair.leaks]
    assert len(pairs) < 2000 * 8
    assert {pair.second.case for pair in leaking} == {c.case for c in copies if c.split == "test"}
    assert {pair.first.case for pair in leaking} == {c.case for c in copies if c.split == "train"}
    # Nobody's other images hide that two patients or sites share one.
    assert any(pair.first.site != pair.second.site for pair in pairs)
    assert any(not pair.leaks and pair.first.patient != pair.second.patient for pair in pairs)


def test_few_copies_are_paired_each_with_each():
    copies = [image(case=f"c{number}", patient=f"p{number}") for number in range(6)]
    assert len(found(*copies)) == 15


def test_findings_count_pairs_and_list_those_that_leak_first():
    test = image(split="test", patient="t", case="judged", site="south")
    images = [
        image(case="trained"),
        image(data_set="natural", case="photo", patient="x", site="web"),
        test,
        test._replace(number=1),
    ]
    pairs = found(*images)
    total = sum(map(findings, pairs), Findings())
    # Each of two images of the test case with each of two others; those two with each other.
    assert (total.pairs, total.across_splits, total.in_pretraining) == (5, 4, 2)
    assert (total.across_sites, total.across_patients) == (5, 5)
    assert [first[0] for first, _, _ in total.listed[:4]] == ["medical"] * 2 + ["natural"] * 2
    assert total.listed[4][1][3] == "photo" or total.listed[4][0][3] == "photo"


def test_findings_are_the_same_however_the_pairs_are_divided(monkeypatch):
    monkeypatch.setattr(findings_module, "MOST_PAIRS_LISTED", 3)
    images = [
        image(case=f"c{n}", patient=f"p{n}", split="test" if n % 3 else "train") for n in range(8)
    ]
    pairs = found(*images)
    summing = SumUp()

    def summed(part):
        total = summing.create_accumulator()
        for pair in part:
            total = summing.add_input(total, pair)
        return total

    whole = summed(pairs)
    assert whole.pairs == 28
    assert list(whole.first) == sorted(pairs, key=lambda pair: (not pair.leaks, pair))[:3]
    for parts in ([pairs[::-1]], [pairs[:5], pairs[5:]], [pairs[::2], [], pairs[1::2]]):
        assert summing.merge_accumulators(map(summed, parts)) == whole
