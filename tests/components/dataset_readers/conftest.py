"""Miniature collections: files with no content, because a reader opens no image."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest


@pytest.fixture
def image_files(tmp_path) -> Callable[[Iterable[str]], Path]:
    """Makes empty files below a folder and returns the folder."""

    def make(names: Iterable[str]) -> Path:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"")
        return tmp_path

    return make
