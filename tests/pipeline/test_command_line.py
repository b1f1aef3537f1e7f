"""The command itself: quick help, one-line errors."""

import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from pipeline.command_line import main


def test_help_takes_less_than_half_a_second_and_loads_no_tensorflow():
    code = (
        "import sys; from pipeline.command_line import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'keras', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    durations = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        durations.append(time.perf_counter() - start)
    assert min(durations) < 0.5


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["validate", "no.yaml"], "error: no.yaml: cannot be read (No such file or directory)."),
        (["run", "no.yaml"], "error: no.yaml: cannot be read (No such file or directory)."),
        (["report", "no-run"], "error: no-run: no run here (metadata.sqlite is missing)."),
        (["predict", "no-model", ".", "-o", "x.csv"], "error: no-model: no model of this pipeline"),
        (
            ["compile", "configs/demo.yaml", "-o", "x.yaml"],
            "error: cluster: is missing.",
        ),
        (
            ["manifest", "ham10000", "no-folder", "-o", "x.csv"],
            "error: no-folder",
        ),
    ],
)
def test_a_users_mistake_is_one_line_without_a_traceback(arguments, expected):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert line.startswith(expected)
