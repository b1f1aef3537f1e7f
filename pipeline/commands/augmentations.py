"""`micle augmentations`."""

from pathlib import Path

import click

from pipeline.augmentation_stages import draw_stages
from pipeline.configuration import load_configuration
from pipeline.contact_sheet import draw_contact_sheet
from pipeline.generated_data import generate_data


def augmentations_command(
    configuration_path: str, output: Path, stages: tuple[str, ...], views: int, cases: int
) -> None:
    """Writes the contact sheet and says where it is.

    Raises:
        UserError: The configuration, a stage's name or the data are not fit.
    """
    configuration = load_configuration(configuration_path)
    generate_data(configuration)
    drawn = list(draw_stages(configuration, stages, cases=cases, views=views))
    output.parent.mkdir(parents=True, exist_ok=True)
    draw_contact_sheet(drawn, output)
    click.echo(
        f"{output}: {sum(len(stage.rows) for stage in drawn)} images with {views} views each."
    )
    click.echo("These are images of the data: keep the sheet as private as they are.")
