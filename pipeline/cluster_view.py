"""A configuration with the places of a cluster in place of those of this machine."""

import dataclasses
from pathlib import Path

from components.case_example_gen.settings import DataSettings
from pipeline.cluster_settings import ClusterSection
from pipeline.configuration import Configuration
from pipeline.fingerprint import data_fingerprint, location_fingerprint


def as_the_cluster_sees(configuration: Configuration, cluster: ClusterSection) -> Configuration:
    """Returns the configuration with the cluster's manifests, encoder and key file."""
    data = configuration.data
    placed = {name: _placed(name, sets, cluster) for name, sets in data_sets(configuration).items()}
    key_file = {"pseudonym_key_file": cluster.pseudonym_key_file}
    return configuration.model_copy(
        update={
            "data": data.model_copy(update=placed | key_file),
            "initial_encoder": configuration.initial_encoder and cluster.initial_encoder,
        }
    )


def data_sets(configuration: Configuration) -> dict[str, DataSettings]:
    """Returns the data sets that a configuration has, by `natural` and `medical`."""
    sets = {"natural": configuration.data.natural, "medical": configuration.data.medical}
    return {name: settings for name, settings in sets.items() if settings is not None}


def fingerprint_of(here: DataSettings, there: DataSettings) -> str:
    """Returns the digest of the data where they lie here too, or else of where they lie.

    Args:
        here: With the manifests of this machine.
        there: With those of the cluster.
    """
    if is_here(here):
        return data_fingerprint(here)
    return location_fingerprint(" ".join(_manifests(there)))


def is_here(data: DataSettings) -> bool:
    """Whether all manifests of a data set can be read on this machine."""
    return all(Path(manifest).is_file() for manifest in _manifests(data))


def _placed(name: str, data: DataSettings, cluster: ClusterSection) -> DataSettings:
    return dataclasses.replace(
        data,
        manifest=cluster.manifest(name, data.manifest),
        external=tuple(
            dataclasses.replace(
                external, manifest=cluster.external_manifest(external.name, external.manifest)
            )
            for external in data.external
        ),
    )


def _manifests(data: DataSettings) -> list[str]:
    return [data.manifest, *(external.manifest for external in data.external)]
