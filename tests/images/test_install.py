"""The steps that fill an image, in a clean folder; then its command as an image would run it.

No container engine is needed: Linux' namespaces take away the network, the right to write but to
/tmp, and the user's rights. What this does not show: the base image, and the Dockerfile's COPYs.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.images.image_files import PROJECT, sent_to_the_builder

pytestmark = pytest.mark.slow

PROBE = """
from importlib import resources
import tensorflow as tf
import matplotlib.pyplot, tensorflow_model_analysis
import pipeline.graph, pipeline.kubeflow_compiler
import components.slice_report.render
assert "/opt/venv/" in pipeline.__file__, pipeline.__file__
assert (resources.files("schemas") / "case.pbtxt").is_file()
assert tf.reduce_sum(tf.ones([3, 3])).numpy() == 9
"""

# Its arguments: the folder to make read-only, and the command.
CONFINED = """
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && mount -t tmpfs tmpfs /tmp && cd /tmp
shift
exec setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs --inh-caps=-all \
    --bounding-set=-all "$@"
"""


@pytest.fixture(scope="module")
def image():
    """A folder as the builder's root: `build` is what it is sent, `opt/venv` what it makes."""
    if os.getuid() != 0:
        pytest.skip("needs root, to take away the rights that an image has not")
    # Not under /tmp, which is what an image can write to.
    root = Path(tempfile.mkdtemp(prefix="micle-image-", dir="/var/tmp"))
    root.chmod(0o755)
    try:
        # As in the base image, everybody may read Python itself.
        python = root / "python"
        shutil.copytree(
            sys.base_prefix,
            python,
            symlinks=True,
            ignore=shutil.ignore_patterns("site-packages", "__pycache__", "test"),
        )
        for name in sent_to_the_builder():
            source, target = PROJECT / name, root / "build" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        for step in (["packages", "runtime"], ["project"]):
            subprocess.run(
                ["images/install.sh", step[0], root / "opt" / "venv", *step[1:]],
                cwd=root / "build",
                env={**os.environ, **_of_python(root, f"{python}/bin:{os.environ['PATH']}")},
                check=True,
            )
        yield root
    finally:
        shutil.rmtree(root)


def _of_python(root, path):
    return {"PATH": path, "LD_LIBRARY_PATH": str(root / "python" / "lib")}


def confined(image, *command):
    """Runs a command without network, as user 65532, able to write to /tmp alone."""
    environment = {
        **_of_python(image, f"{image}/opt/venv/bin:/usr/bin:/bin"),
        **{"HOME": "/tmp", "KERAS_HOME": "/tmp/keras", "MPLCONFIGDIR": "/tmp/matplotlib"},
        **{"XDG_CACHE_HOME": "/tmp/cache", "PYTHONDONTWRITEBYTECODE": "1"},
    }
    isolated = ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc"]
    return subprocess.run(
        [*isolated, "sh", "-c", CONFINED, "sh", image, *command],
        env=environment,
        capture_output=True,
        text=True,
    )


def test_the_command_answers(image):
    answered = confined(image, "micle", "--help")
    assert answered.returncode == 0, answered.stderr
    assert "compile" in answered.stdout


def test_the_confinement_is_one(image):
    told = confined(image, "sh", "-c", f"id -u; touch {image}/opt/x; ls /sys/class/net")
    assert "65532" in told.stdout
    assert "Read-only file system" in told.stderr
    unreachable = confined(
        image,
        "python",
        "-c",
        "import socket; socket.create_connection(('192.0.2.1', 443), timeout=3)",
    )
    assert "Network is unreachable" in unreachable.stderr


def test_everything_that_a_step_imports_is_there(image):
    imported = confined(image, "python", "-c", PROBE)
    assert imported.returncode == 0, imported.stderr
