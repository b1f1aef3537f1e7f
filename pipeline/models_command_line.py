"""`micle models`: the registry of models."""

import functools
import getpass
from collections.abc import Callable
from typing import Any

import click


@click.group()
def models() -> None:
    """List, compare, sign, promote and roll back the models of a registry.

    The registry is that of a configuration (-c), or in a folder or bucket (-r). MODEL is the
    beginning of a digest that 'micle models list' shows.
    """


def _with_registry(command: Callable[..., None]) -> Callable[..., None]:
    @click.option(
        "-c", "--configuration", type=click.Path(dir_okay=False), help="Whose registry to use."
    )
    @click.option("-r", "--registry", help="Folder or bucket (s3://, gs://, az://) to use.")
    @functools.wraps(command)
    def wrapped(configuration: str | None, registry: str | None, **options: Any) -> None:
        from pipeline.commands.models import places_of

        command(places_of(configuration, registry, options.pop("serving", None)), **options)

    return wrapped


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise click.UsageError("--name is missing, and there is no login name.") from error


_serving = click.option(
    "--serving", type=click.Path(file_okay=False), help="Folder served; needed with -r."
)
_by = click.option("--name", default=_login_name, help="Who does it; default: the login name.")


@models.command(name="list")
@_with_registry
def list_models(places: Any) -> None:
    """List all models with where they stand."""
    from pipeline.commands.models import list_command

    list_command(places)


@models.command()
@click.argument("model")
@_with_registry
def show(places: Any, model: str) -> None:
    """Show a MODEL: card, verdict, metrics by site, lineage, signatures."""
    from pipeline.commands.models import show_command

    show_command(places, model)


@models.command(name="log")
@_with_registry
def show_log(places: Any) -> None:
    """Show the log: who registered, signed, promoted and rolled back what, and why."""
    from pipeline.commands.models import log_command

    log_command(places)


@models.command()
@click.argument("first")
@click.argument("second")
@_with_registry
def diff(places: Any, first: str, second: str) -> None:
    """Show in what two models differ."""
    from pipeline.commands.models import diff_command

    diff_command(places, first, second)


@models.command()
@click.argument("model")
@click.option("--role", required=True, help="As in gate.sign_off.roles.")
@click.option("--name", required=True, help="Of the person who signs.")
@click.option("--refuse", is_flag=True, help="Refuse the model; needs --reason.")
@click.option("--reason", help="Why it is refused.")
@_with_registry
def sign(places: Any, model: str, role: str, name: str, refuse: bool, reason: str | None) -> None:
    """Sign a MODEL in a role, or refuse it."""
    from pipeline.commands.models import sign_command

    sign_command(places, model, role, name, refuse, reason)


@models.command()
@click.argument("model")
@_by
@_serving
@_with_registry
def promote(places: Any, model: str, name: str) -> None:
    """Make a MODEL the champion and serve it."""
    from pipeline.commands.models import promote_command

    promote_command(places, model, name)


@models.command()
@click.option("--reason", required=True, help="Why.")
@_by
@_serving
@_with_registry
def rollback(places: Any, name: str, reason: str) -> None:
    """Go back to the champion before the present one, and serve it."""
    from pipeline.commands.models import rollback_command

    rollback_command(places, name, reason)


@models.command()
@_with_registry
def verify(places: Any) -> None:
    """Check the log's chain, every record, and every model's files."""
    from pipeline.commands.models import verify_command

    verify_command(places)
