"""`micle validate`."""

import click

from pipeline.configuration import load_configuration
from pipeline.validation.configuration_checks import validate
from pipeline.validation.findings import Validation


def validate_command(path: str) -> int:
    """Prints every finding, a line each, and a summary; returns 1 if a run would fail."""
    validation = validate(load_configuration(path))
    print_findings(validation)
    print_summary(validation)
    if validation.errors:
        return 1
    click.echo(f"{path}: ready to run.")
    return 0


def print_findings(validation: Validation) -> None:
    """Prints warnings, then errors."""
    for finding in sorted(validation.findings, key=lambda finding: finding.severity, reverse=True):
        click.echo(f"{finding.severity}: {finding.message}", err=True)


def print_summary(validation: Validation) -> None:
    """Prints a line per data set."""
    for name, summary in validation.summaries.items():
        splits = ", ".join(f"{split} {n}" for split, n in summary.cases_by_split.items())
        click.echo(
            f"{name}: {summary.images} images of {summary.cases} cases "
            f"of {summary.patients} patients ({splits})"
        )
