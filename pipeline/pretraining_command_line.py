"""`micle pretrain`: one pretraining step by itself, for instance on several machines."""

import sys

import click

from trainer.errors import UserError

MISTAKE = 2
"""Exit status of a user's mistake, which trying again does not mend; failures have 1."""


@click.command()
@click.argument("configuration", type=click.Path(dir_okay=False))
@click.option("--step", required=True, type=int, help="Its number in pretraining; the first is 1.")
@click.option("--examples", required=True, help="Folder of the records that the step trains on.")
@click.option("-o", "--output", required=True, help="Folder to write the encoder to.")
@click.option("--checkpoints", required=True, help="Folder that outlives the process.")
@click.option("--initial-encoder", help="Folder of the encoder to start from.")
def pretrain(
    configuration: str,
    step: int,
    examples: str,
    output: str,
    checkpoints: str,
    initial_encoder: str | None,
) -> None:
    """Do one pretraining step of CONFIGURATION on records that a pipeline has written.

    Started on several machines, with TF_CONFIG naming them all, it is one training; the first of
    them writes the encoder, which initial_encoder of a configuration then takes. Run it again to go
    on after a stop. See docs/workers.md.
    """
    from pipeline.commands.pretrain import pretrain_command

    try:
        pretrain_command(
            configuration,
            step=step,
            examples=examples,
            output=output,
            checkpoints=checkpoints,
            initial_encoder=initial_encoder,
        )
    except UserError as error:
        for line in str(error).splitlines():
            click.echo(f"error: {line}", err=True)
        sys.exit(MISTAKE)
