"""`micle datasets`."""

import click

from components.dataset_readers.catalogue import READERS, reader_named
from components.dataset_readers.reader import DatasetReader


def datasets_command(name: str | None) -> None:
    """Prints a line per reader, or all that one of them says of itself.

    Raises:
        UserError: No reader has the name.
    """
    if name is None:
        width = max(len(reader.card.name) for reader in READERS)
        for reader in READERS:
            card = reader.card
            click.echo(f"{card.name:<{width}}  {card.task:<11}  {card.title}")
        click.echo("\n'micle datasets NAME' tells more, 'micle manifest NAME DIR -o CSV' reads it.")
        return
    for field, text in _facts(reader_named(name)):
        click.echo(f"{field:<15} {text}")


def _facts(reader: DatasetReader) -> list[tuple[str, str]]:
    card = reader.card
    facts = [
        ("name", card.name),
        ("what", card.title),
        ("task", card.task),
        ("case", card.case),
        ("patient", card.patient),
        ("site", card.site),
        ("view", card.view),
        ("findings", ", ".join(reader.findings)),
        ("uncertain", card.uncertain and f"{card.uncertain} (--uncertain)"),
        ("unmentioned", "blank in the table (--unmentioned)" if card.unmentioned else ""),
        ("official split", card.official_split),
        ("licence", card.licence),
        ("where to get it", card.where),
    ]
    return [(field, text) for field, text in facts if text]
