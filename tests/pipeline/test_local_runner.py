"""One node after the other: what was begun is brought to its end first."""

import pytest

from pipeline.local_run import RunDirectory, run_nodes
from pipeline.node_launch import NodeResult
from pipeline.study.arms import arms_of
from pipeline.study.graph import build_study_nodes
from tests.pipeline.study.study_files import study
from tests.pipeline.study.test_graph import PLACES


class Heard:
    """An observer that keeps what it hears."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.numbers: list[int] = []

    def node_started(self, node_id: str, number: int, total: int) -> None:
        self.started.append(node_id)
        self.numbers.append(number)

    def node_finished(self, node_id: str, result: NodeResult) -> None:
        assert node_id == self.started[-1]


@pytest.fixture
def heard(tmp_path, monkeypatch):
    """What is heard of a study whose nodes do nothing."""
    monkeypatch.setattr("pipeline.local_runner.launch_node", lambda *_: NodeResult(False, {}))
    found, kept = study(tmp_path), Heard()
    results = run_nodes(build_study_nodes(found, PLACES), found.base, RunDirectory(tmp_path), kept)
    assert sorted(results) == sorted(kept.started)
    return kept


def test_an_arm_is_evaluated_before_the_next_one_is_trained(heard, tmp_path):
    for arm in arms_of(study(tmp_path)):
        at = heard.started.index(f"fine-tune-{arm.role}")
        assert heard.started[at + 1 : at + 3] == [f"predict-{arm.role}", f"evaluate-{arm.role}"]


def test_a_stop_after_one_chain_of_trainings_leaves_an_arm(heard):
    first = next(at for at, node in enumerate(heard.started) if node.startswith("evaluate-"))
    assert sum(node.startswith("pretrain-") for node in heard.started[:first]) == 3


def test_nodes_are_numbered_as_they_run(heard):
    assert heard.numbers == list(range(1, len(heard.started) + 1))
