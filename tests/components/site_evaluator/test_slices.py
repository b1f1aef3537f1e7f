import pytest

from components.site_evaluator.slices import slice_crossings
from trainer.errors import UserError

STANDARD = [
    (),
    ("site",),
    ("distribution",),
    ("sex",),
    ("age_group",),
    ("view",),
    ("image_count",),
]


def test_nothing_asked_gives_all_cases_and_every_feature():
    assert slice_crossings("[]") == STANDARD


def test_crossings_come_after_the_standard_slices_and_none_comes_twice():
    asked = '[["site"], ["sex", "age_group"], ["age_group", "sex"]]'
    assert slice_crossings(asked) == [*STANDARD, ("age_group", "sex")]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ('[["site", 1]]', r'\["site", 1\]'),
        ('["site"]', "each entry must be a list"),
        ('{"site": 1}', "must be a list of lists"),
        ("site", "must be a JSON list"),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(asked, message):
    with pytest.raises(UserError, match=message):
        slice_crossings(asked)
