"""A digest of a data set, so that a cached result is never taken for a current one."""

import hashlib
from pathlib import Path

from components.case_example_gen.external_set import ExternalSet
from components.case_example_gen.manifest import ManifestRow, read_manifest
from components.case_example_gen.settings import DataSettings

_BLOCK = 1024**2
"""Bytes: what lies in a folder of images may be larger than the memory."""


def data_fingerprint(data: DataSettings) -> str:
    """Returns SHA-256 over the bytes of the manifest and of each image.

    Bytes, not modification times: a copy of a data set, or its disk mounted anew, must not ask
    for a day of training again.

    A manifest behind a URI (`gs://...`) is known only to the cluster: its URI stands for it.
    """
    if "://" in data.manifest:
        return location_fingerprint(data.manifest)
    digest = hashlib.sha256()
    _add_manifest(digest, data, None)
    for external in data.external:
        _add_manifest(digest, data, external)
    return digest.hexdigest()


def _add_manifest(
    digest: "hashlib._Hash", data: DataSettings, external: ExternalSet | None
) -> None:
    manifest = Path((external or data).manifest)
    _update(digest, manifest)
    with manifest.open(encoding="utf-8", newline="") as lines:
        for row in read_manifest(lines, str(manifest), data, external):
            if isinstance(row, ManifestRow):
                digest.update(_digest_of(manifest.parent / row.image))


def location_fingerprint(manifest: str) -> str:
    """Returns SHA-256 of where a manifest lies, for one that cannot be read from here."""
    return hashlib.sha256(manifest.encode()).hexdigest()


def _digest_of(image: Path) -> bytes:
    digest = hashlib.sha256()
    try:
        _update(digest, image)
    except OSError:
        return b"missing"
    return digest.digest()


def _update(digest: "hashlib._Hash", path: Path) -> None:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
