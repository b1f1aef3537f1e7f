"""Reaching a server: credentials, and each way in which it is not one."""

import dataclasses
import socket

import pytest
import yaml

from pipeline.submission.connection import Connection, connect
from pipeline.submission.server import open_server
from tests.pipeline.submission.kubeflow_server import KubeflowServer
from tests.pipeline.submission.own_certificate import write_certificate
from trainer.errors import UserError


@pytest.fixture(autouse=True)
def _no_settings_of_the_person(monkeypatch, tmp_path):
    monkeypatch.setattr("kfp.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    for name in ("KF_PIPELINES_ENDPOINT", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(
        "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none")
    )


def refusal(connection):
    with pytest.raises(UserError) as error:
        connect(connection)
    (line,) = str(error.value).splitlines()
    return line


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"host": "localhost:8080"}, "--host localhost:8080: must be a URL such as"),
        ({"host": "http://me:secret@host"}, "--host: must hold no password."),
        ({"host": "http://host", "kube_context": "x"}, "--kube-context goes without --host"),
        ({"token": "a", "token_file": __file__}, "--token and --token-file: give one of them."),
        ({"token": "not\none line"}, "--token: must hold one bearer token, a line of ASCII."),
        ({"token": ""}, "--token: must hold one bearer token"),
        ({"host": None}, "--host is missing, and there is neither a cluster around"),
    ],
)
def test_a_wrong_option_is_named(changes, expected, tmp_path):
    if "token_file" in changes:
        changes["token_file"] = tmp_path / "token"
        changes["token_file"].write_text("a")
    line = refusal(dataclasses.replace(Connection(host="http://127.0.0.1:1"), **changes))
    assert line.startswith(expected)
    assert "secret" not in line


@pytest.mark.parametrize("option", ["token_file", "ca_certificate"])
def test_a_missing_file_is_named(option, tmp_path):
    line = refusal(Connection(host="http://host", **{option: tmp_path / "none.pem"}))
    assert line == f"--{option.replace('_', '-')} {tmp_path}/none.pem: there is no such file."


def test_a_token_is_sent_as_a_bearer(kubeflow):
    kubeflow.token = "s3cret"
    connect(Connection(host=kubeflow.url, token="s3cret"))
    assert "(401). Give a valid token" in refusal(Connection(host=kubeflow.url, token="old"))
    assert "(401). Give a valid token" in refusal(Connection(host=kubeflow.url))


def test_a_token_file_is_read_again_for_each_call(kubeflow, tmp_path):
    file = tmp_path / "token"
    file.write_text("first\n")
    kubeflow.token = "first"
    server = open_server(Connection(host=kubeflow.url, token_file=file))
    kubeflow.token = "second"
    file.write_text("second\n")
    server.ask(server.client.runs.list_runs)
    assert kubeflow.received[-1].headers["authorization"] == "Bearer second"


def test_a_kubeconfig_leads_through_the_kubernetes_api(kubeflow, tmp_path):
    kubeflow.token = "s3cret"
    kubeflow.prefix = "/api/v1/namespaces/kubeflow/services/ml-pipeline:http/proxy/"
    configuration = {
        "apiVersion": "v1",
        "kind": "Config",
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me"}}],
        "clusters": [{"name": "lab", "cluster": {"server": kubeflow.url}}],
        "users": [{"name": "me", "user": {"token": "s3cret"}}],
    }
    (tmp_path / "none").write_text(yaml.safe_dump(configuration))
    connect(Connection(kube_context="lab"))
    assert "--host is missing" in refusal(Connection(kube_context="office"))


def test_a_pod_finds_the_service_and_its_token(kubeflow, tmp_path, monkeypatch):
    kubeflow.token = "s3cret"
    (tmp_path / "mounted").write_text("s3cret")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "mounted"))
    monkeypatch.setattr("kubernetes.config.load_incluster_config", lambda: None)
    # Kubeflow's client leaves the scheme out as well.
    service = kubeflow.url.removeprefix("http://")
    monkeypatch.setattr("kfp.Client._IN_CLUSTER_DNS_NAME", service)
    connect(Connection())


def test_a_pod_of_one_of_many_users_works_in_its_own_namespace(kubeflow, tmp_path, monkeypatch):
    kubeflow.multi_user = True
    (tmp_path / "namespace").write_text("team-a")
    monkeypatch.setattr("kfp.Client._NAMESPACE_PATH", str(tmp_path / "namespace"))
    assert open_server(Connection(host=kubeflow.url)).namespace == "team-a"
    assert open_server(Connection(host=kubeflow.url, namespace="b")).namespace == "b"
    # A pod's file system may be read-only.
    assert not (tmp_path / "context.json").exists()


def test_a_token_file_that_vanishes_on_the_way(kubeflow, tmp_path):
    file = tmp_path / "token"
    file.write_text("s3cret")
    server = open_server(Connection(host=kubeflow.url, token_file=file))
    file.unlink()
    with pytest.raises(UserError, match=f"^{file}: No such file or directory.$"):
        server.ask(server.client.runs.list_runs)


def test_no_secret_shows_in_what_a_connection_prints():
    connection = Connection(host="http://host", token="s3cret")
    assert "s3cret" not in repr(connection) + connection.authentication()


def test_nobody_listens_there():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert refusal(Connection(host=url)) == (
            f"{url}: cannot be reached (connection refused). Check --host, and that the "
            "port-forward still runs."
        )


def test_a_certificate_of_ones_own_authority(tmp_path):
    certificate = tmp_path / "authority.pem"
    with KubeflowServer(tls=write_certificate(certificate)) as kubeflow:
        connect(Connection(host=kubeflow.url, ca_certificate=certificate))
        line = refusal(Connection(host=kubeflow.url))
        assert "TLS failed (" in line
        assert "give --ca-certificate" in line
        certificate.write_text("no certificate")
        assert "TLS failed (" in refusal(Connection(host=kubeflow.url, ca_certificate=certificate))


def test_a_server_that_speaks_no_tls(kubeflow):
    url = kubeflow.url.replace("http:", "https:")
    line = refusal(Connection(host=url))
    assert line.startswith(f"{url}: TLS failed (")
    assert line.endswith("give --ca-certificate; for a server without TLS write http://.")


@pytest.mark.parametrize("path", ["/healthz", "/runs"])
def test_a_web_page_is_no_api(path, kubeflow):
    kubeflow.fail("GET", path, status=200, body="<html>Log in", content_type="text/html")
    with pytest.raises(UserError) as error:
        server = open_server(Connection(host=kubeflow.url))
        server.ask(server.client.runs.list_runs)
    assert str(error.value).startswith(
        f"{kubeflow.url}: answers with text/html, not with the API's JSON. It is a login page"
    )


def test_an_address_without_the_api(kubeflow):
    assert "found nothing there (404): Not Found. Check --host" in refusal(
        Connection(host=f"{kubeflow.url}/elsewhere")
    )


def test_a_server_that_never_answers(kubeflow):
    kubeflow.fail("GET", "/healthz", hang=True)
    assert refusal(Connection(host=kubeflow.url, timeout=0.2)) == (
        f"{kubeflow.url}: no answer in time. Try again, or give a longer --timeout."
    )


def test_what_a_server_says_cannot_break_the_line(kubeflow):
    body = '{"message": "first\\nsecond\\u001b[31m ' + "x" * 900 + '"}'
    kubeflow.fail("GET", "/healthz", status=400, body=body)
    line = refusal(Connection(host=kubeflow.url))
    assert "first second [31m xxx" in line
    assert len(line) < 500
