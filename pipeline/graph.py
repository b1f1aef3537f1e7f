"""The pipeline as a graph of components, from a configuration; pure, no input or output."""

import hashlib
import json
from importlib import metadata
from typing import Any

from tfx import v1 as tfx
from tfx.dsl.components.base.base_node import BaseNode
from tfx.types import BaseChannel

from components.champion_source.component import ChampionSource
from components.code_digest import code_digest
from components.model_checker.component import ModelChecker
from components.model_registrar.component import ModelRegistrar
from components.model_registry.records import Lineage
from components.promotion_gate.component import PromotionGate
from components.slice_report.component import SliceReport
from components.slice_report.settings import RunFields
from components.slice_report.study_excerpt import read_study
from pipeline.configuration import Configuration
from pipeline.graph_parts import GraphParts, IngestedSet, Ingestion
from pipeline.package_version import package_version
from pipeline.places import Places

RANDOM_NAME = "random initialisation"

_NOT_OF_THE_TRAINING = {
    *("name", "output_dir", "registry", "serving", "cluster", "beam_args"),
    *("distribution", "baseline", "gate", "model_check", "report"),
}


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


class _GraphBuilder:
    """Adds nodes one by one, in the order of the paper's steps."""

    def __init__(self, configuration: Configuration, places: Places) -> None:
        self._configuration = configuration
        self._places = places
        self._parts = GraphParts(configuration, places)

    def build(self) -> list[BaseNode]:
        parts = self._parts
        data = self._configuration.data
        used = {step.data for step in self._configuration.pretraining}
        sets = {"medical": data.medical}
        if data.natural is not None and "natural" in used:
            sets = {"natural": data.natural, **sets}
        ingestion = parts.ingest(sets)
        medical = ingestion.medical
        encoder, pair_statistics = self._pretrain(ingestion)
        candidate = self._fine_tune("candidate", medical, encoder)
        predictions = parts.predict("candidate", medical, candidate)
        evaluation = parts.evaluate("candidate", predictions)
        check = parts.add(
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
            baseline_evaluation = parts.evaluate(
                "baseline", parts.predict("baseline", medical, baseline)
            )
        champion = parts.add(
            "champion-source",
            ChampionSource(
                model=candidate,
                registry=self._places.registry,
                registry_state=self._places.registry_state,
            ),
        ).outputs["champion"]
        champion_evaluation = parts.evaluate(
            "champion",
            parts.predict("champion", medical, champion),
            candidate_predictions=predictions,
        )
        gate = parts.add(
            "promotion-gate",
            PromotionGate(
                evaluation=evaluation,
                baseline_evaluation=baseline_evaluation,
                champion_evaluation=champion_evaluation,
                ingestion_report=ingestion.medical_report,
                anomalies=ingestion.anomalies,
                statistics=ingestion.statistics,
                leakage=ingestion.leakage,
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
            champion,
            gate.outputs["verdict"],
            ingestion,
            pair_statistics,
            predictions,
        )
        registrar = parts.add(
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
        return parts.nodes

    def _pretrain(self, ingestion: Ingestion) -> tuple[BaseChannel | None, BaseChannel | None]:
        """Returns the last encoder, and what the last MICLe step paired."""
        parts, seed = self._parts, self._configuration.seed
        encoder = pair_statistics = None
        if self._configuration.initial_encoder is not None:
            encoder = parts.import_encoder("initial-encoder", self._configuration.initial_encoder)
        for number, step in enumerate(self._configuration.pretraining, start=1):
            ingested = ingestion.sets[step.data]
            examples = ingested.transformed
            if step.method == "micle":
                built = parts.build_pairs(f"pairs-{number}", step, ingested, seed)
                examples, pair_statistics = built.pairs, built.statistics
            node_id = f"pretrain-{number}-{step.data}-{step.method}"
            encoder = parts.pretrain(node_id, step, examples, ingestion, encoder=encoder, seed=seed)
        return encoder, pair_statistics

    def _fine_tune(
        self, role: str, medical: IngestedSet, encoder: BaseChannel | None
    ) -> BaseChannel:
        configuration = self._configuration
        return self._parts.fine_tune(
            role,
            medical,
            encoder,
            model_name=RANDOM_NAME if encoder is None else candidate_name(configuration),
            settings=configuration.fine_tuning.training,
            label_fraction=configuration.fine_tuning.label_fraction,
            seed=configuration.seed,
        )

    def _report(
        self,
        evaluation: BaseChannel,
        baseline_evaluation: BaseChannel | None,
        champion_evaluation: BaseChannel,
        champion: BaseChannel,
        verdict: BaseChannel,
        ingestion: Ingestion,
        pair_statistics: BaseChannel | None,
        predictions: BaseChannel,
    ) -> None:
        configuration = self._configuration
        # Images of patients reach the report only where somebody asked for them.
        with_images = configuration.report.error_gallery > 0
        report = SliceReport(
            evaluation=evaluation,
            baseline_evaluation=baseline_evaluation,
            champion_evaluation=champion_evaluation,
            champion=champion,
            verdict=verdict,
            ingestion_report=ingestion.medical_report,
            statistics=ingestion.statistics,
            pair_statistics=pair_statistics,
            examples=ingestion.medical.cases if with_images else None,
            predictions=predictions if with_images else None,
            settings=configuration.report_settings,
            study=self._study(),
            run_fields=RunFields(
                pipeline_name=configuration.name,
                data_fingerprint=self._places.fingerprints["medical"],
                package_version=package_version(),
                configuration_digest=configuration_digest(configuration),
                training_digest=training_digest(configuration, self._places.fingerprints),
                code_digest=code_digest(),
            ),
        )
        self._parts.add("slice-report", report)

    def _study(self) -> dict[str, Any] | None:
        path, data = self._configuration.study, self._configuration.data
        if path is None:
            return None
        return read_study(path, data.labelled_task, data.medical.classes)

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
        self._parts.add(
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
