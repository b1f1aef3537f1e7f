"""How to reach a Kubeflow Pipelines server: address, credentials, trust."""

import contextlib
import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kfp
import kfp_server_api
from kfp.client.set_volume_credentials import ServiceAccountTokenVolumeCredentials

from pipeline.submission.server_errors import require_json, told_in_one_line
from trainer.errors import UserError

NO_HOST = kfp_server_api.Configuration().host
"""What the client falls back to when it finds neither a cluster nor a kubeconfig."""


@dataclass(frozen=True)
class Connection:
    """Where the server is and who asks.

    Attributes:
        host: URL of the API, of the user interface, or of a port-forward to either; None: the
            service of the cluster this runs in, or else the kubeconfig's.
        token: Bearer token.
        token_file: File with a bearer token; read again for each call, as tokens of service
            accounts expire.
        ca_certificate: PEM file of the authority that signed the server's certificate.
        kube_context: Context of the kubeconfig; only without `host`.
        namespace: The user's namespace where Kubeflow serves many users.
        timeout: Seconds to wait for an answer.
    """

    host: str | None = None
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    ca_certificate: Path | None = None
    kube_context: str | None = None
    namespace: str | None = None
    timeout: float = 60

    def check(self) -> None:
        """Refuses what contradicts itself or is not there.

        Raises:
            UserError: Says which option is wrong.
        """
        if self.host is not None:
            parts = urlsplit(self.host)
            if "@" in self.host:
                raise UserError("--host: must hold no password. Give a token by --token-file.")
            if parts.scheme not in ("http", "https") or not parts.netloc:
                raise UserError(
                    f"--host {self.host}: must be a URL such as http://localhost:8080 or "
                    "https://kubeflow.example.org/pipeline."
                )
            if self.kube_context is not None:
                raise UserError("--kube-context goes without --host: it finds the server itself.")
        if self.token is not None and self.token_file is not None:
            raise UserError("--token and --token-file: give one of them.")
        for option, path in (
            ("--token-file", self.token_file),
            ("--ca-certificate", self.ca_certificate),
        ):
            if path is not None and not path.is_file():
                raise UserError(f"{option} {path}: there is no such file.")
        token = self.token
        if self.token_file is not None:
            token = self.token_file.read_text(errors="replace").strip()
        # Anything else would break the header it is sent in, or not be sent at all.
        if token is not None and not (token.isascii() and token.isprintable() and token.split()):
            raise UserError(
                f"{self.token_file or '--token'}: must hold one bearer token, a line of ASCII."
            )

    def authentication(self) -> str:
        """Says by what the server knows the user; no secret in it."""
        if self.token is not None:
            return "a bearer token"
        if self.token_file is not None:
            return f"the bearer token in {self.token_file}"
        if self.host is not None:
            return "none"
        return "the service account in a cluster, else the kubeconfig"


class KubeflowClient(kfp.Client):
    """`kfp.Client` that asks after the server's health once, not five times with pauses.

    Attributes:
        address: URL of the server, once it is known.
    """

    address = ""

    def __init__(self, timeout: float, **arguments: Any) -> None:
        self._timeout = timeout
        super().__init__(**arguments)

    def _load_config(self, *arguments: Any, **keywords: Any) -> Any:
        configuration = super()._load_config(*arguments, **keywords)
        # Which calls may be repeated is decided in `server`.
        configuration.retries = 0
        self.address = configuration.host
        if configuration.host == NO_HOST:
            raise UserError(
                "--host is missing, and there is neither a cluster around this process nor a "
                "kubeconfig that can be read. Give --host, such as http://localhost:8080."
            )
        return configuration

    def set_user_namespace(self, namespace: str) -> None:
        """Keeps the namespace for this process; the base class writes it into the home folder."""
        self._context_setting["namespace"] = namespace

    def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
        """Asks once, whatever `sleep_duration` between several tries is given."""
        del sleep_duration
        health = self.healthzs.get_healthz(_request_timeout=(self._timeout, self._timeout))
        require_json(self.address, self.healthzs.get_healthz.__self__.api_client.last_response)
        return health


def connect(connection: Connection) -> KubeflowClient:
    """Returns a client of the server.

    Raises:
        UserError: An option is wrong, no server is known, or it does not answer as one.
    """
    connection.check()
    credentials = None
    if connection.token_file is not None:
        credentials = ServiceAccountTokenVolumeCredentials(str(connection.token_file))
    with (
        told_in_one_line(connection.host or "the server of the kubeconfig"),
        warnings.catch_warnings(),
        # It prints what is told better below.
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        return KubeflowClient(
            timeout=connection.timeout,
            host=connection.host,
            existing_token=connection.token,
            credentials=credentials,
            ssl_ca_cert=str(connection.ca_certificate) if connection.ca_certificate else None,
            kube_context=connection.kube_context,
        )
