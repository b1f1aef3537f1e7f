"""Nobody who has the whole report can work out a count that is withheld."""

import dataclasses
import json

import pytest

from components.slice_report.report_data import report_data
from tests.components.slice_report.disclosure.attack import Attack
from tests.components.slice_report.disclosure.consistent_inputs import consistent_inputs

BELOW = 10
SITES = {
    "a tiny site": {"north": 160, "east": 110, "island <b>": 90, "tiny": 6},
    "two tiny sites": {"north": 160, "west": 9, "east": 110, "island <b>": 90, "tiny": 9},
    "a tiny held-out site": {"north": 160, "east": 110, "south": 60, "island <b>": 7},
    "large sites": {"north": 800, "east": 500, "island <b>": 400},
}


QUICK = ("multi_label", "a tiny site")


def published(inputs):
    """What a reader of report.json has."""
    return json.loads(json.dumps(report_data(inputs)))


def shown(inputs):
    return dataclasses.replace(
        inputs, settings=dataclasses.replace(inputs.settings, suppress_counts_below=0)
    )


def naively_withheld(content):
    """Only small counts themselves are taken out, as somebody might do it."""
    if isinstance(content, dict):
        return {
            name: f"<{BELOW}" if _is_small_count(name, value) else naively_withheld(value)
            for name, value in content.items()
        }
    return [naively_withheld(one) for one in content] if isinstance(content, list) else content


def _is_small_count(name, value):
    return type(value) is int and 0 < value < BELOW and name not in ("lost_cases", "images")


@pytest.mark.parametrize(
    ("task", "sites"),
    [
        pytest.param(task, sites, id=f"{task}, {name}", marks=marks)
        for task in ("multi_label", "multi_class")
        for name, sites in SITES.items()
        for marks in [[] if (task, name) == QUICK else pytest.mark.slow]
    ],
)
def test_no_small_count_follows_from_all_that_is_published(task, sites):
    """By totals, by rates times n, by the complement over sites, and by all of these together."""
    inputs = consistent_inputs(task, sites)
    attack, truth = Attack(published(inputs)), Attack(published(shown(inputs)))
    assert attack.small
    for name in attack.small:
        least, most = attack.range_of(name)
        assert least <= truth.range_of(name)[0] <= most, name
        assert most - least >= 2, (name, least, most)


@pytest.mark.parametrize("task", ["multi_label", "multi_class"])
def test_the_attacker_finds_what_only_the_small_counts_were_taken_out_of(task):
    inputs = consistent_inputs(task, SITES["a tiny site"])
    report = published(shown(inputs))
    attack = Attack(naively_withheld(report))
    found = [name for name in attack.small if len(set(attack.range_of(name))) == 1]
    assert ("site tiny", "cases") in found
    assert ("left_out", "north", "patients") in found
    assert len(found) > len(attack.small) / 2
