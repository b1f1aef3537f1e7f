"""`micle study`: several starts of the same network, side by side."""

import sys
from pathlib import Path

import click


@click.command()
@click.argument("study", type=click.Path(dir_okay=False))
@click.option("--report", is_flag=True, help="Only write the report of the arms that are finished.")
@click.option(
    "--compile",
    "package",
    type=click.Path(dir_okay=False),
    help="Only write the pipeline as this YAML, for Kubeflow Pipelines.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Steps at a time, each in a process with its share of the cores.",
)
def study(study: str, report: bool, package: str | None, workers: int) -> None:
    """Train and compare all starts of STUDY, a YAML file; run it again to go on after a stop.

    Each data set is read once and each encoder trained once. See docs/study.md.
    """
    from pipeline.commands import study as command

    if report and package is not None:
        raise click.UsageError("--report and --compile exclude each other. Give one of them.")
    if report:
        command.study_report_command(study)
    elif package is not None:
        sys.exit(command.compile_study_command(study, Path(package)))
    else:
        sys.exit(command.study_command(study, workers))
