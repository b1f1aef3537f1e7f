"""Data that a configuration asks to be drawn before it is used."""

from pathlib import Path

from pipeline.configuration import Configuration


def generate_data(configuration: Configuration) -> None:
    """Writes the embedded default data where the manifests are; nothing where they are ready.

    Raises:
        UserError: The place holds something else.
    """
    size = configuration.data.generate
    if size is None:
        return
    from pipeline.demo_data.write import write_demo_data

    write_demo_data(Path(configuration.data.medical.manifest).parent.parent, size=size)
