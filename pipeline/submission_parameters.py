"""The parameters of a compiled pipeline that a person may set when submitting it."""

from dataclasses import dataclass
from typing import Any

from pipeline.cluster_settings import ClusterSection
from pipeline.cluster_view import data_sets
from pipeline.configuration import Configuration

MANIFEST_SUFFIX = "_manifest"
IMAGE = "image"


@dataclass(frozen=True)
class SubmissionParameter:
    """One of them.

    Attributes:
        type: As the pipeline specification names it.
        default: What the configuration says.
        description: For a person.
    """

    type: str
    default: Any
    description: str

    def to_specification(self) -> dict[str, Any]:
        """Returns it as an entry of `root.inputDefinitions.parameters`."""
        return {
            "parameterType": self.type,
            "defaultValue": self.default,
            "isOptional": True,
            "description": self.description,
        }


def submission_parameters(
    configuration: Configuration, cluster: ClusterSection
) -> dict[str, SubmissionParameter]:
    """Returns them by name; values inside a step's JSON settings cannot be among them.

    Args:
        configuration: As the cluster sees it.
        cluster: The cluster.
    """
    found = {
        "seed": SubmissionParameter(
            "NUMBER_INTEGER",
            configuration.seed,
            "Of pairs, drawn labels, initial weights, order and augmentation.",
        ),
        "label_fraction": SubmissionParameter(
            "NUMBER_DOUBLE",
            configuration.fine_tuning.label_fraction,
            "Share of the training patients whose labels are used; above 0, at most 1.",
        ),
        IMAGE: SubmissionParameter("STRING", cluster.image, "Container image of the steps."),
    }
    for name, settings in data_sets(configuration).items():
        found[f"{name}{MANIFEST_SUFFIX}"] = SubmissionParameter(
            "STRING",
            settings.manifest,
            f"Path or URI of the manifest of the {name} images.",
        )
    for name, pool in cluster.pools.items():
        if pool.image:
            found[image_parameter(name, cluster)] = SubmissionParameter(
                "STRING", pool.image, f"Container image of the steps in the pool {name}."
            )
    return found


def image_parameter(pool: str, cluster: ClusterSection) -> str:
    """Returns the name of the parameter with the image of a pool's steps."""
    return f"{IMAGE}_{pool}" if cluster.pools[pool].image else IMAGE


def parameter_of_property(node_id: str, name: str) -> str | None:
    """Returns the submission parameter that an execution property takes its value from."""
    if name in ("seed", "label_fraction"):
        return name
    if name == "manifest" and node_id.endswith("-cases"):
        return node_id.removesuffix("-cases") + MANIFEST_SUFFIX
    return None
