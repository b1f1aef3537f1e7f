"""Which code is running, whether from a checkout, an installed package or an image."""

import hashlib
from pathlib import Path

PACKAGES = ("components", "pipeline", "schemas", "trainer")


def code_digest(root: Path = Path(__file__).parent.parent) -> str:
    """Returns SHA-256 of the project's source files: their names and contents.

    Args:
        root: Folder of the packages.
    """
    files = sorted(
        path
        for package in PACKAGES
        for path in (root / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    )
    digest = hashlib.sha256()
    for path in files:
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()
