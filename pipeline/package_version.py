"""Which code a run is made with."""

import subprocess
from importlib import metadata
from pathlib import Path

_COMMIT_DIGITS = 12
_SECONDS = 10


def package_version() -> str:
    """Returns the version of `micle-tfx`, with the commit where it runs from a git checkout.

    `0.1.0`, `0.1.0+608171d15a3c`, or `0.1.0+608171d15a3c.changed` where a file of the checkout
    differs from the commit.
    """
    version = metadata.version("micle-tfx")
    commit = _git("rev-parse", f"--short={_COMMIT_DIGITS}", "HEAD")
    # Installed beside another project's checkout, that project's commit would say nothing.
    if not commit or not _git("ls-files", Path(__file__).name):
        return version
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return f"{version}+{commit}{'.changed' if changed else ''}"


def _git(*arguments: str) -> str:
    """Returns what git prints in this file's folder; nothing without git or a checkout."""
    try:
        found = subprocess.run(
            ["git", *arguments],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()
