"""Logs as a line of JSON each, for a cluster's log collection.

The fields `severity`, `time` and `message` are those that Google Cloud Logging knows; others take
any names. Nothing here adds an identifier: a record says what its logger said.
"""

import datetime
import json
import logging
import sys
from typing import Any, TextIO

from trainer.progress import Progress


class JsonFormatter(logging.Formatter):
    """One record, one line."""

    def __init__(self, step: str) -> None:
        """Remembers what runs.

        Args:
            step: The executor's class.
        """
        super().__init__()
        self._step = step

    def format(self, record: logging.LogRecord) -> str:
        """Returns the record as JSON; progress and tracebacks are fields of their own."""
        time = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        line: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds"),
            "severity": record.levelname,
            "logger": record.name,
            "step": self._step,
            "message": record.getMessage(),
        }
        progress = getattr(record, "progress", None)
        if isinstance(progress, Progress):
            line["progress"] = {
                "stage": progress.stage,
                "done": progress.done,
                "total": progress.total,
                "unit": progress.unit,
                "rate": progress.rate,
                "metrics": dict(progress.metrics),
            }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def log_as_json(step: str, stream: TextIO = sys.stderr) -> None:
    """Sends everything that is logged or warned of to a stream, a line of JSON each."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(step))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
