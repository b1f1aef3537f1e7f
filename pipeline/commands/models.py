"""`micle models ...`."""

from dataclasses import dataclass
from pathlib import Path

import click

from components.model_registry.registry import SHORT, ModelRegistry
from pipeline.configuration import load_configuration
from pipeline.model_listing import difference_lines, list_lines, log_lines, show_lines
from trainer.errors import UserError


@dataclass(frozen=True)
class RegistryPlaces:
    """A registry, and the folder its champion is served from if that is known."""

    registry: ModelRegistry
    serving: Path | None

    def require_serving(self) -> Path:
        """Returns the serving folder.

        Raises:
            UserError: It is not known.
        """
        if self.serving is None:
            raise UserError("--serving: is missing. Give the folder that is served, or use -c.")
        return self.serving


def places_of(
    configuration: str | None, registry: str | None, serving: str | None
) -> RegistryPlaces:
    """Returns the registry of a configuration, or in a folder or bucket.

    Raises:
        UserError: Neither or both are given, or there is no registry.
    """
    if (configuration is None) == (registry is None):
        raise UserError("Give the registry: -c CONFIGURATION or -r FOLDER_OR_BUCKET (one of them).")
    if configuration is not None:
        loaded = load_configuration(configuration)
        location, served = loaded.registry_location, Path(serving or loaded.serving_directory)
        places = RegistryPlaces(ModelRegistry.at(location), served)
    else:
        folder = None if serving is None else Path(serving)
        places = RegistryPlaces(ModelRegistry.at(registry or ""), folder)
    places.registry.require_log()
    if not places.registry.exists():
        raise UserError(
            f"{places.registry.location}: no registry here. 'micle run' makes one when it judges "
            "its first model."
        )
    return places


def list_command(places: RegistryPlaces) -> None:
    """Prints a line per model, the newest last."""
    for line in list_lines(places.registry):
        click.echo(line)


def show_command(places: RegistryPlaces, name: str) -> None:
    """Prints what is known about a model."""
    for line in show_lines(places.registry, places.registry.find(name)):
        click.echo(line)


def log_command(places: RegistryPlaces) -> None:
    """Prints what was done, a line each, the newest last."""
    for line in log_lines(places.registry):
        click.echo(line)


def diff_command(places: RegistryPlaces, first: str, second: str) -> None:
    """Prints in what two models differ."""
    registry = places.registry
    for line in difference_lines(
        registry.record(registry.find(first)), registry.record(registry.find(second))
    ):
        click.echo(line)


def sign_command(
    places: RegistryPlaces, name: str, role: str, person: str, refuse: bool, reason: str | None
) -> None:
    """Records a signature and says what the model waits for now.

    Raises:
        UserError: A refusal without a reason, or the model cannot be signed.
    """
    if refuse != (reason is not None):
        raise UserError("--refuse and --reason go together.")
    registry = places.registry
    model = registry.find(name)
    registry.sign(model, role, person, reason)
    done = "refused" if refuse else "signed"
    click.echo(f"{model[:SHORT]}: {done} by {person} ({role}): {registry.state().status(model)}.")


def promote_command(places: RegistryPlaces, name: str, by: str) -> None:
    """Makes a model the champion and serves it."""
    serving = places.require_serving()
    model = places.registry.find(name)
    places.registry.promote(model, by)
    click.echo(f"{model[:SHORT]}: champion. model: {places.registry.publish_champion(serving)}")


def rollback_command(places: RegistryPlaces, by: str, reason: str) -> None:
    """Goes back to the champion before and serves it."""
    serving = places.require_serving()
    model = places.registry.rollback(by, reason)
    version = places.registry.publish_champion(serving)
    click.echo(f"{model[:SHORT]}: champion again. model: {version}")


def verify_command(places: RegistryPlaces) -> None:
    """Checks the whole registry."""
    entries, last = places.registry.verify()
    click.echo(f"{places.registry.location}: {entries} entries, unbroken. Last hash: {last}")
