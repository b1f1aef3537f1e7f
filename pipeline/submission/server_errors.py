"""Failures of a Kubeflow Pipelines server, each told in one line."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import kfp_server_api
import urllib3

from trainer.errors import UserError

CONFLICT = 409
NOT_FOUND = 404
TOO_MANY_REQUESTS = 429
_PASSING = {TOO_MANY_REQUESTS, 500, 502, 503, 504}
_LONGEST_MESSAGE = 400


class ServerError(UserError):
    """The server could not be reached, or did not do what it was asked.

    Attributes:
        status: HTTP status; None without an answer.
        sent: Whether the request may have reached the server, so that what it asks for may be
            done although no answer says so.
        passing: Whether the same request may succeed a little later.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        sent: bool = True,
        passing: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.sent = sent
        self.passing = passing

    @property
    def outcome_unknown(self) -> bool:
        """Whether the server may have done what it was asked."""
        return self.sent and self.passing


@contextlib.contextmanager
def told_in_one_line(host: str) -> Iterator[None]:
    """Turns what the HTTP client raises into a `ServerError`.

    Args:
        host: Address to name in messages.
    """
    try:
        yield
    except urllib3.exceptions.MaxRetryError as error:
        raise _of_connection(host, error.reason or error) from error
    except urllib3.exceptions.HTTPError as error:
        raise _of_connection(host, error) from error
    except kfp_server_api.ApiException as error:
        raise _of_answer(host, error) from error
    except OSError as error:
        # A file that the client reads as it goes, such as one with a token, is gone.
        raise ServerError(f"{error.filename or host}: {error.strerror}.", sent=False) from error


def require_json(host: str, response: Any) -> None:
    """Refuses an answer that is a web page: the generated client reads one as an empty object.

    Args:
        host: Address to name in the message.
        response: The client's last response.

    Raises:
        ServerError: It is no JSON.
    """
    kind = response.getheader("content-type") or "no type"
    if not kind.startswith("application/json"):
        raise ServerError(
            f"{host}: answers with {kind.split(';')[0]}, not with the API's JSON. It is a login "
            "page or another service: check --host, and give --token-file if a login is needed.",
            status=response.status,
        )


def _of_connection(host: str, error: Exception) -> ServerError:
    if isinstance(error, urllib3.exceptions.SSLError):
        return ServerError(
            f"{host}: TLS failed ({_one_line(error)}). For a certificate of your own authority "
            "give --ca-certificate; for a server without TLS write http://.",
            sent=False,
        )
    # ConnectTimeoutError is also a TimeoutError, and NewConnectionError a ConnectTimeoutError.
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return ServerError(
            f"{host}: cannot be reached ({_cause(error)}). Check --host, and that the port-forward "
            "still runs.",
            sent=False,
            passing=True,
        )
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return ServerError(
            f"{host}: no answer in time. Try again, or give a longer --timeout.", passing=True
        )
    if isinstance(error, urllib3.exceptions.LocationValueError):
        return ServerError(f"--host {host}: is no address ({_one_line(error)}).", sent=False)
    return ServerError(
        f"{host}: the connection broke off ({_cause(error)}). Try again.", passing=True
    )


def _of_answer(host: str, error: kfp_server_api.ApiException) -> ServerError:
    said = _message(error)
    remedies = {
        400: f"refused the request (400): {said}",
        401: "refused the credentials (401). Give a valid token by --token-file, or renew it.",
        403: f"does not allow this (403): {said} Ask for the right in the namespace, or give "
        "--namespace.",
        404: f"found nothing there (404): {said} Check --host and the name or ID.",
        409: f"has something of that name already (409): {said}",
        429: "has too much to do (429). Try again later.",
    }
    otherwise = f"failed ({error.status}): {said} Try again; its log says more."
    return ServerError(
        f"{host}: {remedies.get(error.status, otherwise)}",
        status=error.status,
        sent=error.status != TOO_MANY_REQUESTS,
        passing=error.status in _PASSING,
    )


def _message(error: kfp_server_api.ApiException) -> str:
    """What the server says: uploads and other calls use different fields."""
    try:
        values = json.loads(error.body or "")
    except ValueError:
        values = None
    if isinstance(values, dict):
        for field in ("message", "error", "error_message"):
            if isinstance(values.get(field), str) and values[field]:
                return _sentence(values[field])
    return _sentence(error.reason or "no reason given")


def _cause(error: Exception) -> str:
    text = _one_line(error)
    for known in ("Connection refused", "Name or service not known", "timed out", "reset by peer"):
        if known in text:
            return known.lower()
    return text


def _sentence(text: str) -> str:
    line = _one_line(text)
    return line if line.endswith((".", "!", "?")) else f"{line}."


def _one_line(text: object) -> str:
    printable = "".join(c if c.isprintable() else " " for c in str(text))
    return " ".join(printable.split())[:_LONGEST_MESSAGE]
