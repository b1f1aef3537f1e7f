"""The one configuration object, validated from one YAML file."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from components.case_example_gen.settings import DataSettings
from components.leakage_check.settings import LeakageSettings
from components.model_checker.settings import ModelCheckSettings
from components.model_registry.storage import is_bucket, location_misfit
from components.pair_builder.settings import PairSettings
from components.promotion_gate.rules import GateRules
from components.site_evaluator.slices import SLICE_FEATURES
from components.slice_report.settings import ReportSettings
from pipeline.cluster_settings import ClusterSection, is_under
from pipeline.demo_data.size import DemoSize
from pipeline.yaml_files import matching, mistakes, read_yaml, resolve
from schemas.case_features import Task
from trainer.augmentation_presets import expand_preset
from trainer.errors import UserError
from trainer.operating_point import OperatingPointRule
from trainer.settings import (
    AugmentationSettings,
    ContrastiveSettings,
    Distribution,
    EncoderSettings,
    FineTuneSettings,
)
from trainer.sweep_settings import PAPER_SWEEP, SweepSettings
from trainer.watch_settings import WatchSettings

Name = Annotated[
    str,
    matching(
        r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?",
        "at most 42 lower-case letters, digits and hyphens, no hyphen at an end",
    ),
]
"""Lower-case letters, digits and hyphens: what Kubernetes takes as a name."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSection(_Section):
    """The data sets.

    Attributes:
        natural: Unlabelled natural images for the paper's step 1.
        medical: Cases for steps 2 and 3.
        leakage: What becomes of images that are in two splits; None does not look for them.
        fit: How an image is made square: `pad` keeps all of it, `crop` its centre.
        pseudonym_key_file: Secret behind the pseudonyms; made in the output directory if None.
        generate: Synthetic data that are written where the manifests are, before a run; `demo` for
            as many as the demo's.
    """

    natural: DataSettings | None = None
    medical: DataSettings
    leakage: LeakageSettings | None = LeakageSettings()
    fit: Literal["pad", "crop"] = "pad"
    pseudonym_key_file: str | None = None
    generate: DemoSize | None = None

    @field_validator("generate", mode="before")
    @classmethod
    def _demo_size(cls, value: Any) -> Any:
        if isinstance(value, str) and value != "demo":
            raise ValueError(f"must be demo, or hold cases and natural_images. Received: {value}")
        return DemoSize() if value == "demo" else value

    @property
    def labelled_task(self) -> Task:
        """The task of the medical set, which is never unlabelled."""
        return cast(Task, self.medical.task)

    @model_validator(mode="after")
    def _check(self) -> "DataSection":
        if self.natural is not None and self.natural.task != "unlabelled":
            raise ValueError("natural.task must be unlabelled")
        if self.medical.task == "unlabelled":
            raise ValueError("medical.task must be multi_class or multi_label")
        return self


def with_preset(training: Any) -> Any:
    """Fills `augmentation: {preset: NAME, ...}`, before the settings are made."""
    augmentation = training.get("augmentation") if isinstance(training, dict) else None
    if not isinstance(augmentation, dict):
        return training
    return training | {"augmentation": expand_preset(augmentation)}


class PretrainingStep(_Section):
    """One contrastive pretraining; each step starts from the encoder of the one before.

    Attributes:
        data: Which data set.
        method: `simclr` (two augmentations of one image) or `micle` (two images of one case).
        pairs: Rules of MICLe's pairs.
        training: Epochs, batch, temperature, augmentation and the rest.
        watch: How often its embeddings are measured; no part of the training.
    """

    data: Literal["natural", "medical"]
    method: Literal["simclr", "micle"]
    pairs: PairSettings = PairSettings()
    training: ContrastiveSettings = ContrastiveSettings()
    watch: WatchSettings = WatchSettings()

    _expand = field_validator("training", mode="before")(with_preset)

    @model_validator(mode="after")
    def _check(self) -> "PretrainingStep":
        if self.method == "micle" and self.data == "natural":
            raise ValueError("micle needs several images a case: use it on the medical data")
        return self


class FineTuningSection(_Section):
    """Supervised fine-tuning (the paper's step 3).

    Attributes:
        label_fraction: Share of the training patients whose labels are used.
        training: Epochs, batch, learning rate and the rest.
        sweep: Learning rates and weight decays to try, or `paper` for those of the paper.
        operating_point: How the threshold of each class is chosen on validation, once.
    """

    label_fraction: float = Field(default=1.0, gt=0, le=1)
    training: FineTuneSettings = FineTuneSettings()
    sweep: SweepSettings | None = None
    operating_point: OperatingPointRule = OperatingPointRule()

    @field_validator("sweep", mode="before")
    @classmethod
    def _paper_sweep(cls, value: Any) -> Any:
        if isinstance(value, str) and value != "paper":
            raise ValueError(
                f"must be paper, or hold learning_rates and weight_decays. Received: {value}"
            )
        return PAPER_SWEEP if value == "paper" else value

    _expand = field_validator("training", mode="before")(with_preset)


class EvaluationSection(_Section):
    """What the evaluation looks at beside the standard slices and the data's case features.

    Attributes:
        crossings: Sets of features to slice by together, such as `[[site, sex]]`.
    """

    crossings: tuple[tuple[str, ...], ...] = ()


class Configuration(_Section):
    """Everything that decides a run.

    Attributes:
        name: Of the pipeline.
        output_dir: Where runs, logs, reports and promoted models go; relative to the working
            directory.
        seed: Of pairs, initial weights, order and augmentation.
        distribution: Devices that trainings run on.
        data: The data sets.
        encoder: The network.
        initial_encoder: Directory of a ready encoder to start from.
        pretraining: Steps in order; none = random initialisation, or the ready encoder as it is.
        fine_tuning: The supervised step.
        baseline: Model evaluated beside the candidate: the same network fine-tuned on the same
            labels from a random start, or none.
        evaluation: Further slices.
        gate: Rules that a model must meet to be promoted.
        model_check: How a model is checked before it is judged.
        report: What the report says beyond numbers.
        study: `study.json` of a finished study of several starts, to be shown in the report.
        registry: Folder or bucket of the models and their champion; `registry` in `output_dir` if
            None.
        serving: Where promoted models are pushed; `serving` in `output_dir` if None.
        beam_args: Options of the Beam pipelines on this machine.
        cluster: Only for `micle compile`.
    """

    name: Name
    output_dir: str
    seed: int = Field(default=0, ge=0)
    distribution: Distribution = "auto"
    data: DataSection
    encoder: EncoderSettings = EncoderSettings()
    initial_encoder: str | None = None
    pretraining: tuple[PretrainingStep, ...] = ()
    fine_tuning: FineTuningSection = FineTuningSection()
    baseline: Literal["random", "none"] = "random"
    evaluation: EvaluationSection = EvaluationSection()
    gate: GateRules = GateRules()
    model_check: ModelCheckSettings = ModelCheckSettings()
    report: ReportSettings
    study: str | None = None
    registry: str | None = None
    serving: str | None = None
    beam_args: tuple[str, ...] = (
        "--runner=DirectRunner",
        "--direct_running_mode=in_memory",
        "--direct_num_workers=1",
    )
    cluster: ClusterSection | None = None

    @property
    def report_settings(self) -> ReportSettings:
        """The report's words and limits; its held-out sites are those of the data."""
        return dataclasses.replace(self.report, held_out_sites=self.data.medical.held_out_sites)

    @property
    def registry_location(self) -> str:
        """Where models are recorded: an absolute folder, or the URL of a bucket."""
        if self.registry is not None and is_bucket(self.registry):
            return self.registry
        return str(Path(self.registry or Path(self.output_dir, "registry")).absolute())

    @property
    def serving_directory(self) -> str:
        """Where promoted models are pushed."""
        return self.serving or str(Path(self.output_dir, "serving"))

    @property
    def augmentations(self) -> dict[str, AugmentationSettings]:
        """The augmentation of each training, by the training's field."""
        steps = {
            f"pretraining.{number}": step.training.augmentation
            for number, step in enumerate(self.pretraining)
        }
        return steps | {"fine_tuning": self.fine_tuning.training.augmentation}

    @model_validator(mode="after")
    def _check(self) -> "Configuration":
        if (self.registry is None) != (self.serving is None):
            raise ValueError(
                "registry and serving go together: the champion of a registry is what is served"
            )
        misfit = None if self.registry is None else location_misfit(self.registry)
        if misfit is not None:
            raise ValueError(f"registry: {misfit}")
        if "://" in (self.serving or ""):
            raise ValueError(f"serving: {self.serving}: must be a folder")
        staging = self.model_check.serving_directory
        if staging is not None and is_under(
            str(Path(staging).absolute()), str(Path(self.serving_directory).absolute())
        ):
            raise ValueError(
                "model_check.serving_directory lies where champions are served: a candidate would "
                "be served before it is judged. Give it a folder and a server of its own"
            )
        if self.data.natural is None and any(step.data == "natural" for step in self.pretraining):
            raise ValueError("pretraining uses natural images, but data.natural is not given")
        medical = self.data.medical
        misfits = self.fine_tuning.training.misfits(self.data.labelled_task, medical.classes)
        if misfits:
            raise ValueError(f"fine_tuning.training.{misfits[0]}")
        if self.gate.max_leaked_cases is not None and self.data.leakage is None:
            raise ValueError("gate.max_leaked_cases needs data.leakage, which is null")
        misfit = self.gate.misfit(self.data.labelled_task, medical.classes)
        if misfit:
            raise ValueError(f"gate.{misfit}")
        known = {*SLICE_FEATURES, *medical.case_features}
        unknown = {name for crossing in self.evaluation.crossings for name in crossing} - known
        if unknown:
            raise ValueError(
                f"evaluation.crossings: {', '.join(sorted(unknown))}: no such feature. There are "
                f"{', '.join(sorted(known))}; data.medical.case_features adds columns"
            )
        for stage, augmentation in self.augmentations.items():
            misfit = augmentation.misfit(self.encoder.image_size)
            if misfit:
                raise ValueError(f"{stage}.training.augmentation.{misfit}")
        if self.cluster is not None:
            self._check_cluster(self.cluster)
        return self

    def _check_cluster(self, cluster: ClusterSection) -> None:
        for name, data in (("natural", self.data.natural), ("medical", self.data.medical)):
            if data is not None and not cluster.reads(cluster.manifest(name, data.manifest)):
                raise ValueError(
                    f"cluster.manifests.{name}: is missing, and the cluster does not see "
                    f"data.{name}.manifest {data.manifest}. Give a gs:// URI, or a path under one "
                    "of cluster.volumes"
                )
        for external in self.data.medical.external:
            if not cluster.reads(cluster.external_manifest(external.name, external.manifest)):
                raise ValueError(
                    f"cluster.manifests.external.{external.name}: is missing, and the cluster does "
                    f"not see {external.manifest}. Give a gs:// URI, or a path under one of "
                    "cluster.volumes"
                )
        if self.initial_encoder is not None and cluster.initial_encoder is None:
            raise ValueError(
                "cluster.initial_encoder: is missing. Copy the folder of initial_encoder to your "
                "store and give its gs://, s3:// or minio:// URI"
            )
        pool = cluster.pool("fine-tune-candidate")
        if pool.kind == "tpu" and self.distribution != "tpu":
            raise ValueError(
                "cluster.steps.fine_tuning.pool: fine-tuning takes no TPU unless distribution is "
                "tpu. Name a pool of kind gpu or cpu, or set distribution: tpu"
            )


def load_configuration(path: str) -> Configuration:
    """Reads and validates a configuration; manifest paths become relative to the YAML file.

    Raises:
        UserError: One line per mistake, naming the field; or the file is a study.
    """
    values = _with_cluster_file(read_yaml(path), Path(path).parent)
    if "initialisations" in values:
        raise UserError(f"{path}: this is a study. Use micle study, or name a configuration.")
    try:
        configuration = Configuration.model_validate(values)
    except ValidationError as error:
        raise UserError("\n".join(mistakes(path, error))) from error
    return _resolve_paths(configuration, Path(path).parent)


def _with_cluster_file(values: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Lays the fields of `cluster` over those of the file that `cluster.file` names."""
    cluster = values.get("cluster")
    if not isinstance(cluster, dict) or "file" not in cluster:
        return values
    own = {name: value for name, value in cluster.items() if name != "file"}
    shared = read_yaml(resolve(str(cluster["file"]), directory))
    return values | {"cluster": shared | own}


def _resolve_paths(configuration: Configuration, directory: Path) -> Configuration:
    values: dict[str, Any] = configuration.model_dump()
    data = values["data"]
    for name in ("natural", "medical"):
        if data[name] is not None:
            for described in (data[name], *data[name]["external"]):
                described["manifest"] = resolve(described["manifest"], directory)
    if data["pseudonym_key_file"] is not None:
        data["pseudonym_key_file"] = resolve(data["pseudonym_key_file"], directory)
    if values["study"] is not None:
        values["study"] = resolve(values["study"], directory)
    return Configuration.model_validate(values)
