"""float32 on a GPU is float32, unless the user decided otherwise."""

import os
import subprocess
import sys

import pytest

SHOW = "import trainer, os; print(os.environ['NVIDIA_TF32_OVERRIDE'])"


@pytest.mark.parametrize(("before", "after"), [(None, "0"), ("0", "0"), ("1", "1")])
def test_importing_the_trainer_forbids_it_unless_the_user_decided(before, after):
    environment = {k: v for k, v in os.environ.items() if k != "NVIDIA_TF32_OVERRIDE"}
    if before is not None:
        environment["NVIDIA_TF32_OVERRIDE"] = before
    shown = subprocess.check_output([sys.executable, "-c", SHOW], env=environment, text=True)
    assert shown.strip() == after
