"""SIGTERM is held back until a training has saved, and then ends the process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TRAINING = """
import os, signal
from trainer.termination import awaiting_termination
with awaiting_termination() as termination:
    os.kill(os.getpid(), signal.SIGTERM)
    print("checkpoint" if termination.requested else "nothing asked for")
print("goes on")
"""


def run(*before):
    return subprocess.run(
        [*before, sys.executable, "-c", TRAINING],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )


def test_the_process_ends_by_the_signal_after_the_block():
    ended = run()
    assert ended.stdout == "checkpoint\n"
    assert ended.returncode == -signal.SIGTERM


@pytest.mark.skipif(os.getuid() != 0, reason="a namespace of processes is root's to make")
def test_the_first_process_of_a_container_ends_too():
    ended = run("unshare", "--pid", "--fork", "--mount-proc")
    assert ended.stdout == "checkpoint\n"
    assert ended.returncode == 128 + signal.SIGTERM
