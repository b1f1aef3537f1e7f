"""One run of a configuration on this machine: places, lock, log, and the pipeline itself."""

import contextlib
import datetime
import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from components.case_example_gen.pseudonym import create_key
from components.model_registry.registry import ModelRegistry
from pipeline.configuration import Configuration
from pipeline.fingerprint import data_fingerprint
from trainer.errors import UserError

if TYPE_CHECKING:
    from tfx.dsl.components.base.base_node import BaseNode

    from pipeline.local_runner import Observer
    from pipeline.node_launch import NodeResult
    from pipeline.places import Places


@dataclass(frozen=True)
class RunDirectory:
    """The folder of a configuration's runs."""

    root: Path

    @property
    def artifacts(self) -> Path:
        """What the components write, a folder per node, output and execution."""
        return self.root / "artifacts"

    @property
    def metadata(self) -> Path:
        """TFX's record of every execution; what is cached is found through it."""
        return self.root / "metadata.sqlite"

    @property
    def checkpoints(self) -> Path:
        """Where a stopped training goes on from."""
        return self.root / "checkpoints"

    @property
    def report(self) -> Path:
        """The newest report."""
        return self.root / "report"

    @property
    def pseudonym_key(self) -> Path:
        """Secret behind the pseudonyms, unless the configuration names one."""
        return self.root / "pseudonym.key"

    def new_log(self) -> Path:
        """A log file named by the time."""
        now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
        return self.root / "logs" / f"run-{now}.log"

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the folder against a second run; a killed run lets go by itself.

        Raises:
            UserError: Another run holds it.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UserError(
                    f"{self.root}: another run is using this output_dir. Wait for it, or set "
                    "another output_dir."
                ) from error
            yield


def run_pipeline(
    configuration: Configuration, directory: RunDirectory, observer: "Observer"
) -> "dict[str, NodeResult]":
    """Runs every node that has no current result, and returns the results of all by id."""
    from pipeline.graph import build_nodes

    places = local_places(configuration, directory)
    return run_nodes(build_nodes(configuration, places), configuration, directory, observer)


def run_nodes(
    nodes: "list[BaseNode]",
    configuration: Configuration,
    directory: RunDirectory,
    observer: "Observer",
    workers: int = 1,
) -> "dict[str, NodeResult]":
    """Runs every one of the nodes that has no current result; returns the results of all by id.

    Args:
        nodes: Of the pipeline.
        configuration: Names it, and says how Beam runs.
        directory: Where its results are.
        observer: Hears of each node.
        workers: Nodes at a time, each in a process of its own; 1 = in this process.
    """
    from tfx import v1 as tfx

    from pipeline.beam_arguments import beam_arguments
    from pipeline.local_runner import ObservedLocalRunner
    from pipeline.parallel_runner import ParallelLocalRunner

    pipeline = tfx.dsl.Pipeline(
        pipeline_name=configuration.name,
        pipeline_root=str(directory.artifacts.absolute()),
        components=nodes,
        enable_cache=True,
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
            str(directory.metadata.absolute())
        ),
        beam_pipeline_args=beam_arguments(configuration.beam_args),
    )
    if workers > 1:
        return ParallelLocalRunner(observer, workers).run(pipeline)
    return ObservedLocalRunner(observer).run(pipeline)


def local_places(configuration: Configuration, directory: RunDirectory) -> "Places":
    """Returns the directories of a run here; makes the pseudonym key if there is none."""
    from pipeline.graph import training_digest
    from pipeline.places import Places

    data = configuration.data
    key = data.pseudonym_key_file
    if key is None:
        create_key(directory.pseudonym_key)
        key = str(directory.pseudonym_key.absolute())
    version = metadata.version("micle-tfx")
    fingerprints = {
        # A new version of the package must not take results of an old one for its own.
        name: f"{version}:{data_fingerprint(settings)}"
        for name, settings in (("natural", data.natural), ("medical", data.medical))
        if settings is not None
    }
    training = training_digest(configuration, fingerprints)
    registry = ModelRegistry.at(configuration.registry_location)
    return Places(
        checkpoint_root=str(directory.checkpoints.absolute()),
        serving=str(Path(configuration.serving_directory).absolute()),
        pseudonym_key_file=key,
        fingerprints=fingerprints,
        registry=registry.location,
        registry_state=registry.state().comparison_key(training),
    )
