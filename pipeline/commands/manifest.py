"""`micle manifest`."""

from pathlib import Path

import click

from pipeline.manifest_sources import ham10000_manifest, image_folder_manifest, write_manifest

_LAYOUTS = {"ham10000": ham10000_manifest, "image-folder": image_folder_manifest}


def manifest_command(layout: str, source: Path, output: Path) -> None:
    """Writes the manifest of a published layout.

    Raises:
        UserError: The source does not have that layout.
    """
    write_manifest(_LAYOUTS[layout](source), output)
    click.echo(f"{output}: written. Name it in data.*.manifest, then run 'micle validate'.")
