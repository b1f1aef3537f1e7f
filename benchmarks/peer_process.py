"""The peer, Lightly's SimCLR, as a process of its own that times steps on request."""

import contextlib
import itertools
import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

SCRIPT = Path(__file__).parent / "peer" / "simclr.py"
_WORKERS = (0, 1, 2)
_CALIBRATION_STEPS = 4


class PeerProcess:
    """A running peer; a context manager that ends it."""

    def __init__(
        self, python: str, images: Path, *, image_size: int, batch_size: int, threads: int
    ) -> None:
        options = {"--image-size": image_size, "--batch-size": batch_size, "--threads": threads}
        words = itertools.chain.from_iterable((name, str(value)) for name, value in options.items())
        self._process = subprocess.Popen(
            [python, str(SCRIPT), str(images), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.workers, self.channels_last = 0, False

    def __enter__(self) -> "PeerProcess":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def choose_best_settings(self, width: float) -> dict[str, Any]:
        """Tries both memory formats and 0, 1 and 2 loading workers; keeps the fastest.

        Returns:
            What was kept, and the seconds per step of all that was tried.
        """
        formats = {}
        for self.channels_last in (False, True):
            formats[self.channels_last] = self._seconds_per_step("bare", width)
        self.channels_last = min(formats, key=formats.__getitem__)
        workers = {}
        for self.workers in _WORKERS:
            workers[self.workers] = self._seconds_per_step("whole", width)
        self.workers = min(workers, key=workers.__getitem__)
        return {
            "channels_last": self.channels_last,
            "workers": self.workers,
            "seconds_per_step_by_channels_last": formats,
            "seconds_per_step_by_workers": workers,
        }

    def _seconds_per_step(self, kind: str, width: float) -> float:
        answer = self.timed(kind, width, warm_up=2, steps=_CALIBRATION_STEPS)
        return answer["seconds"] / _CALIBRATION_STEPS

    def timed(self, kind: str, width: float, *, warm_up: int, steps: int) -> dict[str, float]:
        """Times `whole` or `bare` steps.

        Raises:
            RuntimeError: The peer has ended; its own message is on the standard error.
        """
        request = {
            "kind": kind,
            "width": width,
            "warm_up": warm_up,
            "steps": steps,
            "workers": self.workers,
            "channels_last": self.channels_last,
        }
        answer = ""
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(request), file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(
                f"The peer ended early. Does its environment fit {SCRIPT.parent}/requirements.txt?"
            )
        return json.loads(answer)
