"""A YAML file of a user: what YAML would swallow is refused."""

import pytest

from pipeline.yaml_files import read_yaml
from trainer.errors import UserError


def read(directory, text):
    path = directory / "file.yaml"
    path.write_text(text)
    return read_yaml(str(path))


@pytest.mark.parametrize(
    ("text", "line", "key", "first"),
    [
        ("name: a\ntitle: b\nname: c\n", 3, "name", 1),
        ("starts:\n  micle: [a]\n  other: [b]\n  micle: [b]\n", 4, "micle", 2),
        ("starts: {micle: [a], 'micle': [b]}\n", 1, "micle", 1),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_its_lines(tmp_path, text, line, key, first):
    with pytest.raises(UserError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == (
        f"{tmp_path / 'file.yaml'}: line {line}: {key} stands here for the second time, after "
        f"line {first}. Keep one of them, or rename it."
    )


def test_the_same_key_in_two_places_is_no_repetition(tmp_path):
    assert read(tmp_path, "a: {epochs: 1}\nb: {epochs: 2}\n") == {
        "a": {"epochs": 1},
        "b": {"epochs": 2},
    }


def test_a_key_over_one_of_an_anchor_is_no_repetition(tmp_path):
    text = (
        "a: &a {epochs: 1, rate: 2}\n"
        "b: &b {<<: *a, epochs: 3}\n"
        "c: {<<: *b, epochs: 4}\n"
        "d: {<<: [*b, *a], rate: 5}\n"
    )
    assert read(tmp_path, text) == {
        "a": {"epochs": 1, "rate": 2},
        "b": {"epochs": 3, "rate": 2},
        "c": {"epochs": 4, "rate": 2},
        "d": {"epochs": 3, "rate": 5},
    }


def test_a_file_that_is_not_there_is_a_line_with_what_to_do(tmp_path):
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read \(.*\)\. Check the path"):
        read_yaml(str(tmp_path / "none.yaml"))
