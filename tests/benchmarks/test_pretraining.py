import json
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from benchmarks.peer_process import PeerProcess
from benchmarks.pretraining import summary, table
from benchmarks.pretraining_data import write_images
from benchmarks.project_training import ProjectTraining


def measurements(whole, bare, peer_whole, waiting=0.0):
    def entry(seconds):
        return {"seconds": seconds, "cpu_seconds": 2 * seconds, "waiting_seconds": 0.0}

    return {
        "project bare 0.5": entry(bare),
        "project whole 0.5": {**entry(whole), "waiting_seconds": waiting},
        "peer whole 0.5": entry(peer_whole),
    }


def test_ratios_are_taken_within_a_round_then_summed_up_over_rounds():
    rounds = [
        measurements(whole=0.5, bare=0.4, peer_whole=1.0, waiting=0.05),
        measurements(whole=1.0, bare=0.8, peer_whole=1.5, waiting=0.3),
        measurements(whole=0.6, bare=0.6, peer_whole=0.6),
    ]
    rows = {row["name"]: row for row in summary(rounds, batch_size=10)}
    speed = rows["whole, half width: pairs/s over peer's"]
    assert [speed[key] for key in ("median", "smallest", "largest")] == [1.5, 1.0, 2.0]
    cost = rows["input's cost (whole / bare - 1)"]
    assert [cost[key] for key in ("median", "smallest", "largest")] == pytest.approx(
        [0.25, 0, 0.25]
    )
    assert rows["share of a whole step waiting"]["largest"] == pytest.approx(0.3)
    assert rows["project whole 0.5: pairs/s"]["largest"] == 20
    assert "bare, full width: pairs/s over peer's" not in rows


def test_the_table_shows_a_row_per_figure():
    text = table(summary([measurements(0.5, 0.4, 1.0)], batch_size=10))
    assert "| whole, half width: pairs/s over peer's | at least 1.5 | 2 | 2 | 2 |" in text


def test_records_and_files_hold_the_same_images(tmp_path):
    records = write_images(tmp_path, count=3, side=32)
    files = sorted(tmp_path.glob("*.jpg"))
    examples = tf.data.TFRecordDataset(records, "GZIP").as_numpy_iterator()
    feature = {"image": tf.io.FixedLenFeature([], tf.string)}
    stored = [tf.io.parse_single_example(each, feature)["image"].numpy() for each in examples]
    assert stored == [file.read_bytes() for file in files]
    assert tf.io.decode_jpeg(stored[0]).shape == (32, 32, 3)


def test_waiting_is_a_part_of_the_whole_steps_time(tmp_path):
    records = write_images(tmp_path, count=8, side=32)
    training = ProjectTraining(records, width=0.125, image_size=32, batch_size=4)
    timing = training.whole(warm_up=1, steps=3)
    assert 0 < timing.waiting_seconds < timing.seconds
    assert training.bare(warm_up=1, steps=2).waiting_seconds == 0


def test_the_peers_fastest_settings_are_kept(tmp_path, monkeypatch):
    """The peer is a script that answers as slowly as its settings say."""
    script = tmp_path / "peer.py"
    script.write_text(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    request = json.loads(line)\n"
        "    seconds = abs(request['workers'] - 1) + (1 - request['channels_last'])\n"
        "    print(json.dumps({'seconds': seconds, 'cpu_seconds': 0}), flush=True)\n"
    )
    monkeypatch.setattr("benchmarks.peer_process.SCRIPT", script)
    with PeerProcess(sys.executable, tmp_path, image_size=8, batch_size=2, threads=1) as peer:
        kept = peer.choose_best_settings(0.5)
        assert (kept["channels_last"], kept["workers"]) == (True, 1)
    json.dumps(kept)


def test_a_peer_that_ends_early_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.peer_process.SCRIPT", Path(tmp_path, "missing.py"))
    with (
        PeerProcess(sys.executable, tmp_path, image_size=8, batch_size=2, threads=1) as peer,
        pytest.raises(RuntimeError, match="ended early"),
    ):
        peer.timed("bare", 0.5, warm_up=1, steps=1)
