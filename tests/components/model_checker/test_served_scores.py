"""TensorFlow Serving's REST interface, as a small server of our own speaks it."""

import base64
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from components.model_checker.served_scores import ServingError, score_through_serving
from components.model_registry.serving_directory import newest_version

CASES = (b"\x00case one", b"case two")
SCORES = {CASES[0]: [0.25, 0.75], CASES[1]: [0.5, 0.125]}


class Handler(BaseHTTPRequestHandler):
    """Serves what lies in `directory`; a version is available from the second question on."""

    def do_GET(self):
        self.server.asked += 1
        version = self.path.removeprefix("/v1/models/chest/versions/")
        if not (self.server.directory / version / "saved_model.pb").is_file():
            self.answer(404, {"error": "Could not find any versions of model chest"})
            return
        state = "AVAILABLE" if self.server.asked > self.server.slow else "LOADING"
        self.answer(200, {"model_version_status": [{"version": version, "state": state}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path.endswith(":predict")
        assert body["signature_name"] == "serving_default"
        cases = [base64.b64decode(row["examples"]["b64"]) for row in body["instances"]]
        rows = [{"scores": SCORES[case], "classes": ["a", "b"]} for case in cases]
        self.answer(200, {"predictions": rows} if self.server.good else {"error": "no signature"})

    def answer(self, status, values):
        content = json.dumps(values).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.directory = tmp_path / "served"
        running.directory.mkdir()
        running.asked, running.slow, running.good = 0, 1, True
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"graph")
    return path


def scores(server, model, seconds=5.0):
    endpoint = f"http://127.0.0.1:{server.server_port}/v1/models/chest"
    return score_through_serving(endpoint, server.directory, model, CASES, seconds)


def test_the_candidate_is_a_new_version_for_the_time_of_the_check(server, model):
    np.testing.assert_array_equal(scores(server, model), list(SCORES.values()))
    assert server.asked == 2
    assert newest_version(server.directory) is None


def test_a_version_that_never_becomes_available_is_given_up(server, model):
    server.slow = 1000
    with pytest.raises(ServingError, match="not available after 0 s: LOADING"):
        scores(server, model, seconds=0.1)
    assert newest_version(server.directory) is None


def test_an_answer_without_scores_is_said(server, model):
    server.good = False
    with pytest.raises(ServingError, match="the answer holds no scores"):
        scores(server, model)


def test_a_server_that_is_not_there_is_said(server, model, tmp_path):
    with pytest.raises(ServingError, match="Connection refused"):
        score_through_serving("http://127.0.0.1:9/v1/models/x", tmp_path, model, CASES, 0.1)


def test_a_server_that_speaks_no_http_is_said(model, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"\x00\x00\x12\x04\x00\x00\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}/v1/models/x"
        with pytest.raises(ServingError, match="not available after 0 s"):
            score_through_serving(endpoint, tmp_path, model, CASES, 0.0)
        thread.join()


def test_a_folder_that_is_not_there_is_said(model, tmp_path):
    with pytest.raises(ServingError, match="nowhere: no such folder"):
        score_through_serving("http://127.0.0.1:9/", tmp_path / "nowhere", model, CASES, 0.1)
