"""Scores through TensorFlow Serving's REST interface (`/v1/models/NAME/versions/N`)."""

import base64
import contextlib
import http.client
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from components.model_registry.serving_directory import copy_whole, next_version, serving_lock

_POLL_SECONDS = 0.5
_REQUEST_SECONDS = 60


class ServingError(Exception):
    """The server did not give scores, and why."""


def score_through_serving(
    endpoint: str, directory: Path, saved_model: Path, cases: Sequence[bytes], seconds: float
) -> npt.NDArray[np.float64]:
    """Puts a model before the server as a new version, scores cases, and takes it away again.

    Args:
        endpoint: `http://host:8501/v1/models/NAME`.
        directory: From which the server takes the versions of that model.
        saved_model: Directory of the SavedModel.
        cases: Serialized raw case examples.
        seconds: How long to wait for the version to be available.

    Returns:
        float64 [cases, classes].

    Raises:
        ServingError: The version did not become available, or its scores cannot be had.
    """
    with _staged(saved_model, directory) as version:
        address = f"{endpoint.rstrip('/')}/versions/{version}"
        _await_version(address, seconds)
        instances = [{"examples": {"b64": base64.b64encode(case).decode()}} for case in cases]
        body = {"signature_name": "serving_default", "instances": instances}
        answer = _request(f"{address}:predict", body)
    try:
        return np.array([row["scores"] for row in answer["predictions"]], np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise ServingError(f"{address}: the answer holds no scores") from error


@contextlib.contextmanager
def _staged(saved_model: Path, directory: Path) -> Iterator[int]:
    if not directory.is_dir():
        raise ServingError(f"{directory}: no such folder")
    with serving_lock(directory):
        version = next_version(directory)
        copy_whole(saved_model, directory / str(version))
    try:
        yield version
    finally:
        shutil.rmtree(directory / str(version))


def _await_version(address: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            state = _request(address)["model_version_status"][0]["state"]
        except (ServingError, KeyError, IndexError, TypeError) as error:
            state = str(error)
        if state == "AVAILABLE":
            return
        if time.monotonic() > deadline:
            raise ServingError(f"{address}: not available after {seconds:.0f} s: {state}")
        time.sleep(_POLL_SECONDS)


def _request(address: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    # The scheme was checked where the endpoint was set.
    request = urllib.request.Request(address, data)
    try:
        with urllib.request.urlopen(request, timeout=_REQUEST_SECONDS) as response:
            return json.load(response)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ServingError(f"{address}: {error}") from error
