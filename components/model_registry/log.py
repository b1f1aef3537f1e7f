"""An append-only log, a file an entry, in which each entry holds the hash of the one before.

An entry is a file that is created and never written again. Of two that follow the same entry the
storage lets one be, which makes a change of the registry happen once, without a lock.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from components.model_registry.storage import Storage
from trainer.errors import UserError

LOG = "log"

FIRST_PREVIOUS = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One entry of the log.

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


def entry_name(number: int) -> str:
    """Returns the name of an entry's file."""
    return f"{LOG}/{number:08d}.json"


def read_entries(storage: Storage) -> list[Entry]:
    """Reads the log and checks its chain; without files it is empty.

    Raises:
        UserError: An entry was changed, removed or put in; the first such one is named.
    """
    names = [f"{LOG}/{name}" for name in storage.names(LOG)]
    entries: list[Entry] = []
    for number, (name, content) in enumerate(zip(names, storage.read(names), strict=True), start=1):
        if name != entry_name(number):
            raise _broken(storage, entry_name(number), f"is missing; {name} is there instead")
        entry = _parse(content or b"")
        if entry is None:
            raise _broken(storage, name, "cannot be read")
        expected = entries[-1].hash if entries else FIRST_PREVIOUS
        if entry.number != number or entry.previous != expected:
            raise _broken(storage, name, "does not follow the entry before")
        if entry.hash != entry_hash(entry):
            raise _broken(storage, name, "was changed after it was written")
        entries.append(entry)
    return entries


def append_entry(storage: Storage, entry: Entry) -> bool:
    """Writes an entry; False if another one has come in between."""
    name = entry_name(entry.number)
    content = json.dumps(asdict(entry), sort_keys=True).encode() + b"\n"
    # Where the answer to a first attempt was lost, a second one finds what the first has written.
    return storage.create(name, content) or storage.read([name]) == [content]


def _parse(content: bytes) -> Entry | None:
    try:
        return Entry(**json.loads(content))
    except (ValueError, TypeError):
        return None


def _broken(storage: Storage, name: str, what: str) -> UserError:
    return UserError(
        f"{storage.location}: {name} {what}. Nothing from here on can be trusted; restore the log "
        "from a backup."
    )
