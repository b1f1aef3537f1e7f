"""An evaluation whose files are not whole is named, not read as one without cases."""

import re

import pytest

from components.site_evaluator.reader import load_evaluation
from tests.components.promotion_gate.handmade_evaluations import make_evaluation, write_evaluation
from trainer.errors import UserError


@pytest.fixture
def written(tmp_path):
    return write_evaluation(tmp_path / "evaluation", make_evaluation())


@pytest.fixture
def metrics_file(written, tmp_path):
    [file] = (tmp_path / "evaluation").glob("metrics*")
    return file


def test_a_whole_one_is_read(written):
    assert load_evaluation(written).slices.keys() == make_evaluation().slices.keys()


def test_a_missing_file_is_named(written, metrics_file):
    metrics_file.unlink()
    with pytest.raises(UserError, match=rf"{re.escape(written)}: no file metrics\*"):
        load_evaluation(written)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_named(written, metrics_file, share):
    content = metrics_file.read_bytes()
    metrics_file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=rf"{re.escape(written)}: a file .* is cut off or damaged"):
        load_evaluation(written)


def test_a_file_without_a_record_is_an_evaluation_of_no_case(written, metrics_file):
    metrics_file.write_bytes(b"")
    with pytest.raises(UserError, match="no case was evaluated"):
        load_evaluation(written)
