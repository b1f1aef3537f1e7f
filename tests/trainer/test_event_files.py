import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from trainer.event_files import EventFiles


def read(directory):
    """Returns what TensorBoard itself reads: step and value of each tag."""
    accumulator = EventAccumulator(str(directory), size_guidance={"tensors": 0}).Reload()
    return {
        tag: [(e.step, float(make_ndarray(e.tensor_proto))) for e in accumulator.Tensors(tag)]
        for tag in accumulator.Tags()["tensors"]
    }


def record(directory, steps, *, after_step, value):
    events = EventFiles(directory, after_step=after_step)
    for step in steps:
        events.write(step, {"training/loss": value + step})
    return events


def test_tensorboard_reads_every_scalar_once_over_two_stops(tmp_path):
    # Neither run closes its file, as if it had been killed; each went on from a step before.
    record(tmp_path, [1, 2, 3], after_step=0, value=0.0)
    record(tmp_path, [3, 4, 5], after_step=2, value=0.5)
    record(tmp_path, [5, 6], after_step=4, value=0.25)
    expected = [(1, 1.0), (2, 2.0), (3, 3.5), (4, 4.5), (5, 5.25), (6, 6.25)]
    assert read(tmp_path) == {"training/loss": expected}


def test_earlier_events_are_read_first_whatever_their_file_is_called(tmp_path):
    # Writers of one process and second are numbered: by name the tenth comes before the ninth.
    record(tmp_path, [1, 2], after_step=0, value=0.0)
    (file,) = tmp_path.iterdir()
    file.rename(tmp_path / "events.out.tfevents.99999999999.writer.9.v2")
    record(tmp_path, [3], after_step=2, value=0.0)
    assert read(tmp_path) == {"training/loss": [(1, 1.0), (2, 2.0), (3, 3.0)]}


def test_a_kill_while_files_are_gathered_leaves_no_doubles(tmp_path):
    record(tmp_path, [1, 2], after_step=0, value=0.0)
    (file,) = tmp_path.iterdir()
    (tmp_path / (file.name + ".again")).write_bytes(file.read_bytes())
    record(tmp_path, [3], after_step=2, value=0.0)
    assert read(tmp_path) == {"training/loss": [(1, 1.0), (2, 2.0), (3, 3.0)]}


def test_a_torn_event_is_left_out(tmp_path, caplog):
    record(tmp_path, [1, 2], after_step=0, value=0.0)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    record(tmp_path, [2], after_step=2, value=7.0)
    assert read(tmp_path) == {"training/loss": [(1, 1.0), (2, 9.0)]}
    assert "in the middle of an event" in caplog.text


@pytest.mark.parametrize("after_step", [0, 10])
def test_a_training_from_the_start_forgets_events_of_an_earlier_one(tmp_path, after_step):
    record(tmp_path, [1, 2], after_step=0, value=0.0)
    record(tmp_path, [], after_step=after_step, value=0.0)
    assert read(tmp_path) == ({"training/loss": [(1, 1.0), (2, 2.0)]} if after_step else {})
