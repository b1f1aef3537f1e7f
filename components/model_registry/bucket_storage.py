"""A registry's files in a bucket: S3 and its like, Google Cloud Storage, Azure Blob Storage."""

import contextlib
import datetime
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore, from_url

from trainer.errors import UserError

_AT_A_TIME = 16
"""Requests for small files."""


class BucketStorage:
    """Objects of a bucket, which needs conditional writes; see `Storage`.

    Credentials are what the cloud's own tools take: a service account or a role of the machine, or
    environment variables (`AWS_ACCESS_KEY_ID`, `GOOGLE_APPLICATION_CREDENTIALS`,
    `AZURE_STORAGE_ACCOUNT_KEY` and their like).
    """

    def __init__(self, location: str, store: ObjectStore) -> None:
        """Args are the URL to show, and a store whose root it is."""
        self.location = location
        self._store = store

    @classmethod
    def at(cls, url: str) -> "BucketStorage":
        """Returns the storage at `s3://BUCKET/FOLDER`, `gs://...` or `az://ACCOUNT/CONTAINER/...`.

        Raises:
            UserError: It names no bucket.
        """
        with _told(url):
            # S3 wants a checksum of what it locks against changes.
            store = from_url(
                url,
                config={"checksum_algorithm": "SHA256"} if url.startswith("s3://") else None,
                retry_config={"max_retries": 4, "retry_timeout": datetime.timedelta(minutes=1)},
                client_options={
                    # Of a whole request: a large model takes its time.
                    "timeout": datetime.timedelta(minutes=30),
                    # Options given here hide the environment's.
                    "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() == "true",
                },
            )
        return cls(url, store)

    def names(self, folder: str) -> list[str]:
        """Returns the names in a folder, sorted."""
        with _told(self.location):
            found = obstore.list_with_delimiter(self._store, folder)
        paths = [*found["common_prefixes"], *(item["path"] for item in found["objects"])]
        return sorted(path.rpartition("/")[2] for path in paths)

    def read(self, names: Sequence[str]) -> list[bytes | None]:
        """Returns the content of objects; None for one that is not there."""
        with _told(self.location), ThreadPoolExecutor(_AT_A_TIME) as pool:
            return list(pool.map(self._read, names))

    def create(self, name: str, content: bytes) -> bool:
        """Writes an object unless there is one; see `Storage`."""
        with _told(self.location):
            try:
                obstore.put(self._store, name, content, mode="create")
            except AlreadyExistsError:
                return False
            return True

    def store_folder(self, name: str, source: Path) -> None:
        """Uploads the files of a folder that are not there yet; see `Storage`."""
        files = {
            f"{name}/{path.relative_to(source).as_posix()}": path
            for path in sorted(source.rglob("*"))
            if path.is_file()
        }
        with _told(self.location):
            for missing in files.keys() - set(self._below(name)):
                # In one part: only then the store is asked whether another one has stored it.
                with contextlib.suppress(AlreadyExistsError):
                    obstore.put(
                        self._store, missing, files[missing], mode="create", use_multipart=False
                    )

    @contextlib.contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        """Gives a copy, which is gone afterwards."""
        with tempfile.TemporaryDirectory() as directory:
            copy = Path(directory)
            with _told(self.location):
                for path in self._below(name):
                    self._download(path, copy / path.removeprefix(f"{name}/"))
            yield copy

    def _below(self, folder: str) -> Iterator[str]:
        for batch in obstore.list(self._store, f"{folder}/"):
            yield from (item["path"] for item in batch)

    def _read(self, name: str) -> bytes | None:
        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError:
            return None

    def _download(self, name: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            for chunk in obstore.get(self._store, name):
                file.write(chunk)


@contextlib.contextmanager
def _told(location: str) -> Iterator[None]:
    """Makes one line of what a store complains of."""
    try:
        yield
    except (BaseError, FileNotFoundError, ValueError) as error:
        first_line = (str(error).splitlines() or [""])[0][:300]
        raise UserError(
            f"{location}: the bucket is not there, not allowed or out of reach. Look at its name, "
            f"the credentials and the network. Its store says: {first_line}"
        ) from error
