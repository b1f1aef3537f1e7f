"""`micle study`."""

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cluster_view import data_sets, is_here
from pipeline.commands.run import explain, interrupt, stop
from pipeline.commands.validate import print_findings, print_summary
from pipeline.console import noise_to_log
from pipeline.generated_data import generate_data
from pipeline.local_run import RunDirectory, local_places, run_nodes
from pipeline.study.arms import arms_of, encoders_of
from pipeline.study.checks import validate_study, validate_study_data
from pipeline.study.encoder_links import link_encoders
from pipeline.study.finished import FinishedNodes
from pipeline.study.origins import origins_of
from pipeline.study.progress import StudyConsole
from pipeline.study.settings import Study, load_study
from pipeline.study.training_work import training_work
from trainer.errors import UserError

if TYPE_CHECKING:
    from pipeline.study.report_of_run import ReportedArms

REPORT_FOLDER = "study"
ENCODER_FOLDER = "encoders"


def study_command(path: str, workers: int) -> int:
    """Validates, runs every arm, and writes the report; returns the exit status.

    Args:
        path: Of the study.
        workers: Steps at a time, each in a process of its own; 1 = in this process.

    Raises:
        UserError: The study or its data are not fit, or a step met a user's mistake.
    """
    study = load_study(path)
    directory = RunDirectory(Path(study.output_dir))
    signal.signal(signal.SIGTERM, interrupt)
    try:
        with directory.lock():
            return _run(study, path, directory, workers)
    except KeyboardInterrupt:
        stop(f"micle study {path}")


def study_report_command(path: str) -> None:
    """Writes the report of the arms that are finished; nothing is trained.

    Raises:
        UserError: No arm is finished, or all were made with other settings or data.
    """
    study = load_study(path)
    directory = RunDirectory(Path(study.output_dir))
    with noise_to_log(directory.new_log()):
        finished = FinishedNodes(directory.root, origins_of(study))
        arms = _write_report(study, directory, finished)
    _print_report(study, directory, arms)


def compile_study_command(path: str, output: Path) -> int:
    """Writes the study's pipeline as one YAML for Kubeflow Pipelines; returns the exit status.

    The data are checked as far as they are here too.

    Raises:
        UserError: The base lacks its `cluster` section, or a manifest cannot be read at all.
    """
    study = load_study(path)
    if not _data_are_sound(study, path):
        return 1
    with noise_to_log(output.with_suffix(".log")):
        from pipeline.study.compiler import STEPS_OF_A_RUN, compile_study

        steps = compile_study(study, output)
    click.echo(f"{output}: compiled.")
    if steps > STEPS_OF_A_RUN:
        click.echo(
            f"warning: {steps} steps in one run. Kubeflow keeps a run as one object, of 1.5 MiB at "
            f"most unless the cluster's limit was raised, and {STEPS_OF_A_RUN} steps can fill it. "
            "Compile it in parts (docs/study.md, 'On a cluster').",
            err=True,
        )
    return 0


def _data_are_sound(study: Study, path: str) -> bool:
    """Prints what is wrong with the data, or that they are not here to be checked."""
    if all(is_here(data) for data in data_sets(study.base).values()):
        validation = validate_study_data(study, path)
        # Of a set that is elsewhere the manifest alone may be here.
        if all(summary.images for summary in validation.summaries.values()):
            print_findings(validation)
            return not validation.errors
    click.echo(f"{path}: the data were not checked, because they are not all here.", err=True)
    return True


def _run(study: Study, path: str, directory: RunDirectory, workers: int) -> int:
    generate_data(study.base)
    validation = validate_study(study, path)
    print_findings(validation)
    if validation.errors:
        return 1
    print_summary(validation)
    trained = [encoder for encoder in encoders_of(study) if not encoder.is_ready]
    click.echo(
        f"{len(trained)} pretrainings, {len(arms_of(study))} arms: "
        f"{len(study.initialisations)} starts x {len(study.label_fractions)} label fractions "
        f"x {len(study.seeds)} seeds x {len(study.trainable)} kinds of fine-tuning"
    )
    log = directory.new_log()
    click.echo(f"log: {log}")
    start = time.monotonic()
    try:
        with noise_to_log(log) as terminal:
            from pipeline.study.graph import build_study_nodes

            finished = FinishedNodes(directory.root, origins_of(study))
            nodes = build_study_nodes(study, local_places(study.base, directory))
            ids = [node.id for node in nodes]
            work = training_work(study, validation.summaries)
            with StudyConsole(terminal, ids, finished, workers, work) as console:
                results = run_nodes(nodes, study.base, directory, console, workers)
            link_encoders(study, finished, directory.root / ENCODER_FOLDER)
            arms = _write_report(study, directory, finished)
    except Exception as error:
        raise UserError(explain(error, log)) from error
    done = sum(not result.cached for result in results.values())
    click.echo(f"{done} of {len(results)} steps run in {time.monotonic() - start:.0f} s.")
    _print_report(study, directory, arms)
    return 0


def _write_report(study: Study, directory: RunDirectory, finished: FinishedNodes) -> "ReportedArms":
    from pipeline.study.report_of_run import write_study_report

    return write_study_report(study, finished, directory.root / REPORT_FOLDER)


def _print_report(study: Study, directory: RunDirectory, arms: "ReportedArms") -> None:
    total = len(arms_of(study))
    if arms.reported < total:
        click.echo(f"{arms.reported} of {total} arms are finished; the report is of these.")
    if arms.outdated:
        click.echo(f"Left out, finished before the study or its data changed: {arms.outdated}.")
    click.echo(f"report: {directory.root / REPORT_FOLDER / 'study.html'}")
