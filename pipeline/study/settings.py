"""The study file: which starts are compared, on which shares of the labels, with which seeds."""

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from components.case_example_gen.settings import DataSettings
from components.study_report.arms import Trainable, name_of_fraction
from components.study_report.question import EvaluationSplit, Metric
from pipeline.configuration import (
    Configuration,
    Name,
    load_configuration,
    with_preset,
)
from pipeline.study.steps import ReadyEncoder, Step, made_steps, steps_of_base, what_decides
from pipeline.yaml_files import matching, mistakes, read_yaml, resolve
from trainer.errors import UserError
from trainer.settings import FineTuneSettings, to_json

ShortName = Annotated[
    str,
    matching(
        r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?",
        "at most 32 lower-case letters, digits and hyphens, no hyphen at an end",
    ),
]
"""Lower-case letters, digits and hyphens, at most 32: a part of names in Kubernetes."""

_METRICS: dict[str, tuple[Metric, ...]] = {
    "multi_class": ("balanced_accuracy", "accuracy", "mean_auc"),
    "multi_label": ("mean_auc",),
}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NaturalLabels(_Section):
    """Labelled natural images, in place of the unlabelled ones of the base.

    Attributes:
        manifest: Of the images, with a column of their classes.
        label_column: That column.
        classes: Their names; all that the column has if empty.
        validation_fraction: Share of the images that choose the best epoch.
    """

    manifest: str
    label_column: str = "label"
    classes: tuple[str, ...] = ()
    validation_fraction: float = Field(default=0.1, gt=0, lt=1)

    def data_settings(self) -> DataSettings:
        """Returns the data set; reads the classes from the manifest where none are named.

        Raises:
            UserError: The manifest cannot be read, or has no such column.
        """
        return DataSettings(
            manifest=self.manifest,
            task="multi_class",
            classes=self.classes or self._classes_of_manifest(),
            label_column=self.label_column,
            validation_fraction=self.validation_fraction,
            test_fraction=0.0,
        )

    def _classes_of_manifest(self) -> tuple[str, ...]:
        where = f"natural_labels.manifest: {self.manifest}"
        remedy = "Give a manifest with labels ('micle manifest class-folders')"
        try:
            with Path(self.manifest).open(encoding="utf-8", newline="") as file:
                names = {row[self.label_column] or "" for row in csv.DictReader(file)}
        except OSError as error:
            raise UserError(f"{where}: cannot be read ({error.strerror}). {remedy}.") from error
        except KeyError as error:
            raise UserError(
                f"{where}: there is no column '{self.label_column}'. {remedy}, or name its column "
                "by natural_labels.label_column."
            ) from error
        return tuple(sorted(names - {""}))


class Study(_Section):
    """A study as its file says it.

    Attributes:
        name: Of the pipeline.
        base: A configuration: data, encoder, fine-tuning, evaluation, cluster, as far as the
            study does not say otherwise. Its pretraining steps are known here as `METHOD-DATA`,
            such as `simclr-medical`.
        output_dir: Where the study's runs go.
        title: Of the report.
        natural_labels: Labelled natural images; only for supervised steps.
        steps: Pretraining steps, and ready encoders, by a name, beside those of the base or in
            place of them.
        initialisations: By name, the steps that a start has gone through, in order; none = random
            weights.
        own_fine_tuning: Fine-tuning of initialisations that do not take that of the base: all its
            settings; in the file those that differ.
        shared_steps: Steps that are trained once, with the first seed, for all repetitions, as one
            published encoder serves every user. Intervals do not hold their variation.
        label_fractions: Shares of the training patients whose labels are used.
        seeds: Of pairs, weights, order, augmentation and drawn labels; one repetition each.
        trainable: `network`: all of it is fine-tuned; `head`: a linear probe.
        baseline: The initialisation that the others are compared with.
        contrasts: Further pairs of initialisations, the first of which is compared with the second.
        metric: What the label-efficiency curve and the claims are about.
        evaluation_split: `test`, with the held-out sites; or `validation`, to choose settings
            without a look at either.
    """

    name: Name
    base: Configuration
    output_dir: str
    title: str
    natural_labels: NaturalLabels | None = None
    steps: dict[ShortName, Step] = {}
    initialisations: dict[ShortName, tuple[ShortName, ...]] = Field(min_length=2)
    own_fine_tuning: dict[ShortName, FineTuneSettings] = {}
    shared_steps: tuple[ShortName, ...] = ()
    label_fractions: tuple[float, ...] = (1.0,)
    seeds: tuple[int, ...] = (0, 1, 2)
    trainable: tuple[Trainable, ...] = ("network",)
    baseline: ShortName
    contrasts: tuple[tuple[ShortName, ShortName], ...] = ()
    metric: Metric = "mean_auc"
    evaluation_split: EvaluationSplit = "test"

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All that the table has; the study's own first."""
        others = _METRICS[self.base.data.labelled_task]
        return (self.metric, *(name for name in others if name != self.metric))

    def fine_tuning_of(self, initialisation: str) -> FineTuneSettings:
        """How the arms of an initialisation are fine-tuned; `trainable` aside."""
        return self.own_fine_tuning.get(initialisation, self.base.fine_tuning.training)

    def is_shared(self, step_name: str) -> bool:
        """Whether all repetitions start from one encoder of that step."""
        return step_name in self.shared_steps or self.steps[step_name].method == "ready"

    def reads_natural_images(self, step_name: str) -> bool:
        """Whether a step is trained on natural images."""
        step = self.steps[step_name]
        return not isinstance(step, ReadyEncoder) and step.data == "natural"

    @model_validator(mode="before")
    @classmethod
    def _take_steps_of_base(cls, values: Any) -> Any:
        base = values.get("base") if isinstance(values, dict) else None
        own = values.get("steps", {}) if isinstance(values, dict) else None
        if not isinstance(base, Configuration) or not isinstance(own, dict):
            return values
        return {**values, "steps": {**steps_of_base(base, own), **own}}

    @field_validator("steps", mode="before")
    @classmethod
    def _make_steps(cls, steps: Any) -> Any:
        return made_steps(steps) if isinstance(steps, dict) else steps

    @model_validator(mode="after")
    def _check(self) -> "Study":
        self._check_values()
        for name, chain in self.initialisations.items():
            self._check_chain(name, chain)
        self._check_contrasts()
        self._check_own_fine_tuning()
        self._check_shared_steps()
        self._check_differences()
        self._check_crops()
        if self.baseline not in self.initialisations:
            raise ValueError(
                f"baseline: there is no initialisation {self.baseline}. Name one of "
                f"{', '.join(self.initialisations)}"
            )
        if self.metric not in _METRICS[self.base.data.labelled_task]:
            raise ValueError(
                f"metric: a {self.base.data.labelled_task} study has "
                f"{', '.join(_METRICS[self.base.data.labelled_task])}. Received: {self.metric}"
            )
        if self.base.initial_encoder is not None:
            raise ValueError(
                "base: its initial_encoder would hide every start but one. Leave it out there"
            )
        return self

    def _check_values(self) -> None:
        for fraction in self.label_fractions:
            if not 0 < fraction <= 1:
                raise ValueError(
                    f"label_fractions must be above 0, at most 1. Received: {fraction:g}"
                )
        for seed in self.seeds:
            if seed < 0:
                raise ValueError(f"seeds must be 0 or more. Received: {seed}")
        for field in ("label_fractions", "seeds", "trainable"):
            values = getattr(self, field)
            if not values or len(set(values)) != len(values):
                raise ValueError(f"{field} must hold each value once, and at least one")

    def _check_chain(self, name: str, chain: tuple[str, ...]) -> None:
        where = f"initialisations.{name}"
        for place, step_name in enumerate(chain):
            if step_name not in self.steps:
                raise ValueError(
                    f"{where}: there is no step {step_name}. Name one of "
                    f"{', '.join(self.steps) or '(there are none)'}, or add it to steps"
                )
            step = self.steps[step_name]
            if step.method == "supervised" and place > 0:
                raise ValueError(
                    f"{where}: {step_name} starts from random weights. Put it first, or leave it "
                    "out"
                )
            if step.method == "ready" and place > 0:
                raise ValueError(
                    f"{where}: {step_name} is ready, so nothing can come before it. Put it first, "
                    "or leave it out"
                )
            if step.method == "supervised" and self.natural_labels is None:
                raise ValueError(
                    f"{where}: {step_name} needs labelled natural images. Give natural_labels"
                )
            has_natural = self.base.data.natural or self.natural_labels
            if self.reads_natural_images(step_name) and not has_natural:
                raise ValueError(
                    f"{where}: {step_name} needs natural images. Give data.natural in the base"
                )
            earlier = chain[place - 1] if place else step_name
            if step_name in self.shared_steps and not self.is_shared(earlier):
                raise ValueError(
                    f"{where}: {step_name} is one of shared_steps and {earlier}, before it, is "
                    f"not. Add {earlier} to shared_steps, or take {step_name} out of them"
                )
        if len(set(chain)) != len(chain):
            raise ValueError(f"{where}: a step appears twice. Name each once")
        from_head = self.fine_tuning_of(name).features_from != "encoder"
        if chain and from_head and self.steps[chain[-1]].method == "supervised":
            raise ValueError(
                f"{where}: after {chain[-1]} there is no projection head, which features_from of "
                f"its fine-tuning needs. Set own_fine_tuning.{name}.features_from to encoder"
            )

    def _check_own_fine_tuning(self) -> None:
        for name, settings in self.own_fine_tuning.items():
            if name not in self.initialisations:
                raise ValueError(
                    f"own_fine_tuning: there is no initialisation {name}. Name one of "
                    f"{', '.join(self.initialisations)}"
                )
            if settings.trainable != self.base.fine_tuning.training.trainable:
                raise ValueError(
                    f"own_fine_tuning.{name}.trainable: the study's own field trainable says it "
                    "for all arms. Leave it out"
                )
            misfits = settings.misfits(self.base.data.labelled_task, self.base.data.medical.classes)
            if misfits:
                raise ValueError(f"own_fine_tuning.{name}.{misfits[0]}")

    def _check_contrasts(self) -> None:
        for pair in self.contrasts:
            for name in pair:
                if name not in self.initialisations:
                    raise ValueError(
                        f"contrasts: there is no initialisation {name}. Name two of "
                        f"{', '.join(self.initialisations)}"
                    )
            if pair[0] == pair[1]:
                raise ValueError(f"contrasts: {pair[0]} cannot be compared with itself")
        seen: dict[frozenset[str], tuple[str, str]] = {}
        for pair in self.contrasts:
            like = seen.setdefault(frozenset(pair), pair)
            if like is not pair:
                raise ValueError(
                    f"contrasts must hold each pair once: [{', '.join(like)}] and "
                    f"[{', '.join(pair)}] are one comparison, whose p-values would be corrected as "
                    "two. Remove one of them"
                )

    def _check_shared_steps(self) -> None:
        used = {step for chain in self.initialisations.values() for step in chain}
        for name in self.shared_steps:
            if name not in used:
                raise ValueError(
                    f"shared_steps: no initialisation goes through {name}. Name one of "
                    f"{', '.join(sorted(used)) or '(there are none)'}"
                )

    def _check_crops(self) -> None:
        trainings = {
            f"steps.{name}.training": step.training
            for name, step in self.steps.items()
            if not isinstance(step, ReadyEncoder)
        } | {f"own_fine_tuning.{name}": own for name, own in self.own_fine_tuning.items()}
        for where, training in trainings.items():
            misfit = training.augmentation.misfit(self.base.encoder.image_size)
            if misfit:
                raise ValueError(f"{where}.augmentation.{misfit}")

    def _check_differences(self) -> None:
        """No arm may stand in the study twice: it would be compared with itself."""
        fractions: dict[str, float] = {}
        for fraction in self.label_fractions:
            like = fractions.setdefault(name_of_fraction(fraction), fraction)
            if like != fraction:
                raise ValueError(
                    f"label_fractions: {like} and {fraction} are too close to tell their arms "
                    "apart by name, which has six digits. Remove one of them"
                )
        seen: dict[str, str] = {}
        for name, chain in self.initialisations.items():
            steps = [self._what_decides(step) for step in chain]
            what = " ".join([*steps, to_json(self.fine_tuning_of(name))])
            if what in seen:
                raise ValueError(
                    f"initialisations: {seen[what]} and {name} are the same. Remove one of them"
                )
            seen[what] = name
        self._check_names_of_steps()

    def _check_names_of_steps(self) -> None:
        """One encoder under two names would be trained twice."""
        seen: dict[tuple[str, ...], str] = {}
        for chain in self.initialisations.values():
            for length, step in enumerate(chain, start=1):
                like = seen.setdefault(tuple(map(self._what_decides, chain[:length])), step)
                if like != step:
                    raise ValueError(
                        f"steps: {like} and {step} are the same step under two names. Keep one "
                        "of them, and name it in place of the other"
                    )

    def _what_decides(self, step_name: str) -> str:
        one_for_all = len(self.seeds) == 1 or self.is_shared(step_name)
        return f"{what_decides(self.steps[step_name])} {one_for_all}"


def load_study(path: str) -> Study:
    """Reads and validates a study; paths in it are relative to the file.

    Its fields `encoder` and `fine_tuning` take the place of those of the base.

    Raises:
        UserError: One line per mistake, naming the field.
    """
    directory = Path(path).parent
    values = read_yaml(path)
    base = _base_of(path, values)
    _refuse_fields_of_arms(path, values.get("fine_tuning"))
    labels = values.get("natural_labels")
    if isinstance(labels, dict) and isinstance(labels.get("manifest"), str):
        labels = {**labels, "manifest": resolve(labels["manifest"], directory)}
    values = {**values, "steps": _placed_encoders(values.get("steps"), directory)}
    own = {name: values.pop(name) for name in ("encoder", "fine_tuning") if name in values}
    try:
        base = Configuration.model_validate(base.model_dump() | own)
        values = {**values, "own_fine_tuning": _completed(values.get("own_fine_tuning"), base)}
        study = Study.model_validate({**values, "base": base, "natural_labels": labels})
    except ValidationError as error:
        raise UserError("\n".join(mistakes(path, error))) from error
    try:
        return study.model_copy(update={"base": _placed(study)})
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _base_of(path: str, values: dict[str, Any]) -> Configuration:
    if not isinstance(values.get("base"), str):
        raise UserError(f"{path}: base: is missing. Name a configuration, such as base: demo.yaml.")
    base = resolve(values["base"], Path(path).parent)
    if not Path(base).is_file():
        raise UserError(
            f"{path}: base: there is no file {base}. Name a configuration, relative to the study."
        )
    return load_configuration(base)


def _refuse_fields_of_arms(path: str, fine_tuning: Any) -> None:
    """Refuses what the study's own fields say arm by arm, and would be ignored."""
    section = fine_tuning if isinstance(fine_tuning, dict) else {}
    training = section.get("training")
    lines = []
    if "label_fraction" in section:
        lines.append("label_fraction: the study's own field label_fractions says it")
    if isinstance(training, dict) and "trainable" in training:
        lines.append("training.trainable: the study's own field trainable says it")
    if lines:
        message = (f"{path}: fine_tuning.{line} for all arms. Leave it out." for line in lines)
        raise UserError("\n".join(message))


def _completed(own_fine_tuning: Any, base: Configuration) -> Any:
    """Takes what an initialisation's own fine-tuning does not say from the base."""
    if not isinstance(own_fine_tuning, dict):
        return {} if own_fine_tuning is None else own_fine_tuning
    settings = asdict(base.fine_tuning.training)
    return {
        name: settings | with_preset(own) if isinstance(own, dict) else own
        for name, own in own_fine_tuning.items()
    }


def _placed_encoders(steps: Any, directory: Path) -> Any:
    """Makes folders of ready encoders absolute.

    A link is followed: what it points at, such as the result of one execution, does not change.
    """
    if not isinstance(steps, dict):
        return {} if steps is None else steps
    return {
        name: {**step, "encoder": str(Path(resolve(step["encoder"], directory)).resolve())}
        if isinstance(step, dict) and isinstance(step.get("encoder"), str)
        else step
        for name, step in steps.items()
    }


def _placed(study: Study) -> Configuration:
    """Returns the base under the study's name and folder, with the natural images it trains on."""
    base = study.base
    # A base may show this very study in its report, which is not there yet.
    update: dict[str, Any] = {"name": study.name, "output_dir": study.output_dir, "study": None}
    if study.natural_labels is not None:
        natural = study.natural_labels.data_settings()
        update["data"] = base.data.model_copy(update={"natural": natural})
    elif not any(
        study.reads_natural_images(step)
        for chain in study.initialisations.values()
        for step in chain
    ):
        update["data"] = base.data.model_copy(update={"natural": None})
    return base.model_copy(update=update)
