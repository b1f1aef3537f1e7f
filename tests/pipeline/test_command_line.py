"""The command itself: quick help, one-line errors."""

import resource
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner

from pipeline.command_line import main
from tests.trainer.published_simclr_files import PublishedSimclr
from trainer.encoder_card import check_encoder_fits, read_encoder_card
from trainer.settings import EncoderSettings


def test_help_takes_less_than_half_a_second_and_loads_no_tensorflow():
    code = (
        "import sys; from pipeline.command_line import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'keras', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    start = _processor_seconds_of_children()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert _processor_seconds_of_children() - start < 0.5


def _processor_seconds_of_children() -> float:
    """Not the time on the wall, which is another job's too."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


IMPORT = ["import-encoder", "no-file", "--layout", "simclr", "-o", "no-output"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["validate", "no.yaml"], "error: no.yaml: cannot be read (No such file or directory)."),
        (["run", "no.yaml"], "error: no.yaml: cannot be read (No such file or directory)."),
        (["report", "no-run"], "error: no-run: no run here (metadata.sqlite is missing)."),
        (["predict", "no-model", ".", "-o", "x.csv"], "error: no-model: no model of this pipeline"),
        (
            ["compile", "no.yaml", "-o", "x.yaml"],
            "error: no.yaml: cannot be read (No such file or directory).",
        ),
        (
            ["manifest", "ham10000", "no-folder", "-o", "x.csv"],
            "error: no-folder",
        ),
        (
            [*IMPORT, "--architecture", "resnet50"],
            "error: no-file: there is no such file, folder or checkpoint.",
        ),
        (
            [*IMPORT, "--architecture", "resnet101"],
            "error: --architecture must be one of resnet18, resnet34, resnet50, resnet152, keras",
        ),
        (
            [*IMPORT, "--architecture", "resnet18"],
            "error: --architecture resnet18: layout simclr holds resnet50, resnet152.",
        ),
        (
            [*IMPORT, "--architecture", "resnet50", "--width", "0"],
            "error: --width must be a number above 0, such as 1, 2 or 4. Received: 0",
        ),
        (
            [*IMPORT, "--architecture", "resnet50", "--image-size", "8"],
            "error: --image-size must be at least 16. Received: 8",
        ),
    ],
)
def test_a_users_mistake_is_one_line_without_a_traceback(arguments, expected, tmp_path):
    # Some commands write beside their output before they find the mistake.
    placed = [str(tmp_path / word) if word.startswith("x.") else word for word in arguments]
    result = CliRunner().invoke(main, placed)
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert line.startswith(expected)


def test_an_imported_encoder_is_what_a_configuration_takes(tmp_path):
    PublishedSimclr(width=0.125, head_layers=2).write_tensorflow1(str(tmp_path / "model.ckpt"))
    output = str(tmp_path / "encoder")
    arguments = ["--layout", "simclr", "--architecture", "resnet50", "--width", "0.125"]
    result = CliRunner().invoke(
        main, ["import-encoder", str(tmp_path / "model.ckpt"), *arguments, "-o", output]
    )
    assert result.exit_code == 0, result.output
    first, *rest = result.output.splitlines()
    assert first.startswith(f"{output}: written. The source holds no network that could be run")
    values = yaml.safe_load("\n".join(rest))
    assert values["initial_encoder"] == output
    settings = EncoderSettings(**values["encoder"])
    check_encoder_fits(read_encoder_card(output), settings, output)
