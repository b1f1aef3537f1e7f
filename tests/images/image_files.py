"""The files that the images are built from."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
DOCKERFILE = PROJECT / "images" / "Dockerfile"


def stages():
    """The Dockerfile's instructions by the name of their stage, continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
    found = {}
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("FROM "):
            _, image, _, name = line.split()
            found[name] = [("FROM", image)]
        elif line.strip() and found:
            instruction, _, rest = line.partition(" ")
            found[name].append((instruction, " ".join(rest.split())))
    return found


def locked(name):
    """Versions by package in a file under requirements/; every one of them has a hash."""
    text = (PROJECT / "requirements" / f"{name}.txt").read_text()
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    found = {}
    for block in blocks:
        match = re.match(r"([a-z0-9_.-]+)(?:\[[a-z-]+\])?==(\S+)", block)
        if match:
            assert "--hash=sha256:" in block, match[0]
            found[match[1]] = match[2]
    return found


def sent_to_the_builder():
    """What .dockerignore lets through: it refuses everything and names what it takes."""
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    return [rule[1:] for rule in rules if rule.startswith("!")]
