"""An object store in a folder, and the copying of KFP's launcher from and to it.

As backend/src/v2/objectstore/object_store.go: a store has files only, no empty folders; an output
that was not written is a warning, no error.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

LAUNCHER_FOLDERS = {"gs": "gcs", "s3": "s3", "minio": "minio"}


@dataclass(frozen=True)
class ObjectStore:
    """All buckets of all providers, under one folder."""

    folder: Path

    def download(self, uri: str, target: Path) -> int:
        """Copies what lies under a URI, and returns the number of files."""
        source = self._of(uri)
        files = [source] if source.is_file() else [p for p in source.rglob("*") if p.is_file()]
        for file in files:
            place = target if file == source else target / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
        return len(files)

    def upload(self, source: Path, uri: str) -> None:
        """Copies a file, or the files of a folder; nothing, if there is none."""
        if source.is_file():
            files = [source]
        else:
            files = [path for path in source.rglob("*") if path.is_file()]
        for file in files:
            place = self._of(uri) if file == source else self._of(uri) / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)

    def path(self, uri: str) -> Path:
        """Where the files of an artifact lie, for a test to look at."""
        return self._of(uri)

    def _of(self, uri: str) -> Path:
        scheme, _, rest = uri.partition("://")
        assert scheme in LAUNCHER_FOLDERS, f"no provider of the launcher: {uri}"
        return self.folder / scheme / rest


def local_path(uri: str, root: Path) -> Path:
    """LocalPathForURI of launcher_v2.go, under another root."""
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in LAUNCHER_FOLDERS:
        raise ValueError(f"failed to generate local path for URI {uri}: unsupported storage scheme")
    return root / LAUNCHER_FOLDERS[scheme] / rest
