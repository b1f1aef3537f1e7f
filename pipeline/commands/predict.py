"""`micle predict`."""

from pathlib import Path

import click

from components.fine_tuner.model_card import read_model_card
from pipeline.console import RunConsole, noise_to_log
from pipeline.prediction import find_cases, read_cases, write_scores
from trainer.errors import UserError


def predict_command(model: Path, source: Path, output: Path, batch_size: int) -> None:
    """Scores every case and writes the CSV; images that cannot be used are named and left out.

    Raises:
        UserError: The model or the images are not there, or no image can be used.
    """
    card = read_model_card(str(model))
    cases = find_cases(source)
    left_out: list[str] = []
    log = output.with_name(f"{output.name}.log")
    with noise_to_log(log) as terminal, RunConsole(terminal) as console:
        console.node_started("predict", 1, 1)
        from components.case_predictor.scoring import CaseScorer, nameless_case, score_cases

        scored = score_cases(
            CaseScorer(str(model)),
            read_cases(cases, left_out),
            lambda read: nameless_case(list(read.images)),
            total=len(cases),
            batch_size=batch_size,
        )
        number = write_scores(output, card, scored)
    for line in left_out:
        click.echo(f"warning: {line}", err=True)
    if number == 0:
        raise UserError(f"{source}: none of the {len(cases)} cases could be scored.")
    click.echo(f"{output}: {number} of {len(cases)} cases scored. log: {log}")
