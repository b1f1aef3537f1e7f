"""The `micle` command. TensorFlow and TFX load only in the commands that use them."""

import sys
from pathlib import Path
from typing import Literal

import click

from pipeline.data_command_line import datasets, inspect, join, manifest
from pipeline.models_command_line import models
from pipeline.pretraining_command_line import pretrain
from pipeline.study_command_line import study
from pipeline.submission_command_line import status, submit
from trainer.errors import UserError


class _OneLineErrors(click.Group):
    """Shows a user's mistake as its line or lines, without a traceback."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except UserError as error:
            for line in str(error).splitlines():
                click.echo(f"error: {line}", err=True)
            sys.exit(1)


@click.group(cls=_OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="micle-tfx")
def main() -> None:
    """Self-supervised pretraining and site-wise evaluation for medical images."""


main.add_command(datasets)
main.add_command(inspect)
main.add_command(join)
main.add_command(manifest)
main.add_command(models)
main.add_command(submit)
main.add_command(status)
main.add_command(pretrain)
main.add_command(study)


@main.command()
@click.argument("configuration", type=click.Path(dir_okay=False))
def validate(configuration: str) -> None:
    """Check CONFIGURATION and all it refers to, in seconds; nothing is trained."""
    from pipeline.commands.validate import validate_command

    sys.exit(validate_command(configuration))


@main.command()
@click.argument("configuration", type=click.Path(dir_okay=False))
def run(configuration: str) -> None:
    """Run the pipeline of CONFIGURATION on this machine; run it again to go on after a stop."""
    from pipeline.commands.run import run_command

    sys.exit(run_command(configuration))


@main.command()
@click.argument("run_directory", type=click.Path(file_okay=False), required=False)
@click.option(
    "--configuration",
    type=click.Path(dir_okay=False),
    help="Take its report section and its study.",
)
@click.option("--lang", type=click.Choice(("en", "zh")), help="Language of the page.")
@click.option(
    "--compare",
    nargs=2,
    type=click.Path(),
    metavar="A B",
    help="Put the models of two runs (or of two report.json) side by side instead.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    default="comparison",
    show_default=True,
    help="Folder for the page of --compare.",
)
def report(
    run_directory: str | None,
    configuration: str | None,
    lang: Literal["en", "zh"] | None,
    compare: tuple[str, str] | None,
    output: str,
) -> None:
    """Rebuild the report of RUN_DIRECTORY from its artifacts, or compare two runs."""
    from pipeline.commands.report import compare_command, report_command

    if (run_directory is None) == (compare is None):
        raise click.UsageError("give either RUN_DIRECTORY or --compare A B")
    if compare is not None:
        compare_command(Path(compare[0]), Path(compare[1]), Path(output), lang)
    elif run_directory is not None:
        report_command(Path(run_directory), configuration, lang)


@main.command()
@click.argument("model", type=click.Path(file_okay=False))
@click.argument("images", type=click.Path())
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False), help="CSV to write."
)
@click.option("--batch-size", default=32, show_default=True, help="Cases scored at a time.")
def predict(model: str, images: str, output: str, batch_size: int) -> None:
    """Score IMAGES with a promoted MODEL: a CSV with a row of probabilities per case.

    IMAGES is a manifest CSV, or a folder in which each sub-folder is a case and each loose image
    is a case of its own.
    """
    from pipeline.commands.predict import predict_command

    predict_command(Path(model), Path(images), Path(output), batch_size)


@main.command()
@click.argument("configuration", type=click.Path(dir_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), help="YAML.")
def compile(configuration: str, output: str) -> None:
    """Compile the pipeline of CONFIGURATION for Kubeflow Pipelines."""
    from pipeline.commands.compile import compile_command

    compile_command(configuration, Path(output))


@main.command("import-encoder")
@click.argument("source")
@click.option(
    "--layout",
    required=True,
    type=click.Choice(["simclr", "remedis", "bit", "keras"]),
    help="Whose code wrote SOURCE.",
)
@click.option(
    "--architecture", required=True, help="As in a configuration's encoder: resnet50, ..."
)
@click.option("--width", default=1.0, show_default=True, help="Width multiplier: 1, 2, 4.")
@click.option(
    "--image-size", default=224, show_default=True, help="Side of its training's images, pixels."
)
@click.option("--trained-on", help="A name of its training's data for reports.")
@click.option(
    "-o", "--output", required=True, type=click.Path(file_okay=False), help="Folder to write."
)
def import_encoder(
    source: str,
    layout: str,
    architecture: str,
    width: float,
    image_size: int,
    trained_on: str | None,
    output: str,
) -> None:
    """Turn published weights into an encoder folder, which initial_encoder takes.

    SOURCE is a TensorFlow checkpoint, a SavedModel's folder, or an .npz, .h5 or .keras file; for
    the layout keras also 'imagenet', which Keras downloads. See docs/encoders.md.
    """
    from pipeline.commands.import_encoder import import_encoder_command

    import_encoder_command(
        source,
        layout=layout,
        architecture=architecture,
        width=width,
        image_size=image_size,
        trained_on=trained_on,
        output=output,
    )


@main.command()
@click.argument("configuration", type=click.Path(dir_okay=False))
@click.option(
    "-o",
    "--output",
    default="augmentations.png",
    show_default=True,
    type=click.Path(dir_okay=False),
    help="PNG to write.",
)
@click.option(
    "--stage",
    "stages",
    multiple=True,
    help="Only pretraining.1, pretraining.2, ..., or fine_tuning; may be repeated.",
)
@click.option(
    "--views", default=6, show_default=True, type=click.IntRange(1, 20), help="Of each image."
)
@click.option(
    "--cases", default=3, show_default=True, type=click.IntRange(1, 50), help="In each stage."
)
def augmentations(
    configuration: str, output: str, stages: tuple[str, ...], views: int, cases: int
) -> None:
    """Draw a contact sheet: images of CONFIGURATION and the views that each training makes."""
    from pipeline.commands.augmentations import augmentations_command

    augmentations_command(configuration, Path(output), stages, views, cases)
