import numpy as np
import pytest

from trainer.checkpoints import Checkpoint, CheckpointDirectory, fingerprint


def checkpoint(step):
    weights = np.random.default_rng(step).normal(size=1000).astype(np.float32)
    return Checkpoint(step, {"model/0": weights}, {"loss": step / 3})


@pytest.fixture
def directory(tmp_path):
    return CheckpointDirectory(str(tmp_path), "abc")


def test_the_newest_checkpoint_comes_back_to_the_last_bit(directory):
    for step in (9, 10):
        directory.save(checkpoint(step))
    received = directory.newest()
    assert received.step == 10
    assert received.notes == {"loss": 10 / 3}
    np.testing.assert_array_equal(received.arrays["model/0"], checkpoint(10).arrays["model/0"])


def test_there_is_none_before_the_first(directory):
    assert directory.newest() is None


def test_only_the_last_two_are_kept(directory, tmp_path):
    for step in range(1, 6):
        directory.save(checkpoint(step))
    steps = sorted(int(path.stem.split("-")[1]) for path in tmp_path.rglob("*.npz"))
    assert steps == [4, 5]


@pytest.mark.parametrize("kept_share", [0.0, 0.3, 0.99])
def test_after_a_torn_file_the_one_before_is_used(directory, tmp_path, kept_share):
    for step in (1, 2):
        directory.save(checkpoint(step))
    newest = max(tmp_path.rglob("*.npz"))
    content = newest.read_bytes()
    newest.write_bytes(content[: int(kept_share * len(content))])
    assert directory.newest().step == 1


def test_a_flipped_byte_is_noticed(directory, tmp_path):
    for step in (1, 2):
        directory.save(checkpoint(step))
    newest = max(tmp_path.rglob("*.npz"))
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(bytes(content))
    assert directory.newest().step == 1


def test_what_was_being_written_when_the_process_died_is_ignored(directory, tmp_path):
    directory.save(checkpoint(1))
    (tmp_path / "abc" / "step-0000000002.unfinished").write_bytes(b"half")
    assert directory.newest().step == 1


def test_another_fingerprint_sees_nothing(directory, tmp_path):
    directory.save(checkpoint(1))
    assert CheckpointDirectory(str(tmp_path), "other").newest() is None


def test_a_fingerprint_tells_where_one_part_ends():
    assert fingerprint(["ab", "c"]) != fingerprint(["a", "bc"])
    assert fingerprint(["ab", "c"]) == fingerprint(["ab", "c"])
