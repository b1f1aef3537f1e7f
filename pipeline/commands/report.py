"""`micle report`."""

from pathlib import Path

import click

from components.slice_report.message_catalogue import Language
from components.slice_report.report_files import DATA, PAGE, missing_pdf
from pipeline.configuration import load_configuration
from pipeline.console import noise_to_log
from pipeline.local_run import RunDirectory
from trainer.errors import UserError

LOG = "comparison.log"
"""Beside the page, where no run takes what is logged."""


def report_command(
    run_directory: Path, configuration_path: str | None, language: Language | None = None
) -> None:
    """Rebuilds the newest report of a run from its artifacts; no model is loaded.

    Args:
        run_directory: The `output_dir` of a configuration.
        configuration_path: Whose words, limits and study to take; None: those of the run.
        language: Of the page, whatever the settings say; None: theirs.

    Raises:
        UserError: The folder holds no finished run.
    """
    directory = _existing_run(run_directory)
    configuration = load_configuration(configuration_path) if configuration_path else None
    with noise_to_log(directory.new_log()):
        from pipeline.report_rebuild import rebuild_report

        rebuild_report(directory.metadata, directory.report, configuration, language)
    print_report(directory.report)


def print_report(directory: Path) -> None:
    """Says where a report is, and why it has no PDF if it has none."""
    reason = missing_pdf(directory)
    if reason is not None:
        click.echo(f"report: {reason}")
    click.echo(f"report: {directory / PAGE}")


def compare_command(first: Path, second: Path, output: Path, language: Language | None) -> None:
    """Puts the newest models of two runs side by side on one page.

    Args:
        first: The `output_dir` of the run called A, or a `report.json`.
        second: Of the run called B.
        output: Directory for the page and its numbers.
        language: Of the page; None: as A's settings say.

    Raises:
        UserError: A folder holds no finished run, a file is no report, or the models answer
            different questions.
    """
    by_file = first.is_file() or second.is_file()
    files = [_report_file(side) for side in (first, second)] if by_file else []
    runs = [] if by_file else [_existing_run(side) for side in (first, second)]
    with noise_to_log(output / LOG if by_file else runs[0].new_log()):
        from components.slice_report.comparison import PAGE as COMPARISON
        from components.slice_report.comparison import comparison_data, write_comparison
        from components.slice_report.report_comparison import compared_reports, read_report
        from pipeline.report_rebuild import newest_inputs, newest_predictions

        if by_file:
            data = compared_reports(*(read_report(file) for file in files))
        else:
            (input_a, input_b) = (newest_inputs(run.metadata) for run in runs)
            (of_a, of_b) = (newest_predictions(run.metadata) for run in runs)
            data = comparison_data(input_a, input_b, (of_a, of_b))
        if language is not None:
            data["settings"]["language"] = language
        write_comparison(output, data)
    click.echo(f"comparison: {output / COMPARISON}")


def _report_file(path: Path) -> Path:
    """Returns a report's numbers: a file is that itself, a run has one in its folder."""
    file = path if path.is_file() else _existing_run(path).report / DATA
    if not file.is_file():
        raise UserError(f"{path}: its run has no {DATA}. Make it by 'micle report {path}'.")
    return file


def _existing_run(path: Path) -> RunDirectory:
    directory = RunDirectory(path)
    if not directory.metadata.is_file():
        raise UserError(
            f"{path}: no run here ({directory.metadata.name} is missing). Give the "
            "output_dir of a configuration."
        )
    return directory
