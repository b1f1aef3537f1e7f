import math

from trainer.watch_table import WatchRow, read_watch_table, write_watch_table


def test_what_was_written_is_read_and_what_is_no_number_stays_empty(tmp_path):
    path = tmp_path / "watch.csv"
    write_watch_table(
        path,
        [WatchRow(1, {"loss": 0.1, "knn_auc": math.nan}), WatchRow(50, {"alignment": 1 / 3})],
    )
    assert read_watch_table(path) == [
        WatchRow(1, {"loss": 0.1}),
        WatchRow(50, {"alignment": 1 / 3}),
    ]
    header, first, second = path.read_text().splitlines()
    assert header.startswith("step,loss,accuracy,entropy,learning_rate,alignment,uniformity,")
    assert first == "1,0.1,,,,,,,,,"
    assert second.startswith("50,,,,,0.3333333333333333,")
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_file_there_are_no_readings(tmp_path):
    assert read_watch_table(tmp_path / "watch.csv") == []
