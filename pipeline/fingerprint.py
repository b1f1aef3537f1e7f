"""A digest of a data set, so that a cached result is never taken for a current one."""

import hashlib
from pathlib import Path

from components.case_example_gen.manifest import ManifestRow, read_manifest
from components.case_example_gen.settings import DataSettings


def data_fingerprint(data: DataSettings) -> str:
    """Returns SHA-256 over the manifest's bytes and each image's size and modification time.

    A manifest behind a URI (`gs://...`) is known only to the cluster: its URI stands for it.
    """
    if "://" in data.manifest:
        return location_fingerprint(data.manifest)
    manifest = Path(data.manifest)
    digest = hashlib.sha256(manifest.read_bytes())
    with manifest.open(encoding="utf-8", newline="") as lines:
        for row in read_manifest(lines, data.manifest, data):
            if isinstance(row, ManifestRow):
                digest.update(_state(manifest.parent / row.image))
    return digest.hexdigest()


def location_fingerprint(manifest: str) -> str:
    """Returns SHA-256 of where a manifest lies, for one that cannot be read from here."""
    return hashlib.sha256(manifest.encode()).hexdigest()


def _state(path: Path) -> bytes:
    try:
        status = path.stat()
    except OSError:
        return b"missing"
    return f"{status.st_size}:{status.st_mtime_ns};".encode()
