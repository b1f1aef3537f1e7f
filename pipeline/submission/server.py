"""Calls of a Kubeflow Pipelines server: time-outs, back-off, what may be repeated."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.submission.connection import Connection, KubeflowClient, connect
from pipeline.submission.server_errors import (
    CONFLICT,
    ServerError,
    require_json,
    told_in_one_line,
)

Found = TypeVar("Found")

ATTEMPTS = 4
"""Tries of a call that may be repeated; the pauses between are 1, 2 and 4 s."""
PAGE = 100
"""Entries asked for at a time."""
EQUALS = 1
"""Of the API's filters."""


@dataclass(frozen=True)
class Server:
    """A server and the patience with it.

    Attributes:
        client: Of the server.
        namespace: The user's where Kubeflow serves many users.
        timeout: Seconds to wait for an answer.
        pause: Sleeps for so many seconds.
    """

    client: KubeflowClient
    namespace: str | None = None
    timeout: float = 60
    pause: Callable[[float], None] = time.sleep

    @property
    def address(self) -> str:
        """URL of the server."""
        return str(self.client.address)

    def ask(self, call: Any, **arguments: Any) -> Any:
        """Makes a call that changes nothing on the server; repeated when it fails in passing.

        Args:
            call: Method of one of the client's services.
            **arguments: Of the method.

        Raises:
            ServerError: The last failure.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self.send(call, **arguments)
            except ServerError as error:
                if attempt == ATTEMPTS or not error.passing:
                    raise
                self.pause(2.0 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    def send(self, call: Any, **arguments: Any) -> Any:
        """Makes a call once.

        Raises:
            ServerError: It failed; the error says whether it may have been done all the same.
        """
        with told_in_one_line(self.address):
            answer = call(**arguments, _request_timeout=(self.timeout, self.timeout))
            require_json(self.address, call.__self__.api_client.last_response)
        return answer

    def find_or_create(
        self, find: Callable[[], Found | None], create: Callable[[], Found]
    ) -> tuple[Found, bool]:
        """Returns the thing of a unique name, and whether it was made now.

        A lost answer is no harm here: the name says whether the thing was made.

        Args:
            find: Looks the name up.
            create: Makes the thing; the server refuses a second one of the name.

        Raises:
            ServerError: The last failure.
        """
        for attempt in range(1, ATTEMPTS + 1):
            if (found := find()) is not None:
                # One that an earlier attempt made, although its answer was lost, is new as well.
                return found, attempt > 1
            try:
                return create(), True
            except ServerError as error:
                taken = error.status == CONFLICT
                if attempt == ATTEMPTS or not (taken or error.passing):
                    raise
                self.pause(2.0 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")


def open_server(connection: Connection) -> Server:
    """Returns the server of a connection.

    Raises:
        UserError: It cannot be reached, or an option is wrong.
    """
    client = connect(connection)
    # In a pod of a Kubeflow for many users, the client takes the pod's namespace.
    namespace = connection.namespace or client.get_user_namespace() or None
    return Server(client, namespace, connection.timeout)


def name_filter(name: str) -> str:
    """Returns the API's filter for entries of a display name."""
    predicate = {"operation": EQUALS, "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})
