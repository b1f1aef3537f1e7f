"""What is asked of a Kubeflow Pipelines server, and what is there afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Order:
    """What is to run, besides the package.

    Attributes:
        experiment: Name of the group of runs.
        name: Of the run or recurring run.
        parameters: Values of runtime parameters.
        pipeline_root: URI under which artifacts are written.
        service_account: Kubernetes service account of the steps.
        cron: Schedule in six fields, seconds first; None: run now, once.
        replace: Whether an earlier recurring run of the name gives way.
    """

    experiment: str
    name: str
    parameters: Mapping[str, Any]
    pipeline_root: str
    service_account: str
    cron: str | None = None
    replace: bool = False


@dataclass(frozen=True)
class Submission:
    """What is on the server now.

    Attributes:
        pipeline_id: Of the pipeline.
        version_id: Of its version.
        version_is_new: Whether the content had to be uploaded.
        experiment_id: Of the experiment.
        run_id: Of the run; None for a recurring one.
        recurring_run_id: Of the recurring run; None for a run.
    """

    pipeline_id: str
    version_id: str
    version_is_new: bool
    experiment_id: str
    run_id: str | None = None
    recurring_run_id: str | None = None
