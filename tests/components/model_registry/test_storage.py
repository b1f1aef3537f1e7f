"""Folders and buckets: what both promise, and what a person reads when one cannot be used."""

import dataclasses
import errno
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.model_registry import directory_storage
from components.model_registry.log import new_entry, read_entries
from components.model_registry.storage import open_storage
from trainer.errors import UserError


def test_an_empty_one_holds_nothing(storage):
    assert storage.names("log") == []
    assert storage.read(["log/1"]) == [None]
    with storage.folder("models/ab") as path:
        assert list(path.glob("*")) == []


def test_a_file_is_written_once(storage):
    assert storage.create("log/1", b"first")
    assert not storage.create("log/1", b"second")
    assert storage.read(["log/1", "log/2"]) == [b"first", None]


def test_of_many_who_create_the_same_file_one_is_told_so(storage):
    contents = [str(number).encode() for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        created = list(pool.map(lambda content: storage.create("log/1", content), contents))
    [winner] = [content for content, done in zip(contents, created, strict=True) if done]
    assert storage.read(["log/1"]) == [winner]
    assert storage.names("log") == ["1"]


def test_names_are_those_of_files_and_folders_right_below(storage):
    for name in ("log/2", "log/1", "models/b/record", "models/a/model/x"):
        storage.create(name, b"")
    assert storage.names("log") == ["1", "2"]
    assert storage.names("models") == ["a", "b"]


def test_a_folder_comes_back_as_it_was(storage, tmp_path):
    source = tmp_path / "source"
    (source / "variables").mkdir(parents=True)
    (source / "saved_model.pb").write_bytes(b"graph")
    # Larger than one part of an upload.
    weights = os.urandom(6_000_000)
    (source / "variables" / "weights").write_bytes(weights)
    (source / "empty").touch()
    for _ in range(2):
        storage.store_folder("models/ab/model", source)
    with storage.folder("models/ab/model") as path:
        found = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
        assert found == {"saved_model.pb", "variables/weights", "empty"}
        assert (path / "variables" / "weights").read_bytes() == weights
    assert storage.names("models/ab") == ["model"]


class TestMistakes:
    @pytest.mark.parametrize("location", ["ftp://host/r", "minio://bucket/r", "S3://b", "s3:/b"])
    def test_another_kind_of_url(self, location):
        with pytest.raises(UserError, match=f"{location}: must be a folder or a bucket: s3://"):
            open_storage(location)

    def test_a_bucket_that_is_not_there(self, s3):
        missing = open_storage(f"{s3}-of-others/registry")
        for use in (
            lambda: missing.names("log"),
            lambda: missing.store_folder("models/ab", Path(__file__).parent),
            lambda: missing.create("log/1", b""),
        ):
            with pytest.raises(UserError, match="s3://models-of-others/registry: the bucket is"):
                use()

    def test_a_server_out_of_reach(self, s3, monkeypatch, closed_port):
        monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{closed_port}")
        with pytest.raises(UserError, match="out of reach") as caught:
            open_storage(s3).names("log")
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
    def test_a_file_system_without_hard_links(self, tmp_path, monkeypatch, number):
        def refused(_source, _target):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(directory_storage.os, "link", refused)
        with pytest.raises(UserError, match="needs a file system with hard links"):
            open_storage(str(tmp_path)).create("log/1", b"")
        assert list((tmp_path / "log").iterdir()) == []

    def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(self, tmp_path, monkeypatch):
        def refused(_path):
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(Path, "iterdir", refused)
        with pytest.raises(UserError, match=r"log: cannot be listed \(Permission denied\)"):
            read_entries(open_storage(str(tmp_path)))

    def test_a_log_of_before_is_converted_by_the_command_that_is_shown(self, tmp_path):
        entries = []
        for number in range(12):
            entries.append(new_entry(entries, "2026-01-01", "signed", str(number), {}))
        lines = (json.dumps(dataclasses.asdict(entry)) + "\n" for entry in entries)
        (tmp_path / "log.jsonl").write_text("".join(lines))
        with pytest.raises(UserError, match="a file an entry now") as caught:
            open_storage(str(tmp_path))
        command = str(caught.value).partition("in that folder: ")[2]
        subprocess.run(command, shell=True, cwd=tmp_path, check=True)
        assert read_entries(open_storage(str(tmp_path))) == entries
