"""The pipeline as a graph of components, from a configuration; pure, no input or output."""

import hashlib
import json
from dataclasses import dataclass
from importlib import metadata

from tfx import v1 as tfx
from tfx.dsl.components.base.base_node import BaseNode
from tfx.types import BaseChannel

from components.artifact_types import Encoder
from components.case_example_gen.component import CaseExampleGen
from components.case_example_gen.settings import DataSettings
from components.case_predictor.component import CasePredictor
from components.case_schema.component import CaseSchema
from components.champion_source.component import ChampionSource
from components.contrastive_pretrainer.component import ContrastivePretrainer
from components.fine_tuner.component import FineTuner
from components.leakage_check.component import LeakageCheck
from components.leakage_remover.component import LeakageRemover
from components.model_checker.component import ModelChecker
from components.model_registrar.component import ModelRegistrar
from components.model_registry.records import Lineage
from components.pair_builder.component import PairBuilder
from components.promotion_gate.component import PromotionGate
from components.site_evaluator.component import SiteEvaluator
from components.slice_report.component import SliceReport
from components.slice_report.settings import RunFields
from components.transform.preprocessing import TransformSettings
from pipeline.configuration import Configuration, PretrainingStep
from trainer.settings import to_json

PREPROCESSING = "components.transform.preprocessing.preprocessing_fn"
RANDOM_NAME = "random initialisation"

_NOT_OF_THE_TRAINING = {
    *("name", "output_dir", "registry", "serving", "cluster", "beam_args"),
    *("distribution", "baseline", "gate", "model_check", "report"),
}


@dataclass(frozen=True)
class Places:
    """Where a run keeps things; a directory here, a URI or a mounted volume on a cluster.

    Attributes:
        checkpoint_root: Checkpoints of stopped training.
        serving: Where promoted models are pushed.
        pseudonym_key_file: Secret behind the pseudonyms.
        fingerprints: Digest of each data set, by `natural` and `medical`.
        registry: Directory of the registry of models.
        registry_state: Changes with the champion to compare with, see `ChampionSource`.
    """

    checkpoint_root: str
    serving: str
    pseudonym_key_file: str
    fingerprints: dict[str, str]
    registry: str
    registry_state: str


def build_nodes(configuration: Configuration, places: Places) -> list[BaseNode]:
    """Returns the pipeline's nodes; ids are lower-case with hyphens, as Kubernetes wants them."""
    return _GraphBuilder(configuration, places).build()


def configuration_digest(configuration: Configuration) -> str:
    """Returns SHA-256 of everything the configuration says."""
    return hashlib.sha256(configuration.model_dump_json().encode()).hexdigest()


def training_digest(configuration: Configuration, fingerprints: dict[str, str]) -> str:
    """Returns SHA-256 of what decides the candidate; how it is judged and reported is left out."""
    training = configuration.model_dump(mode="json", exclude=_NOT_OF_THE_TRAINING)
    text = json.dumps([training, fingerprints], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class _Ingested:
    """A data set's channels."""

    cases: BaseChannel
    transformed: BaseChannel
    transform_graph: BaseChannel


class _GraphBuilder:
    """Adds nodes one by one, in the order of the paper's steps."""

    def __init__(self, configuration: Configuration, places: Places) -> None:
        self._configuration = configuration
        self._places = places
        self._nodes: list[BaseNode] = []

    def build(self) -> list[BaseNode]:
        data = self._configuration.data
        schema = self._add("case-schema", CaseSchema()).outputs["schema"]
        used = {step.data for step in self._configuration.pretraining}
        sets = {"medical": data.medical}
        if data.natural is not None and "natural" in used:
            sets = {"natural": data.natural, **sets}
        cases = {name: self._read_cases(name, settings) for name, settings in sets.items()}
        examples = {name: node.outputs["examples"] for name, node in cases.items()}
        leakage = self._check_leakage(examples)
        ingested = {
            name: _Ingested(
                examples[name], *self._transform(name, settings, examples[name], schema)
            )
            for name, settings in sets.items()
        }
        medical = ingested["medical"]
        ingestion_report = cases["medical"].outputs["ingestion_report"]
        anomalies = self._validate_medical(medical, schema)
        encoder = self._pretrain(ingested)
        candidate = self._fine_tune("candidate", medical, encoder)
        predictions = self._predict("candidate", medical, candidate)
        evaluation = self._evaluate("candidate", predictions)
        check = self._add(
            "check-candidate",
            ModelChecker(
                examples=medical.cases,
                model=candidate,
                predictions=predictions,
                settings=self._configuration.model_check,
            ),
        )
        baseline_evaluation = None
        if self._configuration.baseline == "random":
            baseline = self._fine_tune("baseline", medical, None)
            baseline_evaluation = self._evaluate(
                "baseline", self._predict("baseline", medical, baseline)
            )
        champion = self._add(
            "champion-source",
            ChampionSource(
                model=candidate,
                registry=self._places.registry,
                registry_state=self._places.registry_state,
            ),
        ).outputs["champion"]
        champion_evaluation = self._evaluate(
            "champion", self._predict("champion", medical, champion)
        )
        gate = self._add(
            "promotion-gate",
            PromotionGate(
                evaluation=evaluation,
                baseline_evaluation=baseline_evaluation,
                champion_evaluation=champion_evaluation,
                ingestion_report=ingestion_report,
                anomalies=anomalies,
                leakage=leakage,
                check=check.outputs["check"],
                model=candidate,
                rules=self._configuration.gate,
                limits=self._configuration.report.sample_limits,
            ),
        )
        self._report(
            evaluation,
            baseline_evaluation,
            champion_evaluation,
            gate.outputs["verdict"],
            ingestion_report,
        )
        registrar = self._add(
            "model-registrar",
            ModelRegistrar(
                model=candidate,
                evaluation=evaluation,
                verdict=gate.outputs["verdict"],
                champion=champion,
                check=check.outputs["check"],
                encoder=encoder,
                registry=self._places.registry,
                lineage=self._lineage(),
                limits=self._configuration.report.sample_limits,
            ),
        )
        self._push(candidate, registrar.outputs["blessing"])
        return self._nodes

    def _add(self, node_id: str, node: BaseNode) -> BaseNode:
        self._nodes.append(node.with_id(node_id))
        return node

    def _read_cases(self, name: str, data: DataSettings) -> BaseNode:
        return self._add(
            f"{name}-cases",
            CaseExampleGen(
                data=data,
                manifest=data.manifest,
                data_fingerprint=self._places.fingerprints[name],
                pseudonym_key_file=self._places.pseudonym_key_file,
            ),
        )

    def _check_leakage(self, examples: dict[str, BaseChannel]) -> BaseChannel | None:
        """Adds the check, and puts what is left in place of the examples if it removes some."""
        settings = self._configuration.data.leakage
        if settings is None:
            return None
        check = LeakageCheck(
            examples=examples["medical"],
            natural_examples=examples.get("natural"),
            settings=settings,
        )
        leakage = self._add("leakage-check", check).outputs["leakage"]
        if settings.action == "remove":
            for name in list(examples):
                remover = LeakageRemover(examples[name], leakage, data_set=name)
                kept = self._add(f"{name}-without-leaks", remover)
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
        transform = self._add(
            f"{name}-transform",
            tfx.components.Transform(
                examples=examples,
                schema=schema,
                preprocessing_fn=PREPROCESSING,
                custom_config={"settings": to_json(settings)},
                disable_statistics=True,
            ),
        )
        return transform.outputs["transformed_examples"], transform.outputs["transform_graph"]

    def _validate_medical(self, medical: _Ingested, schema: BaseChannel) -> BaseChannel:
        statistics = self._add(
            "medical-statistics",
            tfx.components.StatisticsGen(examples=medical.cases, schema=schema),
        )
        validator = self._add(
            "medical-validator",
            tfx.components.ExampleValidator(
                statistics=statistics.outputs["statistics"], schema=schema
            ),
        )
        return validator.outputs["anomalies"]

    def _pretrain(self, ingested: dict[str, _Ingested]) -> BaseChannel | None:
        encoder = None
        if self._configuration.initial_encoder is not None:
            encoder = self._add(
                "initial-encoder",
                tfx.dsl.Importer(
                    source_uri=self._configuration.initial_encoder, artifact_type=Encoder
                ),
            ).outputs["result"]
        for number, step in enumerate(self._configuration.pretraining, start=1):
            # Only the medical set has labels, and only its own trainings are watched with them.
            is_labelled = step.data == "medical"
            node = ContrastivePretrainer(
                examples=self._pretraining_examples(number, step, ingested[step.data]),
                method=step.method,
                trained_on=f"{step.data} images",
                encoder_settings=self._configuration.encoder,
                settings=step.training,
                seed=self._configuration.seed,
                checkpoint_root=self._places.checkpoint_root,
                distribution=self._configuration.distribution,
                watch_settings=step.watch,
                initial_encoder=encoder,
                watch_examples=ingested["medical"].transformed if is_labelled else None,
                watch_task=self._configuration.data.labelled_task,
                watch_classes=self._configuration.data.medical.classes,
            )
            self._add(f"pretrain-{number}-{step.data}-{step.method}", node)
            encoder = node.outputs["encoder"]
        return encoder

    def _pretraining_examples(
        self, number: int, step: PretrainingStep, ingested: _Ingested
    ) -> BaseChannel:
        if step.method == "simclr":
            return ingested.transformed
        pairs = PairBuilder(
            examples=ingested.transformed, settings=step.pairs, seed=self._configuration.seed
        )
        return self._add(f"pairs-{number}", pairs).outputs["pairs"]

    def _fine_tune(self, role: str, medical: _Ingested, encoder: BaseChannel | None) -> BaseChannel:
        configuration = self._configuration
        node = FineTuner(
            examples=medical.transformed,
            transform_graph=medical.transform_graph,
            model_name=RANDOM_NAME if encoder is None else candidate_name(configuration),
            task=configuration.data.labelled_task,
            classes=configuration.data.medical.classes,
            encoder_settings=configuration.encoder,
            settings=configuration.fine_tuning.training,
            sweep=configuration.fine_tuning.sweep,
            operating_point=configuration.fine_tuning.operating_point,
            label_fraction=configuration.fine_tuning.label_fraction,
            seed=configuration.seed,
            checkpoint_root=self._places.checkpoint_root,
            distribution=configuration.distribution,
            initial_encoder=encoder,
        )
        return self._add(f"fine-tune-{role}", node).outputs["model"]

    def _predict(self, role: str, medical: _Ingested, model: BaseChannel) -> BaseChannel:
        predictor = CasePredictor(examples=medical.cases, model=model)
        return self._add(f"predict-{role}", predictor).outputs["predictions"]

    def _evaluate(self, role: str, predictions: BaseChannel) -> BaseChannel:
        configuration = self._configuration
        single = [[name] for name in configuration.data.medical.case_features]
        evaluator = SiteEvaluator(
            predictions=predictions,
            slice_features=json.dumps([*single, *configuration.evaluation.crossings]),
            seed=configuration.seed,
        )
        return self._add(f"evaluate-{role}", evaluator).outputs["evaluation"]

    def _report(
        self,
        evaluation: BaseChannel,
        baseline_evaluation: BaseChannel | None,
        champion_evaluation: BaseChannel,
        verdict: BaseChannel,
        ingestion_report: BaseChannel,
    ) -> None:
        configuration = self._configuration
        report = SliceReport(
            evaluation=evaluation,
            baseline_evaluation=baseline_evaluation,
            champion_evaluation=champion_evaluation,
            verdict=verdict,
            ingestion_report=ingestion_report,
            settings=configuration.report_settings,
            run_fields=RunFields(
                pipeline_name=configuration.name,
                data_fingerprint=self._places.fingerprints["medical"],
                package_version=metadata.version("micle-tfx"),
                configuration_digest=configuration_digest(configuration),
            ),
        )
        self._add("slice-report", report)

    def _lineage(self) -> Lineage:
        configuration = self._configuration
        return Lineage(
            pipeline_name=configuration.name,
            data_fingerprint=self._places.fingerprints["medical"],
            package_version=metadata.version("micle-tfx"),
            configuration_digest=configuration_digest(configuration),
            training_digest=training_digest(configuration, self._places.fingerprints),
        )

    def _push(self, model: BaseChannel, blessing: BaseChannel) -> None:
        destination = tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=self._places.serving)
        )
        self._add(
            "pusher",
            tfx.components.Pusher(
                model=model, model_blessing=blessing, push_destination=destination
            ),
        )


def candidate_name(configuration: Configuration) -> str:
    """Returns the name of the candidate for a person, by how it was pretrained last."""
    if not configuration.pretraining:
        return "given encoder" if configuration.initial_encoder else RANDOM_NAME
    return {"simclr": "SimCLR", "micle": "MICLe"}[configuration.pretraining[-1].method]
