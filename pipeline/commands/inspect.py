"""`micle inspect`."""

from pathlib import Path

import click

from pipeline.configuration import load_configuration
from pipeline.inspection.inspection_data import inspection_data
from pipeline.inspection.page import render_inspection
from trainer.errors import UserError


def inspect_command(
    configuration_path: str, output: Path, data_set: str, images_per_site: int, thumbnails: int
) -> None:
    """Writes the page of a configuration's data set.

    Raises:
        UserError: The configuration has no such data set, or its manifest cannot be read.
    """
    configuration = load_configuration(configuration_path)
    data = getattr(configuration.data, data_set)
    if data is None:
        raise UserError(f"{configuration_path}: data.{data_set}: is missing.")
    content = inspection_data(data, images_per_site=images_per_site, thumbnails_per_site=thumbnails)
    page = render_inspection(content, f"{configuration.name}: {data_set} images")
    output.write_text(page, encoding="utf-8")
    click.echo(f"{output}: written.")
    if thumbnails:
        click.echo("It holds images of patients: keep it as you keep the images.")
