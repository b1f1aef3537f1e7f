import os
import subprocess
import sys

import pytest

SHOW = "import trainer, os; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"


@pytest.mark.parametrize(("before", "after"), [(None, "1"), ("0", "0"), ("1", "1")])
def test_importing_the_trainer_switches_onednn_on_unless_the_user_decided(before, after):
    environment = {k: v for k, v in os.environ.items() if k != "TF_ENABLE_ONEDNN_OPTS"}
    if before is not None:
        environment["TF_ENABLE_ONEDNN_OPTS"] = before
    shown = subprocess.check_output([sys.executable, "-c", SHOW], env=environment, text=True)
    assert shown.strip() == after


def test_the_command_decides_before_tensorflow_is_imported():
    script = "import pipeline.command_line, sys, os; assert 'tensorflow' not in sys.modules; " + (
        "print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    )
    environment = {k: v for k, v in os.environ.items() if k != "TF_ENABLE_ONEDNN_OPTS"}
    shown = subprocess.check_output([sys.executable, "-c", script], env=environment, text=True)
    assert shown.strip() == "1"
