"""Every file below a folder is found, or it is said that it cannot be."""

import os

import pytest

from components.dataset_readers.image_files import images_below
from trainer.errors import UserError


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_images_come_in_a_fixed_order_and_nothing_else_does(tmp_path):
    for name in ("b/2.PNG", "b/1.jpg", "a.jpeg", "b/notes.txt"):
        touch(tmp_path / name)
    found = [path.relative_to(tmp_path).as_posix() for path in images_below(tmp_path)]
    assert found == ["a.jpeg", "b/1.jpg", "b/2.PNG"]


def test_what_macos_keeps_beside_an_image_is_none(tmp_path):
    for name in ("a.jpg", "._a.jpg", "__MACOSX/._a.jpg"):
        touch(tmp_path / name)
    assert list(images_below(tmp_path)) == [tmp_path / "a.jpg"]


def test_links_to_folders_are_followed_and_none_for_ever(tmp_path):
    touch(tmp_path / "elsewhere" / "x.png")
    inside = tmp_path / "set"
    touch(inside / "a" / "y.png")
    (inside / "linked").symlink_to(tmp_path / "elsewhere")
    (inside / "a" / "back").symlink_to(inside)
    found = [path.relative_to(inside).as_posix() for path in images_below(inside)]
    assert found == ["a/y.png", "linked/x.png"]


def test_a_folder_that_cannot_be_listed_stops_the_reading(tmp_path, monkeypatch):
    touch(tmp_path / "patient-17" / "x.png")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("patient-17"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError, match=r"a folder in it cannot be listed \(Permission") as told:
        list(images_below(tmp_path))
    assert "patient-17" not in str(told.value)
