"""How many arms fit into one report on a cluster."""

import json

from components.study_report.question import StudyQuestion
from trainer.settings import to_json

LONGEST_ARGUMENT = 128 * 1024
"""Kubeflow's launcher starts a step with all its inputs and parameters as one argument of the
command line, of which Linux takes so many bytes (MAX_ARG_STRLEN)."""

BYTES_OF_AN_ARM = 1000
"""In that argument: 54 are the arm's name (a node's id has up to 63), 320 the URI of its evaluation
(128 for `pipeline_root`, 42 the pipeline's name, 36 the run's id, 63 the node's id, 36 a UUID), 380
how the store is reached, where its settings name an endpoint and a secret, and 170 the JSON around
them; 76 are spare."""

BYTES_OF_THE_REST = 4096
"""The image, the URIs of the report and of the log, and what holds them together."""


def most_arms(question: StudyQuestion) -> int:
    """Returns the most arms whose evaluations the step that writes the report can be handed.

    Args:
        question: What the study asks, which the step is handed too.
    """
    asked = len(json.dumps(to_json(question)))
    return (LONGEST_ARGUMENT - BYTES_OF_THE_REST - asked) // BYTES_OF_AN_ARM
