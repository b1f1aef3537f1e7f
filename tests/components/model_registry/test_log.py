"""The log's chain: what it notices, and that an entry comes to be once and whole."""

import hashlib
import json

import pytest

from components.model_registry.log import append_entry, entry_name, new_entry, read_entries
from trainer.errors import UserError


def add_entry(storage, action="signed", number=0):
    details = {"passed": True, "name": f"Dr. Ä {number}"}
    entry = new_entry(read_entries(storage), "2026-01-01", action, "ab", details)
    assert append_entry(storage, entry)
    return entry


@pytest.fixture
def log(storage):
    for number in range(4):
        add_entry(storage, number=number)
    return storage


def test_an_untouched_log_is_read_whole(log):
    assert [entry.number for entry in read_entries(log)] == [1, 2, 3, 4]


def test_a_hash_is_sha256_of_the_other_fields_and_chains_to_the_entry_before(log):
    first, second = (json.loads(text) for text in log.read([entry_name(1), entry_name(2)]))
    stated = first.pop("hash")
    text = json.dumps(first, sort_keys=True, separators=(",", ":"))
    assert stated == hashlib.sha256(text.encode()).hexdigest()
    assert first["previous"] == "0" * 64
    assert second["previous"] == stated


def test_a_changed_entry_is_named(log, intruder):
    intruder.change(entry_name(3), lambda text: text.replace("u00c4 2", "u00c4 7"))
    with pytest.raises(UserError, match=r"log/00000003\.json was changed after it was written"):
        read_entries(log)


def test_a_removed_entry_is_missed(log, intruder):
    intruder.remove(entry_name(2))
    with pytest.raises(UserError, match=r"log/00000002\.json is missing"):
        read_entries(log)


def test_a_removed_entry_is_noticed_even_if_its_followers_are_renumbered(log, intruder):
    intruder.remove(entry_name(2))
    for number in (2, 3):
        intruder.rename(entry_name(number + 1), entry_name(number))
        forged = {"number": number}
        intruder.change(
            entry_name(number), lambda text, forged=forged: json.dumps(json.loads(text) | forged)
        )
    with pytest.raises(UserError, match=r"log/00000002\.json does not follow"):
        read_entries(log)


def test_entries_that_changed_places_are_noticed(log, intruder):
    intruder.rename(entry_name(2), "elsewhere")
    intruder.rename(entry_name(3), entry_name(2))
    intruder.rename("elsewhere", entry_name(3))
    with pytest.raises(UserError, match=r"log/00000002\.json does not follow"):
        read_entries(log)


def test_a_file_that_is_no_entry_is_named(log, intruder):
    intruder.change(entry_name(4), lambda _text: "{}")
    with pytest.raises(UserError, match=r"log/00000004\.json cannot be read"):
        read_entries(log)


def test_of_two_entries_that_follow_the_same_one_the_second_is_turned_away(log):
    entries = read_entries(log)
    first = new_entry(entries, "2026-01-02", "promoted", "ab", {})
    second = new_entry(entries, "2026-01-02", "promoted", "cd", {})
    assert append_entry(log, first)
    assert not append_entry(log, second)
    assert read_entries(log)[-1] == first


def test_an_entry_whose_first_writing_was_not_answered_is_written(log):
    """The client tries again and finds that the file exists: it is its own."""
    entry = new_entry(read_entries(log), "2026-01-02", "rolled_back", "ab", {})
    assert append_entry(log, entry)
    assert append_entry(log, entry)
    assert len(read_entries(log)) == 5
