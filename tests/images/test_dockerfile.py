"""The images: pinned, locked, small rights, and nothing of the project's data in them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from components.slice_report import pdf
from tests.images.image_files import DOCKERFILE, PROJECT, locked, sent_to_the_builder, stages

IMAGES = ["cpu", "gpu", "tpu"]


def environment(stage):
    """Variables of a stage, those of the stages before it included."""
    instructions = stages()[stage]
    parent = instructions[0][1]
    found = environment(parent) if parent in stages() else {}
    for instruction, rest in instructions:
        if instruction == "ENV":
            found.update(pair.split("=", 1) for pair in rest.split(" "))
    return found


def test_a_linter_has_nothing_to_say():
    hadolint = Path(sys.executable).with_name("hadolint")
    checked = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True)
    assert (checked.stdout, checked.returncode) == ("", 0)


def test_the_base_is_pinned_by_digest():
    pinned = re.search(r"^ARG PYTHON=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert re.fullmatch(r"\S+:3\.10\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", pinned[1])
    foreign = {stage[0][1] for stage in stages().values()} - stages().keys()
    assert foreign == {"${PYTHON}"}


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_runs_as_nobody_and_holds_only_the_environment(image):
    instructions = stages()[image]
    assert instructions[-1] == ("USER", "65532:65532")
    copied = [rest for instruction, rest in instructions if instruction in ("COPY", "ADD")]
    assert copied == [f"--from={image}-complete /opt/venv /opt/venv"]
    assert not any(instruction == "RUN" for instruction, _ in instructions)


@pytest.mark.parametrize("image", IMAGES)
def test_everything_that_a_library_writes_is_under_tmp(image):
    variables = environment(image)
    for name in ("HOME", "KERAS_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME"):
        assert variables[name].startswith("/tmp")
    assert variables["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_base_says_what_it_is():
    labels = [rest for instruction, rest in stages()["base"] if instruction == "LABEL"]
    for name in ("title", "description", "version", "revision", "base.name"):
        assert f"org.opencontainers.image.{name}=" in labels[0]


def test_the_base_has_the_system_library_that_a_step_asks_for():
    [installed] = [rest for instruction, rest in stages()["base"] if instruction == "RUN"]
    asked = re.search(r"apt-get install (\S+?)\)", pdf._REMEDY)
    assert asked[1] in installed.split()


def test_only_code_and_locks_are_sent_to_the_builder():
    taken = sent_to_the_builder()
    assert all((PROJECT / name).exists() for name in taken)
    packages = {path.parent.name for path in PROJECT.glob("*/__init__.py")}
    assert packages - {"benchmarks", "tests"} <= set(taken)
    assert not {"configs", "runs", "data", ".git"} & set(taken)


def test_the_gpu_image_has_what_the_others_have_and_the_cuda_libraries():
    added = locked("gpu").keys() - locked("runtime").keys()
    assert added and all(re.fullmatch(r"nvidia-[a-z]+(-[a-z]+)?-cu12", name) for name in added)
    assert locked("runtime").items() <= locked("gpu").items()


def test_the_gpu_image_finds_every_cuda_library_and_the_nodes_driver():
    variables = environment("gpu")
    wheels = locked("gpu").keys() - locked("runtime").keys()
    folders = {name.removeprefix("nvidia-").removesuffix("-cu12") for name in wheels}
    # The compiler is a program, found by PATH and XLA.
    expected = {f"${{NVIDIA_WHEELS}}/{name.replace('-', '_')}/lib" for name in folders}
    expected.remove("${NVIDIA_WHEELS}/cuda_nvcc/lib")
    searched = set(variables["LD_LIBRARY_PATH"].split(":"))
    assert expected | {"/usr/local/nvidia/lib64"} <= searched
    assert "${NVIDIA_WHEELS}/cuda_nvcc" in variables["XLA_FLAGS"]


def test_the_tpu_image_differs_by_tensorflows_build_alone():
    tpu, runtime = locked("tpu"), locked("runtime")
    assert tpu.pop("tensorflow-tpu") == runtime.pop("tensorflow")
    assert tpu == runtime
