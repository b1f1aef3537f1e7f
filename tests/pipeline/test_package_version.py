"""The version that reports name: with the commit, where there is one."""

import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from pipeline import package_version as module
from pipeline.package_version import package_version

VERSION = metadata.version("micle-tfx")


def git(directory, *arguments):
    identity = ["-c", "user.name=n", "-c", "user.email=e"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository that holds the module's file."""
    file = tmp_path / Path(module.__file__).name
    file.write_text("first\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    monkeypatch.setattr(module, "__file__", str(file))
    return tmp_path


def test_from_a_checkout_the_commit_is_named(checkout):
    assert package_version() == f"{VERSION}+{git(checkout, 'rev-parse', 'HEAD')[:12]}"


def test_changed_files_are_admitted(checkout):
    (checkout / "new.py").write_text("a file that git does not know\n")
    assert not package_version().endswith(".changed")
    Path(module.__file__).write_text("second\n")
    assert package_version().endswith(".changed")


def test_installed_without_a_checkout_it_is_the_version_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(module, "__file__", str(tmp_path / "package_version.py"))
    assert package_version() == VERSION


def test_the_commit_of_another_project_is_not_taken(checkout, monkeypatch):
    installed = checkout / "site-packages"
    installed.mkdir()
    monkeypatch.setattr(module, "__file__", str(installed / "package_version.py"))
    assert package_version() == VERSION


def test_without_git_it_is_the_version_alone(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert package_version() == VERSION
