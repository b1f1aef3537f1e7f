"""The share of the labels can be set at submission, where no configuration checks it."""

import pytest

from components.fine_tuner.executor import Executor, check_label_fraction
from trainer.errors import UserError


@pytest.mark.parametrize("fraction", [0.01, 1.0])
def test_a_share_is_taken(fraction):
    check_label_fraction(fraction)


@pytest.mark.parametrize("fraction", [0.0, -0.5, 1.5, float("nan")])
def test_what_is_no_share_stops_the_step_before_it_reads_anything(fraction):
    with pytest.raises(UserError, match="must be above 0 and at most 1"):
        Executor().Do({}, {}, {"label_fraction": fraction})
