"""The `cluster` section of a configuration: where a compiled pipeline runs, and on what."""

import posixpath
import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from components.model_registry.storage import is_bucket, location_misfit
from pipeline.node_pools import Pool, Section

_URI = re.compile(r"(gs|s3|minio)://[^/]+(/.*)?")
_SECRET_NAME = re.compile(r"(?i)(password|passwd|secret|token|credential|private|key)")


class Claim(Section):
    """A shared volume: a PersistentVolumeClaim of the namespace, mounted where steps name it."""

    claim: str
    mount_path: str


class Secret(Section):
    """A Secret of the namespace, mounted as files; its content appears nowhere here."""

    secret: str
    mount_path: str


class Retries(Section):
    """How often a failed step is tried again.

    Attributes:
        count: Attempts after the first.
        seconds: Before the first of them.
        factor: By which the wait grows each time.
        most_seconds: The longest wait.
    """

    count: int = Field(default=3, ge=0)
    seconds: int = Field(default=30, ge=0)
    factor: int = Field(default=2, ge=1)
    most_seconds: int = Field(default=600, ge=0)


class StepSettings(Section):
    """How the steps of one kind run.

    Attributes:
        pool: Name of a pool; None for that of `default`.
        retries: None for those of `default`.
        timeout_hours: Of one attempt; None for that of `default`.
        caching: Whether an earlier result for the same inputs is taken; None as `default`.
    """

    pool: str | None = None
    retries: Retries | None = None
    timeout_hours: float | None = Field(default=None, gt=0)
    caching: bool | None = None


DEFAULTS = StepSettings(retries=Retries(), timeout_hours=24, caching=True)


class Steps(Section):
    """The kinds of steps.

    Attributes:
        pretraining: SimCLR and MICLe.
        fine_tuning: Of candidate and baseline.
        prediction: Scoring of all cases.
        default: All other steps, and what the others leave out.
    """

    pretraining: StepSettings = StepSettings()
    fine_tuning: StepSettings = StepSettings()
    prediction: StepSettings = StepSettings()
    default: StepSettings = StepSettings()

    def of(self, node_id: str) -> StepSettings:
        """Returns the settings of a node, filled up with those of `default`."""
        values: dict[str, Any] = {}
        for settings in (DEFAULTS, self.default, getattr(self, kind_of_step(node_id))):
            given = settings.model_dump(exclude_none=True)
            values.update(given)
        return StepSettings.model_validate(values)


class Manifests(Section):
    """Where the cluster finds the manifests; those of `data` where it is not said.

    Attributes:
        natural: Of `data.natural`.
        medical: Of `data.medical`.
        external: Of `data.medical.external`, by their names.
    """

    natural: str | None = None
    medical: str | None = None
    external: dict[str, str] = Field(default={})


class ClusterSection(Section):
    """Where the compiled pipeline runs.

    Attributes:
        image: Container image with this package installed, with a tag or a digest.
        pipeline_root: URI under which artifacts are written: `gs://`, `s3://` or `minio://`.
        artifacts: `mounted`: steps read and write the local copies that Kubeflow's launcher makes;
            `direct`: they stream case and pair records from and to `gs://`, and the rest is local.
        pools: Kinds of nodes, by a name of yours.
        steps: Which kind of step runs in which pool, and how.
        volumes: Shared volumes.
        secrets: Secrets as files.
        environment: Environment variables of every step. No secrets: those are files.
        service_account: That the runs of the pipeline use, for `micle submit`.
        checkpoint_root: Directory of a shared volume for checkpoints.
        registry: Directory of a shared volume, or a bucket, for the registry of models.
        serving: Directory of a shared volume where promoted models are pushed.
        pseudonym_key_file: Path at which a secret holds the key behind the pseudonyms; or a `gs://`
            URI.
        manifests: Where the cluster finds the data.
        initial_encoder: URI at which the cluster finds `initial_encoder`.
        beam_args: Options of the Beam pipelines.
    """

    image: str
    pipeline_root: str
    artifacts: Literal["mounted", "direct"] = "mounted"
    pools: dict[str, Pool] = Field(default={"cpu": Pool(kind="cpu")})
    steps: Steps = Steps()
    volumes: tuple[Claim, ...] = (
        Claim(claim="micle-checkpoints", mount_path="/checkpoints"),
        Claim(claim="micle-registry", mount_path="/registry"),
    )
    secrets: tuple[Secret, ...] = (
        Secret(secret="micle-pseudonym-key", mount_path="/secrets/pseudonym"),
    )
    environment: dict[str, str] = Field(default={})
    service_account: str = "micle-pipeline"
    checkpoint_root: str = "/checkpoints"
    registry: str = "/registry"
    serving: str = "/registry/serving"
    pseudonym_key_file: str = "/secrets/pseudonym/pseudonym.key"
    manifests: Manifests = Manifests()
    initial_encoder: str | None = None
    beam_args: tuple[str, ...] = (
        "--runner=DirectRunner",
        "--direct_running_mode=in_memory",
        "--direct_num_workers=1",
    )

    def pool_name(self, node_id: str) -> str:
        """Returns the name of the pool that a node runs in."""
        return self.steps.of(node_id).pool or next(iter(self.pools))

    def pool(self, node_id: str) -> Pool:
        """Returns the pool that a node runs in."""
        return self.pools[self.pool_name(node_id)]

    @field_validator("pools")
    @classmethod
    def _check_pools(cls, pools: dict[str, Pool]) -> dict[str, Pool]:
        if not pools:
            raise ValueError("must name at least one pool, such as cpu: {kind: cpu}")
        for name in pools:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                raise ValueError(f"{name}: a pool's name has lower-case letters, digits and _")
        return pools

    @model_validator(mode="after")
    def _check(self) -> "ClusterSection":
        self._check_images()
        if not _URI.fullmatch(self.pipeline_root):
            raise ValueError(
                f"pipeline_root must be a gs://, s3:// or minio:// URI. Received: "
                f"{self.pipeline_root}"
            )
        if self.artifacts == "direct" and not self.pipeline_root.startswith("gs://"):
            raise ValueError(
                "artifacts: direct streams from and to gs:// only. Use a gs:// pipeline_root, or "
                "artifacts: mounted, which works with any store"
            )
        for kind, settings in self.steps:
            if settings.pool is not None and settings.pool not in self.pools:
                raise ValueError(
                    f"steps.{kind}.pool: there is no pool {settings.pool}. Name one of "
                    f"{', '.join(self.pools)}, or add it to cluster.pools"
                )
        for name in self.environment:
            if _SECRET_NAME.search(name):
                raise ValueError(
                    f"environment.{name} looks like a secret, and everyone who sees the pipeline "
                    "would read it. Put it into a Kubernetes Secret and name that in "
                    "cluster.secrets"
                )
        self._check_places()
        return self

    def _check_images(self) -> None:
        images = {"image": self.image}
        images |= {
            f"pools.{name}.image": pool.image for name, pool in self.pools.items() if pool.image
        }
        for field, image in images.items():
            name, at, digest = image.partition("@")
            if at and re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
                continue
            tag = name.rpartition("/")[2].partition(":")[2]
            if at or not tag or tag == "latest":
                raise ValueError(
                    f"{field}: {image} may be another image tomorrow. Give it a tag other than "
                    "latest, or better a digest: NAME@sha256:..."
                )

    def _check_places(self) -> None:
        claims = [volume.mount_path for volume in self.volumes]
        folders = {"checkpoint_root": self.checkpoint_root, "serving": self.serving}
        misfit = location_misfit(self.registry)
        if misfit is not None:
            raise ValueError(f"registry: {misfit}")
        if not is_bucket(self.registry):
            folders["registry"] = self.registry
        for field, folder in folders.items():
            if not any(is_under(folder, mount) for mount in claims):
                raise ValueError(
                    f"{field}: {folder} lies on no shared volume and would be lost "
                    f"with its pod. Put it under one of cluster.volumes: {', '.join(claims)}"
                )
        mounts = [secret.mount_path for secret in self.secrets]
        key = self.pseudonym_key_file
        if not (key.startswith("gs://") or any(is_under(key, mount) for mount in mounts)):
            raise ValueError(
                f"pseudonym_key_file: {key} lies in no mounted secret. Put it under one of "
                f"cluster.secrets: {', '.join(mounts) or '(there are none)'}; or give a gs:// URI"
            )
        if self.initial_encoder is not None and not _URI.fullmatch(self.initial_encoder):
            raise ValueError(
                "initial_encoder must be a gs://, s3:// or minio:// URI, which Kubeflow imports. "
                f"Received: {self.initial_encoder}"
            )

    def manifest(self, name: str, of_data: str) -> str:
        """Returns where the cluster finds a manifest: as said here, or else as in `data`."""
        given: str | None = getattr(self.manifests, name)
        return given or of_data

    def external_manifest(self, name: str, of_data: str) -> str:
        """Returns where the cluster finds the manifest of an external collection."""
        return self.manifests.external.get(name, of_data)

    def reads(self, place: str) -> bool:
        """Says whether steps can open a path or URI that Kubeflow's launcher does not copy."""
        mounts = [volume.mount_path for volume in self.volumes]
        return place.startswith("gs://") or any(is_under(place, mount) for mount in mounts)


def kind_of_step(node_id: str) -> str:
    """Returns the field of `Steps` that a node belongs to."""
    for prefix, kind in (
        ("pretrain-", "pretraining"),
        ("fine-tune-", "fine_tuning"),
        ("predict-", "prediction"),
    ):
        if node_id.startswith(prefix):
            return kind
    return "default"


def is_under(path: str, directory: str) -> bool:
    """Says whether an absolute path is a directory or lies in it."""
    path, directory = posixpath.normpath(path), posixpath.normpath(directory)
    return path == directory or path.startswith(directory.rstrip("/") + "/")
