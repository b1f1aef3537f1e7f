"""An append-only log of JSON lines in which each entry holds the hash of the one before."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainer.errors import UserError

FIRST_PREVIOUS = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One line of the log.

    Attributes:
        number: From 1.
        time: UTC, ISO 8601.
        action: What was done: `registered`, `signed`, `promoted`, `rolled_back`.
        model: Digest of the model it was done to.
        details: Of this action.
        previous: Hash of the entry before.
        hash: SHA-256 of all the other fields.
    """

    number: int
    time: str
    action: str
    model: str
    details: Mapping[str, Any]
    previous: str
    hash: str


def new_entry(
    entries: Sequence[Entry], time: str, action: str, model: str, details: Mapping[str, Any]
) -> Entry:
    """Returns the entry that follows the given ones."""
    previous = entries[-1].hash if entries else FIRST_PREVIOUS
    entry = Entry(len(entries) + 1, time, action, model, details, previous, "")
    return Entry(**{**asdict(entry), "hash": entry_hash(entry)})


def entry_hash(entry: Entry) -> str:
    """Returns SHA-256 of an entry's other fields, as JSON with sorted keys."""
    fields = asdict(entry)
    del fields["hash"]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_entries(path: Path) -> list[Entry]:
    """Reads the log and checks its chain; a missing file is an empty log.

    A last line without its end is an entry whose writing was cut off: it never came to be.

    Raises:
        UserError: An entry was changed, removed or put in; the first such one is named.
    """
    if not path.is_file():
        return []
    entries: list[Entry] = []
    for number, line in enumerate(_whole_lines(path.read_bytes()), start=1):
        entry = _parse(line)
        expected = entries[-1].hash if entries else FIRST_PREVIOUS
        if entry is None:
            raise _broken(path, number, "it cannot be read")
        if entry.number != number or entry.previous != expected:
            raise _broken(path, number, "it does not follow the entry before")
        if entry.hash != entry_hash(entry):
            raise _broken(path, number, "its content was changed after it was written")
        entries.append(entry)
    return entries


def append_entry(path: Path, entry: Entry) -> None:
    """Writes an entry to the disk as one line; the caller holds the registry's lock."""
    line = json.dumps(asdict(entry), sort_keys=True).encode() + b"\n"
    path.touch()
    with path.open("r+b") as file:
        file.seek(sum(map(len, _whole_lines(path.read_bytes()))))
        file.truncate()
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _whole_lines(content: bytes) -> list[bytes]:
    return [line for line in content.splitlines(keepends=True) if line.endswith(b"\n")]


def _parse(line: bytes) -> Entry | None:
    try:
        return Entry(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _broken(path: Path, number: int, what: str) -> UserError:
    return UserError(
        f"{path}: entry {number} is broken: {what}. Nothing from here on can be trusted; restore "
        "the file from a backup."
    )
