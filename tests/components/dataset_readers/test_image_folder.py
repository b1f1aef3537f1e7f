"""A folder tree of images, listed without reading it whole."""

import itertools
import os

import pytest

from components.dataset_readers.image_folder import ImageFolderReader
from components.dataset_readers.reader import ReaderChoices
from trainer.errors import UserError


def rows(folder):
    return ImageFolderReader().rows(folder, ReaderChoices())


def test_every_image_of_a_folder_tree_is_a_case_of_its_own(image_files):
    folder = image_files(["n02/b.JPEG", "n01/a.png", "n01/c.jpg", "n01/words.txt"])
    listed = list(rows(folder))
    assert [row.case_id for row in listed] == ["n01/a.png", "n01/c.jpg", "n02/b.JPEG"]
    assert all(row.patient_id == row.case_id for row in listed)
    assert {row.site for row in listed} == {"natural"}


def test_rows_come_before_the_whole_tree_is_read(image_files, monkeypatch):
    folder = image_files(f"{number}/a.png" for number in range(3))
    visited = []
    scandir = os.scandir
    monkeypatch.setattr("os.scandir", lambda path: visited.append(path) or scandir(path))
    assert len(list(itertools.islice(rows(folder), 1))) == 1
    assert len(visited) == 2


@pytest.mark.parametrize(
    ("folder", "message"), [("absent", "no such folder"), ("", "no .jpg, .jpeg or .png file")]
)
def test_a_folder_without_images_is_named(tmp_path, folder, message):
    with pytest.raises(UserError, match=message):
        next(rows(tmp_path / folder))
