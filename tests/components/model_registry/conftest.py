"""A registry in a folder and one in a bucket, which an S3 server of the tests holds."""

import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import obstore
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import ObjectStore, from_url

from components.model_registry.registry import ModelRegistry
from components.model_registry.storage import Storage, is_bucket, open_storage


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Address of an S3 server on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of an empty bucket, which this process may use."""
    for name, value in {
        "AWS_ENDPOINT": s3_server,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    _request("PUT", f"{s3_server}/models")
    yield "s3://models"
    _request("POST", f"{s3_server}/moto-api/reset")


def _request(method: str, url: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, method=method)):
        pass


@pytest.fixture
def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(params=["folder", "bucket"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "registry")
    return f"{request.getfixturevalue('s3')}/skin/registry"


@pytest.fixture
def storage(location: str) -> Storage:
    return open_storage(location)


@pytest.fixture
def registry(location: str) -> ModelRegistry:
    return ModelRegistry.at(location)


class Intruder:
    """Somebody who reaches the files past the registry."""

    def __init__(self, location: str) -> None:
        self._url = location if is_bucket(location) else f"file://{location}"

    @property
    def _store(self) -> ObjectStore:
        return from_url(self._url)

    def names(self, folder: str) -> list[str]:
        found = (item["path"] for batch in obstore.list(self._store, folder) for item in batch)
        return sorted(found)

    def change(self, name: str, change: Callable[[str], str]) -> None:
        content = bytes(obstore.get(self._store, name).bytes()).decode()
        obstore.put(self._store, name, change(content).encode())

    def rename(self, name: str, new: str) -> None:
        obstore.rename(self._store, name, new)

    def remove(self, name: str) -> None:
        obstore.delete(self._store, name)

    def remove_folder(self, folder: str) -> None:
        for name in self.names(folder):
            self.remove(name)


@pytest.fixture
def intruder(location: str) -> Intruder:
    return Intruder(location)
