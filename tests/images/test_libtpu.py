"""libtpu is on no package index: its wheel comes as a file, and only the one that was named."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.images.image_files import PROJECT

NAME = "libtpu-2.16.0rc0"


def install(venv, folder, digest):
    return subprocess.run(
        [PROJECT / "images" / "install.sh", "libtpu", venv, folder, digest],
        capture_output=True,
        text=True,
    )


@pytest.fixture
def venv(tmp_path):
    """An environment to fill, and the installer beside it, as `install.sh packages` leaves them."""
    made = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)
    installer = tmp_path / "venv.installer" / "bin"
    installer.mkdir(parents=True)
    (installer / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    return made


@pytest.fixture
def wheel(tmp_path):
    """A small wheel of that name."""
    folder = tmp_path / "libtpu"
    folder.mkdir()
    information = f"{NAME}.dist-info"
    with zipfile.ZipFile(folder / f"{NAME}-py3-none-any.whl", "w") as archive:
        archive.writestr("libtpu/__init__.py", "")
        archive.writestr("libtpu/libtpu.so", "the runtime")
        archive.writestr(
            f"{information}/METADATA", "Metadata-Version: 2.1\nName: libtpu\nVersion: 2.16.0rc0\n"
        )
        archive.writestr(
            f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{information}/RECORD", "")
    return folder / f"{NAME}-py3-none-any.whl"


def test_the_named_file_is_installed_where_tensorflow_looks(venv, wheel):
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    done = install(venv, wheel.parent, digest)
    assert done.returncode == 0, done.stderr
    dockerfile = (PROJECT / "images" / "Dockerfile").read_text()
    [looked] = [word for word in dockerfile.split() if word.startswith("TPU_LIBRARY_PATH=")]
    library = venv / looked.partition("/opt/venv/")[2]
    assert library.read_text() == "the runtime"


@pytest.mark.parametrize("digest", ["0" * 64, ""])
def test_another_file_is_refused(venv, wheel, digest):
    refused = install(venv, wheel.parent, digest)
    assert refused.returncode != 0
    assert "is not the file of --build-arg LIBTPU_SHA256." in refused.stderr


def test_a_missing_file_is_told(venv, tmp_path):
    told = install(venv, tmp_path, "0" * 64)
    assert told.returncode != 0
    assert f"No {NAME} wheel in {tmp_path}: see docs/images.md." in told.stderr
