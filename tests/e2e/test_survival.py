"""A run that is killed, however often, ends as one that was not."""

import json
import random
import re
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def report_of(run) -> dict:
    """The report without the run and two digests: of the configuration, which names the folder, and
    of the SavedModel's files, in which TensorFlow writes random names.
    """
    report = json.loads((run.output / "report" / "report.json").read_text())
    for name in ("configuration_digest", "run_id"):
        del report["run"][name]
    for model in report["models"].values():
        del model["model_digest"]
    return report


def start(run) -> subprocess.Popen:
    command = [sys.executable, "-m", "pipeline", "run", str(run.configuration)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def steps_done(output: str) -> set[str]:
    """Steps that ran to their end in one call."""
    return set(re.findall(r"^\[ *\d+/\d+\] (\S+) +\d+ s$", output, flags=re.MULTILINE))


def test_killed_at_random_moments_it_repeats_no_finished_step_and_reports_the_same(
    finished, new_run
):
    reference, _ = finished
    run = new_run()
    key = reference.output / "pseudonym.key"
    run.output.mkdir()
    (run.output / "pseudonym.key").write_bytes(key.read_bytes())
    chance = random.Random(0)
    done: set[str] = set()
    for _attempt in range(25):
        process = start(run)
        try:
            output, _ = process.communicate(timeout=chance.uniform(25, 60))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            output, _ = process.communicate()
        repeated = done & steps_done(output)
        assert not repeated, f"finished before, run again: {repeated}"
        done |= steps_done(output)
        if process.returncode == 0:
            break
    else:
        pytest.fail("the run never came to its end")
    assert report_of(run) == report_of(reference)


def test_ctrl_c_stops_with_a_line_that_says_how_to_go_on(new_run):
    run = new_run()
    process = start(run)
    # In the middle, however fast the machine is.
    begun = ""
    while len(steps_done(begun)) < 4:
        line = process.stdout.readline()
        assert line, begun
        begun += line
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    output = begun + rest
    assert process.returncode == 130
    assert f"Stopped. 'micle run {run.configuration}' goes on from here." in output
    assert "Traceback" not in output
