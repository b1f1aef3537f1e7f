"""Pseudonyms: keyed hashes that stand for patients and cases outside the hospital's own files."""

import hashlib
import hmac
import os
import re
from collections.abc import Iterable
from pathlib import Path

from trainer.errors import UserError

MIN_KEY_BYTES = 16
_SHORT = 4


def pseudonym(key: bytes, kind: str, identifier: str) -> str:
    """Returns 16 hexadecimal digits (HMAC-SHA256, truncated to 64 bits).

    Args:
        key: Secret; who has it can link pseudonyms to identifiers.
        kind: `patient` or `case`, so that the same text in both roles gives two pseudonyms.
        identifier: As in the manifest.
    """
    return hmac.new(key, f"{kind}:{identifier}".encode(), hashlib.sha256).hexdigest()[:16]


def without_identifiers(path: str, identifiers: Iterable[str]) -> str:
    """Returns a path with `…` in place of identifiers: sets as MIMIC name folders by patients.

    Args:
        path: As in the manifest.
        identifiers: As ingestion knows them. One of fewer than 4 characters is looked for as a
            whole word only: `1` is in too many names.
    """
    # An external collection's name is put in front of its identifiers.
    written = {name for given in identifiers for name in (given, given.partition("/")[2]) if name}
    for name in sorted(written, key=len, reverse=True):
        pattern = re.escape(name)
        if len(name) < _SHORT:
            pattern = rf"(?<![a-z0-9]){pattern}(?![a-z0-9])"
        path = re.sub(pattern, "…", path, flags=re.IGNORECASE)
    return path


def read_key(path: str) -> bytes:
    """Reads a key file.

    Raises:
        UserError: The file is missing or too short to be a secret.
    """
    try:
        key = Path(path).read_bytes().strip()
    except OSError as error:
        raise UserError(f"{path}: the pseudonym key cannot be read ({error.strerror}).") from error
    if len(key) < MIN_KEY_BYTES:
        raise UserError(f"{path}: the pseudonym key must have at least {MIN_KEY_BYTES} bytes.")
    return key


def create_key(path: Path) -> None:
    """Writes a new random key that only its owner may read, unless there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(os.urandom(32).hex() + "\n")
