"""`micle run`."""

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

from components.case_predictor.predictions import read_card
from components.fine_tuner.model_card import model_digest
from components.model_registry.registry import SHORT, ModelRegistry
from components.model_registry.serving_directory import newest_version
from components.promotion_gate.verdict import Verdict, read_verdict
from pipeline.commands.report import print_report
from pipeline.commands.validate import print_findings, print_summary
from pipeline.configuration import Configuration, load_configuration
from pipeline.console import RunConsole, noise_to_log
from pipeline.generated_data import generate_data
from pipeline.local_run import RunDirectory, run_pipeline
from pipeline.validation.configuration_checks import validate
from trainer.errors import UserError, is_disk_full, users_mistake

if TYPE_CHECKING:
    from pipeline.node_launch import NodeResult

STOPPED = 130
"""Exit status after Ctrl-C, as shells have it."""


def run_command(path: str) -> int:
    """Validates, runs, and says where the report is; returns the exit status.

    Raises:
        UserError: The data are not fit, or a step met a user's mistake.
    """
    configuration = load_configuration(path)
    directory = RunDirectory(Path(configuration.output_dir))
    signal.signal(signal.SIGTERM, interrupt)
    try:
        with directory.lock():
            return _run(configuration, directory)
    except KeyboardInterrupt:
        stop(f"micle run {path}")


def _run(configuration: Configuration, directory: RunDirectory) -> int:
    generate_data(configuration)
    validation = validate(configuration)
    print_findings(validation)
    if validation.errors:
        return 1
    print_summary(validation)
    log = directory.new_log()
    click.echo(f"log: {log}")
    start = time.monotonic()
    try:
        with noise_to_log(log) as terminal, RunConsole(terminal) as console:
            results = run_pipeline(configuration, directory, console)
    except Exception as error:
        raise UserError(explain(error, log)) from error
    _copy_report(results, directory)
    _print_outcome(results, directory, configuration, time.monotonic() - start)
    return 0


def explain(error: Exception, log: Path) -> str:
    """Returns one line for an error of a step: the user's mistake, or where to read on."""
    mistake = users_mistake(error)
    if mistake is not None:
        return str(mistake)
    if is_disk_full(error):
        return (
            f"the disk is full ({log.parent.parent}). Free some, or set output_dir to another "
            "disk; the same command goes on from the last finished step."
        )
    first_line = (str(error).splitlines() or [""])[0][:200]
    return f"a step failed: {type(error).__name__}: {first_line}. The whole story: {log}"


def _copy_report(results: "dict[str, NodeResult]", directory: RunDirectory) -> None:
    source = results["slice-report"].output_uris["report"]
    shutil.rmtree(directory.report, ignore_errors=True)
    shutil.copytree(source, directory.report)


def _print_outcome(
    results: "dict[str, NodeResult]",
    directory: RunDirectory,
    configuration: Configuration,
    seconds: float,
) -> None:
    verdict = read_verdict(results["promotion-gate"].output_uris["verdict"])
    model = read_card(results["predict-candidate"].output_uris["predictions"]).model_digest
    done = sum(not result.cached for result in results.values())
    click.echo(f"{done} of {len(results)} steps run in {seconds:.0f} s.")
    for name, result in results.items():
        if name.startswith("pairs-"):
            click.echo(pairs_line(result.output_uris["statistics"]))
    for line in verdict_lines(verdict):
        click.echo(line)
    registry = ModelRegistry.at(configuration.registry_location)
    for line in registry_lines(registry, model, Path(configuration.serving_directory)):
        click.echo(line)
    print_report(directory.report)


def pairs_line(directory: str) -> str:
    """How many training cases (or patients) had two images to pair, by `pair_statistics.json`."""
    # They load Beam and TensorFlow, which a run has loaded by now.
    from components.pair_builder.statistics import read_pair_statistics
    from components.slice_report.pairs import pair_table

    table = pair_table(read_pair_statistics(directory))
    several, groups, pairs = (
        sum(row[name] for row in table["sites"])
        for name in ("several_image_groups", "groups", "different_image")
    )
    return (
        f"pairs: {several:,} of {groups:,} training {table['pair_scope']}s have several images; "
        f"{pairs:,} pairs of two images in {table['rounds']} rounds."
    )


def verdict_lines(verdict: Verdict) -> list[str]:
    """The verdict and, where it is a refusal, each rule that failed."""
    if verdict.passed:
        unjudged = sum(rule.measured is None for rule in verdict.rules)
        besides = f", {unjudged} not judged" if unjudged else ""
        return [f"gate: passed, {len(verdict.rules) - unjudged} rules met{besides}."]
    failed = [rule for rule in verdict.rules if not rule.passed]
    return [
        f"gate: refused, {len(failed)} of {len(verdict.rules)} rules not met; "
        "the model is not promoted.",
        *(f"  - {rule.reason}" for rule in failed),
    ]


def registry_lines(registry: ModelRegistry, model: str, serving: Path) -> list[str]:
    """Where the candidate stands in the registry and, if it is champion, where it is served."""
    state = registry.state()
    if model not in state.models:
        return [
            f"registry: {registry.location} was emptied since this model was recorded there. "
            "Restore it, or use another output_dir to record the model anew."
        ]
    lines = [f"registry: {model[:SHORT]}: {state.status(model)}."]
    newest = newest_version(serving)
    if model != state.champion:
        return lines
    if newest is not None and model_digest(str(newest)) == model:
        lines.append(f"model:  {newest}")
    else:
        lines.append(
            f"model:  {serving} serves another one. "
            f"'micle models promote {model[:SHORT]}' serves it."
        )
    return lines


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Handles SIGTERM as Ctrl-C."""
    raise KeyboardInterrupt


def stop(command: str) -> NoReturn:
    """Ends the process at once after Ctrl-C or SIGTERM; says which command goes on."""
    click.echo(f"\nStopped. '{command}' goes on from here.", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    # Beam's worker threads would keep the interpreter waiting for a step nobody wants any more.
    os._exit(STOPPED)
