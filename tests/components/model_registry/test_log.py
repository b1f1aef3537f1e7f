"""The log's chain: what it notices, and what a cut-off write leaves behind."""

import hashlib
import json

import pytest

from components.model_registry.log import append_entry, new_entry, read_entries
from trainer.errors import UserError


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.jsonl"
    for number in range(4):
        details = {"passed": True, "name": f"Dr. Ä {number}"}
        entry = new_entry(read_entries(path), "2026-01-01", "signed", "ab", details)
        append_entry(path, entry)
    return path


def lines_of(path):
    return path.read_text().splitlines(keepends=True)


def test_an_untouched_log_is_read_whole(log):
    assert [entry.number for entry in read_entries(log)] == [1, 2, 3, 4]


def test_a_hash_is_sha256_of_the_other_fields_and_chains_to_the_entry_before(log):
    first, second = (json.loads(line) for line in lines_of(log)[:2])
    stated = first.pop("hash")
    text = json.dumps(first, sort_keys=True, separators=(",", ":"))
    assert stated == hashlib.sha256(text.encode()).hexdigest()
    assert first["previous"] == "0" * 64
    assert second["previous"] == stated


def test_a_changed_entry_is_named(log):
    log.write_text(log.read_text().replace("u00c4 2", "u00c4 7"))
    with pytest.raises(UserError, match="entry 3 is broken: its content was changed"):
        read_entries(log)


@pytest.mark.parametrize("forge_hash", [False, True])
def test_a_removed_entry_is_noticed_even_if_its_follower_is_renumbered(log, forge_hash):
    lines = lines_of(log)
    del lines[1]
    if forge_hash:
        follower = json.loads(lines[1]) | {"number": 2}
        lines[1] = json.dumps(follower) + "\n"
    log.write_text("".join(lines))
    with pytest.raises(UserError, match="entry 2 is broken: it does not follow"):
        read_entries(log)


def test_entries_that_changed_places_are_noticed(log):
    lines = lines_of(log)
    log.write_text("".join([lines[0], lines[2], lines[1], lines[3]]))
    with pytest.raises(UserError, match="entry 2 is broken"):
        read_entries(log)


def test_a_line_that_is_no_entry_is_named(log):
    log.write_text(log.read_text() + "{}\n")
    with pytest.raises(UserError, match="entry 5 is broken: it cannot be read"):
        read_entries(log)


def test_an_entry_whose_writing_was_cut_off_never_came_to_be(log):
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"action": "promo')
    entries = read_entries(log)
    assert len(entries) == 4
    append_entry(log, new_entry(entries, "2026-01-02", "promoted", "cd", {}))
    assert log.read_bytes().startswith(whole)
    assert read_entries(log)[-1].action == "promoted"
