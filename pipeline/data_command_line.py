"""`micle datasets`, `manifest` and `join`: from collections on disk to a manifest."""

from pathlib import Path

import click

_POLICIES = click.Choice(["ignore", "zeros", "ones"])
_PSEUDONYM_KEY_FILE = click.option(
    "--pseudonym-key-file",
    metavar="FILE",
    help="Write keyed hashes for patients and cases, under this key.",
)


@click.command()
@click.argument("name", required=False)
def datasets(name: str | None) -> None:
    """List the collections that 'micle manifest' reads, or tell all about NAME."""
    from pipeline.commands.datasets import datasets_command

    datasets_command(name)


@click.command()
@click.argument("name")
@click.argument("source", type=click.Path(file_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), help="CSV.")
@click.option("--uncertain", type=_POLICIES, help="Take hedged findings so.  [default: ignore]")
@click.option(
    "--uncertain-finding",
    "exceptions",
    multiple=True,
    metavar="FINDING=POLICY",
    help="Another policy for one finding; may be repeated.",
)
@click.option(
    "--unmentioned",
    type=click.Choice(["ignore", "zeros"]),
    help="Take findings of which a report says nothing so.  [default: zeros]",
)
@click.option(
    "--class",
    "classes",
    multiple=True,
    help="Keep this class and join all others into 'Other'; may be repeated.",
)
@click.option("--official-split", is_flag=True, help="Give the published split, where one is.")
@click.option(
    "--images",
    type=click.Path(file_okay=False),
    help="Folder for the images of a reader that writes them.  [default: beside the CSV]",
)
@click.option(
    "--max-bad-fraction",
    type=click.FloatRange(0, 1, max_open=True),
    help="Share of files that such a reader may leave out.  [default: 0.01]",
)
@click.option(
    "--processes", type=click.IntRange(1), help="That decode for it.  [default: one per core]"
)
@_PSEUDONYM_KEY_FILE
def manifest(
    name: str,
    source: str,
    output: str,
    uncertain: str | None,
    exceptions: tuple[str, ...],
    unmentioned: str | None,
    classes: tuple[str, ...],
    official_split: bool,
    images: str | None,
    max_bad_fraction: float | None,
    processes: int | None,
    pseudonym_key_file: str | None,
) -> None:
    """Write the manifest CSV of the collection NAME, which lies in SOURCE as published.

    'micle datasets' lists the names; docs/datasets.md has more.
    """
    from pipeline.commands.manifest import manifest_command

    manifest_command(
        name,
        Path(source),
        Path(output),
        uncertain=uncertain,
        exceptions=exceptions,
        unmentioned=unmentioned,
        classes=classes,
        official_split=official_split,
        images=images,
        max_bad_fraction=max_bad_fraction,
        processes=processes,
        pseudonym_key_file=pseudonym_key_file,
    )


@click.command()
@click.argument("manifests", nargs=-1, required=True, type=click.Path(dir_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), help="CSV.")
@_PSEUDONYM_KEY_FILE
def join(manifests: tuple[str, ...], output: str, pseudonym_key_file: str | None) -> None:
    """Join MANIFESTS of several collections into one, with all their sites."""
    from pipeline.commands.join import join_command

    join_command([Path(manifest) for manifest in manifests], Path(output), pseudonym_key_file)


@click.command()
@click.argument("configuration", type=click.Path(dir_okay=False))
@click.option(
    "-o",
    "--output",
    default="inspection.html",
    show_default=True,
    type=click.Path(dir_okay=False),
    help="Page to write.",
)
@click.option(
    "--data",
    "data_set",
    default="medical",
    show_default=True,
    type=click.Choice(["medical", "natural"]),
    help="Which data set.",
)
@click.option(
    "--images",
    "images_per_site",
    default=300,
    show_default=True,
    type=click.IntRange(1),
    help="Decoded of each site, for grey values, sizes and defects.",
)
@click.option(
    "--thumbnails",
    default=8,
    show_default=True,
    type=click.IntRange(0, 50),
    help="Shown of each site; 0 for a page without images of patients.",
)
@click.option(
    "--against",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="RUN",
    help="Compare each site with what this run was trained on (its output_dir).",
)
def inspect(
    configuration: str,
    output: str,
    data_set: str,
    images_per_site: int,
    thumbnails: int,
    against: Path | None,
) -> None:
    """Write a page on the data of CONFIGURATION, site by site; nothing is trained."""
    from pipeline.commands.inspect import inspect_command

    inspect_command(configuration, Path(output), data_set, images_per_site, thumbnails, against)
