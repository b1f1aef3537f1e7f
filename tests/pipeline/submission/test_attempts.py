"""Attempts of a step, read from the identifiers of Argo's nodes."""

import pytest

from pipeline.submission.attempts import argo_node_id, count_attempts


@pytest.mark.parametrize(
    ("workflow", "path", "identifier"),
    [
        # As workflows that Argo ran are shown in Kubeflow Pipelines' own test data.
        ("resubmit-hl9ft", "B", "resubmit-hl9ft-3879090716"),
        ("resubmit-hl9ft", "A", "resubmit-hl9ft-3929423573"),
        (
            "job-cloneofhelloworldls94q-1-3667110102",
            "D",
            "job-cloneofhelloworldls94q-1-3667110102-3918165882",
        ),
    ],
)
def test_identifiers_are_those_that_argo_gives(workflow, path, identifier):
    assert argo_node_id(workflow, path) == identifier


@pytest.mark.parametrize(("attempts", "counted"), [(0, None), (1, 1), (3, 3)])
def test_attempts_of_one_step_are_counted(attempts, counted):
    other = [argo_node_id("micle-x7", f"root.gate.executor({n})") for n in range(2)]
    own = [argo_node_id("micle-x7", f"root.train.executor({n})") for n in range(attempts)]
    assert count_attempts("train", {*other, *own, "micle-x7-1"}) == counted
