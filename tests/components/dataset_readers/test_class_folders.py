"""A folder of images for each class."""

from pathlib import Path

import pytest

from components.dataset_readers.class_folders import ClassFoldersReader
from components.dataset_readers.reader import ReaderChoices
from trainer.errors import UserError


def rows(source: Path):
    return list(ClassFoldersReader().rows(source, ReaderChoices()))


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_the_first_folder_is_the_class_whatever_lies_between(tmp_path):
    touch(tmp_path / "n01440764" / "n01440764_1.JPEG")
    touch(tmp_path / "n01443537" / "images" / "n01443537_7.JPEG")
    found = {row.case_id: row.label for row in rows(tmp_path)}
    assert found == {
        "n01440764/n01440764_1.JPEG": "n01440764",
        "n01443537/images/n01443537_7.JPEG": "n01443537",
    }


def test_an_image_in_no_class_folder_is_said(tmp_path):
    touch(tmp_path / "cat" / "1.jpg")
    touch(tmp_path / "stray.jpg")
    with pytest.raises(UserError, match=r"stray\.jpg: lies in no folder of a class"):
        rows(tmp_path)
