"""Parts that every graph is made of: ingestion, pretraining, fine-tuning, scoring, evaluation."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfx import v1 as tfx
from tfx.dsl.components.base.base_node import BaseNode
from tfx.types import BaseChannel

from components.artifact_types import Encoder
from components.case_example_gen.component import CaseExampleGen
from components.case_example_gen.settings import DataSettings
from components.case_predictor.component import SCORED_SPLITS, CasePredictor
from components.case_schema.component import CaseSchema
from components.contrastive_pretrainer.component import ContrastivePretrainer
from components.fine_tuner.component import FineTuner
from components.leakage_check.component import LeakageCheck
from components.leakage_remover.component import LeakageRemover
from components.pair_builder.component import PairBuilder
from components.site_drift.statistics_options import statistics_options
from components.site_evaluator.component import SiteEvaluator
from components.supervised_pretrainer.component import SupervisedPretrainer
from components.transform.component import CaseTransform
from components.transform.preprocessing import TransformSettings
from pipeline.configuration import Configuration, PretrainingStep
from pipeline.places import Places
from schemas.case_features import TEST
from trainer.settings import FineTuneSettings


@dataclass(frozen=True)
class IngestedSet:
    """A data set's channels."""

    cases: BaseChannel
    transformed: BaseChannel
    transform_graph: BaseChannel


@dataclass(frozen=True)
class BuiltPairs:
    """Pairs for MICLe, and what was paired."""

    pairs: BaseChannel
    statistics: BaseChannel


@dataclass(frozen=True)
class Ingestion:
    """What every graph begins with.

    Attributes:
        sets: By `natural` and `medical`.
        medical_report: What became of every medical image and case.
        statistics: Of the medical cases, by split and site.
        anomalies: Of the medical cases.
        leakage: Images that are in two places; None where nobody looked.
    """

    sets: Mapping[str, IngestedSet]
    medical_report: BaseChannel
    statistics: BaseChannel
    anomalies: BaseChannel
    leakage: BaseChannel | None

    @property
    def medical(self) -> IngestedSet:
        """The labelled set."""
        return self.sets["medical"]


class GraphParts:
    """Adds nodes one by one; ids are lower-case with hyphens, as Kubernetes wants them.

    Attributes:
        nodes: Those added so far.
    """

    def __init__(self, configuration: Configuration, places: Places) -> None:
        self._configuration = configuration
        self._places = places
        self.nodes: list[BaseNode] = []

    def add(self, node_id: str, node: BaseNode) -> BaseNode:
        """Adds a node under an id, and returns it."""
        self.nodes.append(node.with_id(node_id))
        return node

    def ingest(self, sets: Mapping[str, DataSettings]) -> Ingestion:
        """Adds what reads, checks and transforms the data sets, each once.

        Args:
            sets: By name; `medical` is among them.
        """
        schema = self.add("case-schema", CaseSchema()).outputs["schema"]
        cases = {name: self._read_cases(name, settings) for name, settings in sets.items()}
        examples = {name: node.outputs["examples"] for name, node in cases.items()}
        medical_report = cases["medical"].outputs["ingestion_report"]
        leakage = self._check_leakage(examples, medical_report)
        ingested = {
            name: IngestedSet(
                examples[name], *self._transform(name, settings, examples[name], schema)
            )
            for name, settings in sets.items()
        }
        statistics, anomalies = self._validate_medical(ingested["medical"], schema)
        return Ingestion(
            sets=ingested,
            medical_report=medical_report,
            statistics=statistics,
            anomalies=anomalies,
            leakage=leakage,
        )

    def build_pairs(
        self, node_id: str, step: PretrainingStep, ingested: IngestedSet, seed: int
    ) -> BuiltPairs:
        """Adds what pairs the images of a case for MICLe."""
        node = PairBuilder(examples=ingested.transformed, settings=step.pairs, seed=seed)
        outputs = self.add(node_id, node).outputs
        return BuiltPairs(outputs["pairs"], outputs["statistics"])

    def import_encoder(self, node_id: str, directory: str) -> BaseChannel:
        """Adds an encoder that is there already, in a folder or at a URI that the run can read."""
        importer = tfx.dsl.Importer(source_uri=directory, artifact_type=Encoder)
        return self.add(node_id, importer).outputs["result"]

    def pretrain(
        self,
        node_id: str,
        step: PretrainingStep,
        examples: BaseChannel,
        ingestion: Ingestion,
        *,
        encoder: BaseChannel | None,
        seed: int,
    ) -> BaseChannel:
        """Adds one contrastive pretraining; returns its encoder.

        Args:
            node_id: Of the training.
            step: Method and settings.
            examples: Transformed cases, or pairs for MICLe.
            ingestion: Holds the cases to watch with.
            encoder: To start from; None for random weights.
            seed: Of weights, order and augmentation.
        """
        # Only the medical set has labels, and only its own trainings are watched with them.
        is_labelled = step.data == "medical"
        node = ContrastivePretrainer(
            examples=examples,
            method=step.method,
            trained_on=f"{step.data} images",
            encoder_settings=self._configuration.encoder,
            settings=step.training,
            seed=seed,
            checkpoint_root=self._places.checkpoint_root,
            distribution=self._configuration.distribution,
            watch_settings=step.watch,
            initial_encoder=encoder,
            watch_examples=ingestion.medical.transformed if is_labelled else None,
            watch_task=self._configuration.data.labelled_task,
            watch_classes=self._configuration.data.medical.classes,
        )
        return self.add(node_id, node).outputs["encoder"]

    def pretrain_supervised(
        self,
        node_id: str,
        ingested: IngestedSet,
        *,
        trained_on: str,
        classes: tuple[str, ...],
        settings: FineTuneSettings,
        seed: int,
    ) -> BaseChannel:
        """Adds one pretraining on labelled images from random weights; returns its encoder."""
        node = SupervisedPretrainer(
            examples=ingested.transformed,
            classes=classes,
            trained_on=trained_on,
            encoder_settings=self._configuration.encoder,
            settings=settings,
            seed=seed,
            checkpoint_root=self._places.checkpoint_root,
            distribution=self._configuration.distribution,
        )
        return self.add(node_id, node).outputs["encoder"]

    def fine_tune(
        self,
        role: str,
        medical: IngestedSet,
        encoder: BaseChannel | None,
        *,
        model_name: str,
        settings: FineTuneSettings,
        label_fraction: float,
        seed: int,
    ) -> BaseChannel:
        """Adds the supervised step of a role, such as `candidate`; returns its model."""
        configuration = self._configuration
        node = FineTuner(
            examples=medical.transformed,
            transform_graph=medical.transform_graph,
            model_name=model_name,
            task=configuration.data.labelled_task,
            classes=configuration.data.medical.classes,
            encoder_settings=configuration.encoder,
            settings=settings,
            sweep=configuration.fine_tuning.sweep,
            operating_point=configuration.fine_tuning.operating_point,
            label_fraction=label_fraction,
            seed=seed,
            checkpoint_root=self._places.checkpoint_root,
            distribution=configuration.distribution,
            initial_encoder=encoder,
        )
        return self.add(f"fine-tune-{role}", node).outputs["model"]

    def predict(
        self,
        role: str,
        medical: IngestedSet,
        model: BaseChannel,
        splits: Sequence[str] = SCORED_SPLITS,
    ) -> BaseChannel:
        """Adds the scoring of cases by a role's model; returns the predictions."""
        predictor = CasePredictor(examples=medical.cases, model=model, splits=splits)
        return self.add(f"predict-{role}", predictor).outputs["predictions"]

    def evaluate(
        self,
        role: str,
        predictions: BaseChannel,
        split: str = TEST,
        candidate_predictions: BaseChannel | None = None,
    ) -> BaseChannel:
        """Adds the evaluation of a role's predictions; all roles resample the same patients.

        Args:
            role: `candidate`, say.
            predictions: Of the role's model.
            split: `test`, with the held-out sites, or `validation`.
            candidate_predictions: Of the model that may take its place.
        """
        configuration = self._configuration
        single = [[name] for name in configuration.data.medical.case_features]
        evaluator = SiteEvaluator(
            predictions=predictions,
            limits=configuration.report.sample_limits,
            slice_features=json.dumps([*single, *configuration.evaluation.crossings]),
            seed=configuration.seed,
            split=split,
            candidate_predictions=candidate_predictions,
        )
        return self.add(f"evaluate-{role}", evaluator).outputs["evaluation"]

    def _read_cases(self, name: str, data: DataSettings) -> BaseNode:
        return self.add(
            f"{name}-cases",
            CaseExampleGen(
                data=data,
                manifest=data.manifest,
                data_fingerprint=self._places.fingerprints[name],
                pseudonym_key_file=self._places.pseudonym_key_file,
            ),
        )

    def _check_leakage(
        self, examples: dict[str, BaseChannel], medical_report: BaseChannel
    ) -> BaseChannel | None:
        """Adds the check, and puts what is left in place of the examples if it removes some."""
        settings = self._configuration.data.leakage
        if settings is None:
            return None
        check = LeakageCheck(
            examples=examples["medical"],
            ingestion_report=medical_report,
            natural_examples=examples.get("natural"),
            settings=settings,
        )
        leakage = self.add("leakage-check", check).outputs["leakage"]
        if settings.action == "remove":
            for name in list(examples):
                remover = LeakageRemover(examples[name], leakage, data_set=name)
                kept = self.add(f"{name}-without-leaks", remover)
                examples[name] = kept.outputs["kept_examples"]
        return leakage

    def _transform(
        self, name: str, data: DataSettings, examples: BaseChannel, schema: BaseChannel
    ) -> tuple[BaseChannel, BaseChannel]:
        """Returns the transformed examples and the transform graph."""
        settings = TransformSettings(
            image_size=self._configuration.encoder.image_size,
            fit=self._configuration.data.fit,
            task=data.task,
            classes=data.classes,
        )
        transform = self.add(
            f"{name}-transform",
            CaseTransform(examples, schema, settings),
        )
        return transform.outputs["transformed_examples"], transform.outputs["transform_graph"]

    def _validate_medical(
        self, medical: IngestedSet, schema: BaseChannel
    ) -> tuple[BaseChannel, BaseChannel]:
        """Returns the statistics and the anomalies."""
        statistics = self.add(
            "medical-statistics",
            tfx.components.StatisticsGen(
                examples=medical.cases, schema=schema, stats_options=statistics_options()
            ),
        ).outputs["statistics"]
        validator = self.add(
            "medical-validator",
            tfx.components.ExampleValidator(statistics=statistics, schema=schema),
        )
        return statistics, validator.outputs["anomalies"]
