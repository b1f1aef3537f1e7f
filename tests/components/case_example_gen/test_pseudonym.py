"""Identifiers in the paths of images."""

import pytest

from components.case_example_gen.pseudonym import without_identifiers


@pytest.mark.parametrize(
    ("path", "identifiers", "expected"),
    [
        ("p10/p10000032/s50414267/x.jpg", ("10000032", "50414267"), "p10/p…/s…/x.jpg"),
        (
            "train/patient00001/study1/a.jpg",
            ("patient00001", "patient00001/study1"),
            "train/…/a.jpg",
        ),
        ("images/00012.png", ("7", "7-1"), "images/00012.png"),
        ("7/7-1_2.png", ("7", "7-1"), "…/…_2.png"),
        ("NB-0007/a.png", ("elsewhere/nb-0007", "elsewhere/1"), "…/a.png"),
    ],
)
def test_they_give_way_to_dots_and_nothing_else_does(path, identifiers, expected):
    assert without_identifiers(path, identifiers) == expected
