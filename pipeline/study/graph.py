"""The graph of a study: each data set read once, each encoder trained once, each arm judged."""

from dataclasses import replace

from tfx.dsl.components.base.base_node import BaseNode
from tfx.types import BaseChannel

from components.site_evaluator.evaluation import EVALUATED_SPLITS
from components.study_report.component import StudyReport
from pipeline.configuration import PretrainingStep
from pipeline.graph_parts import GraphParts, Ingestion
from pipeline.places import Places
from pipeline.study.arms import Arm, StudyEncoder, arms_of, encoders_of
from pipeline.study.question import study_question
from pipeline.study.settings import Study
from pipeline.study.steps import ReadyEncoder

REPORT_NODE = "study-report"


def build_study_nodes(study: Study, places: Places) -> list[BaseNode]:
    """Returns the nodes; what depends on no other runs in parallel on a cluster.

    Args:
        study: With the configuration whose places the nodes are to see as its base.
        places: Where the run keeps things.
    """
    graph = _StudyGraph(study, places)
    graph.judge_arms()
    return graph.nodes


def build_reported_study_nodes(study: Study, places: Places) -> list[BaseNode]:
    """Returns the same nodes, and one that writes the report once all arms are evaluated.

    A local run needs none: it reports the arms finished so far, with what they took.
    """
    graph = _StudyGraph(study, places)
    graph.report(graph.judge_arms())
    return graph.nodes


class _StudyGraph:
    def __init__(self, study: Study, places: Places) -> None:
        self._study = study
        self._parts = GraphParts(study.base, places)
        self._pairs: dict[tuple[str, int], BaseChannel] = {}

    @property
    def nodes(self) -> list[BaseNode]:
        return self._parts.nodes

    def judge_arms(self) -> dict[str, BaseChannel]:
        """Adds everything up to the evaluations; returns these by the arms' roles."""
        data = self._study.base.data
        sets = {"medical": data.medical}
        if data.natural is not None:
            sets = {"natural": data.natural, **sets}
        ingestion = self._parts.ingest(sets)
        trained: dict[StudyEncoder, BaseChannel] = {}
        for encoder in encoders_of(self._study):
            parent = trained[encoder.parent] if encoder.parent else None
            trained[encoder] = self._encoder(encoder, parent, ingestion)
        return {
            arm.role: self._judge(arm, trained[arm.encoder] if arm.encoder else None, ingestion)
            for arm in arms_of(self._study)
        }

    def report(self, evaluations: dict[str, BaseChannel]) -> None:
        self._parts.add(REPORT_NODE, StudyReport(evaluations, study_question(self._study)))

    def _encoder(
        self, encoder: StudyEncoder, parent: BaseChannel | None, ingestion: Ingestion
    ) -> BaseChannel:
        step = self._study.steps[encoder.step]
        node_id = encoder.node_id
        if isinstance(step, ReadyEncoder):
            return self._parts.import_encoder(node_id, step.encoder)
        if not isinstance(step, PretrainingStep):
            natural = self._study.base.data.natural
            assert natural is not None  # The settings saw to it.
            return self._parts.pretrain_supervised(
                node_id,
                ingestion.sets[step.data],
                trained_on=f"{step.data} images",
                classes=natural.classes,
                settings=step.training,
                seed=encoder.seed,
            )
        examples = ingestion.sets[step.data].transformed
        if step.method == "micle":
            examples = self._paired(encoder, step, ingestion)
        return self._parts.pretrain(
            node_id, step, examples, ingestion, encoder=parent, seed=encoder.seed
        )

    def _paired(
        self, encoder: StudyEncoder, step: PretrainingStep, ingestion: Ingestion
    ) -> BaseChannel:
        """Returns the pairs of a step, which all encoders of a seed that go through it share."""
        key = encoder.step, encoder.seed
        if key not in self._pairs:
            self._pairs[key] = self._parts.build_pairs(
                f"pairs-{encoder.step}-s{encoder.seed}",
                step,
                ingestion.sets[step.data],
                encoder.seed,
            ).pairs
        return self._pairs[key]

    def _judge(self, arm: Arm, encoder: BaseChannel | None, ingestion: Ingestion) -> BaseChannel:
        parts = self._parts
        model = parts.fine_tune(
            arm.role,
            ingestion.medical,
            encoder,
            model_name=arm.initialisation,
            settings=replace(
                self._study.fine_tuning_of(arm.initialisation), trainable=arm.trainable
            ),
            label_fraction=arm.label_fraction,
            seed=arm.seed,
        )
        split = self._study.evaluation_split
        predictions = parts.predict(
            arm.role, ingestion.medical, model, splits=EVALUATED_SPLITS[split]
        )
        return parts.evaluate(arm.role, predictions, split)
