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
    """Reads a key file, on a disk or at a URI that Beam can open.

    Beam's workers read it themselves: a pipeline is staged where others may look.

    Raises:
        UserError: The file cannot be reached from this machine, or is too short to be a secret.
    """
    try:
        key = _read(path).strip()
    except Exception as error:
        # A store raises errors of its own.
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UserError(
            f"{path}: the pseudonym key cannot be read ({reason}). It must lie where "
            "this machine reaches it, and each worker of a Beam runner."
        ) from error
    if len(key) < MIN_KEY_BYTES:
        raise UserError(f"{path}: the pseudonym key must have at least {MIN_KEY_BYTES} bytes.")
    return key


def _read(path: str) -> bytes:
    if "://" not in path:
        return Path(path).read_bytes()
    # Beam takes a second to import, which a check of a local key need not wait for.
    from apache_beam.io.filesystem import CompressionTypes
    from apache_beam.io.filesystems import FileSystems

    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        content: bytes = file.read()
    return content


def create_key(path: Path) -> None:
    """Writes a new random key that only its owner may read, unless there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(os.urandom(32).hex() + "\n")
