"""`micle inspect`."""

from pathlib import Path
from typing import Any

import click

from components.dataset_readers.manifest_file import replaced
from components.slice_report.drift import feature_name, value_name
from components.slice_report.message_catalogue import ENGLISH
from pipeline.configuration import load_configuration
from pipeline.console import noise_to_log
from pipeline.inspection.inspection_data import inspection_data
from pipeline.inspection.manifest_drift import training_sites_of_run
from pipeline.inspection.page import render_inspection
from trainer.errors import UserError


def inspect_command(
    configuration_path: str,
    output: Path,
    data_set: str,
    images_per_site: int,
    thumbnails: int,
    against: Path | None = None,
) -> None:
    """Writes the page of a configuration's data set.

    Raises:
        UserError: The configuration has no such data set, its manifest cannot be read, the run
            to compare with has no statistics, or the page cannot be written.
    """
    if against is not None and data_set != "medical":
        raise UserError("--against compares medical images: leave out --data.")
    configuration = load_configuration(configuration_path)
    data = getattr(configuration.data, data_set)
    if data is None:
        raise UserError(f"{configuration_path}: data.{data_set}: is missing.")
    training = None
    if against is not None:
        with noise_to_log(output.with_suffix(".log")):
            training = training_sites_of_run(against)
    content = inspection_data(
        data,
        images_per_site=images_per_site,
        thumbnails_per_site=thumbnails,
        training=training,
    )
    title = f"{configuration.name}: {data_set} images"
    page = render_inspection(content, title, against="" if against is None else str(against))
    with replaced(output) as file:
        file.write(page)
    for row in content["drift"]:
        click.echo(drift_line(row))
    click.echo(f"{output}: written.")
    if thumbnails:
        click.echo("It holds images of patients: keep it as you keep the images.")


def drift_line(row: dict[str, Any]) -> str:
    """Returns the three features of a site that differ most from the training sites."""
    found = [
        f"{feature_name(feature['feature'], ENGLISH)}"
        + (f" ({value_name(feature, ENGLISH)})" if feature["value"] else "")
        + f" {feature['distance']:.2f}"
        for feature in row["features"][:3]
    ]
    return f"{row['site']}, {row['cases']:,} cases, distance to training: {', '.join(found)}"
