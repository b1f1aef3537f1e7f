"""`micle report`."""

from pathlib import Path

import click

from components.slice_report.message_catalogue import Language
from components.slice_report.report_files import PAGE, missing_pdf
from pipeline.configuration import load_configuration
from pipeline.console import noise_to_log
from pipeline.local_run import RunDirectory
from trainer.errors import UserError


def report_command(
    run_directory: Path, configuration_path: str | None, language: Language | None = None
) -> None:
    """Rebuilds the newest report of a run from its artifacts; no model is loaded.

    Args:
        run_directory: The `output_dir` of a configuration.
        configuration_path: Whose words and limits to take; None: those of the run.
        language: Of the page, whatever the settings say; None: theirs.

    Raises:
        UserError: The folder holds no finished run.
    """
    directory = RunDirectory(run_directory)
    if not directory.metadata.is_file():
        raise UserError(
            f"{run_directory}: no run here ({directory.metadata.name} is missing). Give the "
            "output_dir of a configuration."
        )
    settings = None
    if configuration_path is not None:
        settings = load_configuration(configuration_path).report_settings
    with noise_to_log(directory.new_log()):
        from pipeline.report_rebuild import rebuild_report

        rebuild_report(directory.metadata, directory.report, settings, language)
    print_report(directory.report)


def print_report(directory: Path) -> None:
    """Says where a report is, and why it has no PDF if it has none."""
    reason = missing_pdf(directory)
    if reason is not None:
        click.echo(f"report: {reason}")
    click.echo(f"report: {directory / PAGE}")
