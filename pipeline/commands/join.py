"""`micle join`."""

from collections.abc import Sequence
from pathlib import Path

import click

from components.dataset_readers.manifest_join import join_manifests


def join_command(manifests: Sequence[Path], output: Path) -> None:
    """Joins manifests into one.

    Raises:
        UserError: One of them is no manifest.
    """
    count = join_manifests(manifests, output)
    click.echo(f"{output}: {count} images of {len(manifests)} manifests.")
