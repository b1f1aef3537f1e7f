"""Where a run keeps things."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Places:
    """Where a run keeps things; a directory here, a URI or a mounted volume on a cluster.

    Attributes:
        checkpoint_root: Checkpoints of stopped training.
        serving: Where promoted models are pushed.
        pseudonym_key_file: Secret behind the pseudonyms.
        fingerprints: Digest of each data set, by `natural` and `medical`.
        registry: Folder or bucket of the registry of models.
        registry_state: Changes with the champion to compare with, see `ChampionSource`.
    """

    checkpoint_root: str
    serving: str
    pseudonym_key_file: str
    fingerprints: dict[str, str]
    registry: str
    registry_state: str
