"""`micle join`."""

from collections.abc import Sequence
from pathlib import Path

import click

from components.case_example_gen.pseudonym import read_key
from components.dataset_readers.manifest_join import join_manifests


def join_command(manifests: Sequence[Path], output: Path, pseudonym_key_file: str | None) -> None:
    """Joins manifests into one.

    Raises:
        UserError: One of them is no manifest, or the key cannot be read.
    """
    key = read_key(pseudonym_key_file) if pseudonym_key_file else None
    count = join_manifests(manifests, output, key)
    click.echo(f"{output}: {count} images of {len(manifests)} manifests.")
