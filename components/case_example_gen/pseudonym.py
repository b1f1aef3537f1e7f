"""Pseudonyms: keyed hashes that stand for patients and cases outside the hospital's own files."""

import hashlib
import hmac
import os
from pathlib import Path

from trainer.errors import UserError

MIN_KEY_BYTES = 16


def pseudonym(key: bytes, kind: str, identifier: str) -> str:
    """Returns 16 hexadecimal digits (HMAC-SHA256, truncated to 64 bits).

    Args:
        key: Secret; who has it can link pseudonyms to identifiers.
        kind: `patient` or `case`, so that the same text in both roles gives two pseudonyms.
        identifier: As in the manifest.
    """
    return hmac.new(key, f"{kind}:{identifier}".encode(), hashlib.sha256).hexdigest()[:16]


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
