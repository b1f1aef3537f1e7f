import pytest

from benchmarks.ingestion import exponent, marginal, plan, steps, table

ROWS = [
    {
        "images": images,
        "seconds": 10 + images / 50,
        "processor_seconds": 20 + images / 40,
        "peak_megabytes": 500 + images / 100,
        "source_bytes": images * 1e5,
        "tensorflow_seconds": images / 100,
        "tensorflow_processor_seconds": 8 + images / 50,
        "pillow_seconds": images / 125,
        "pillow_processor_seconds": 3 + images / 100,
        "squares_seconds": images / 200,
        "squares_processor_seconds": 8 + images / 80,
    }
    for images in (1000, 11_000)
]


def test_the_cost_of_a_further_image_is_without_the_start():
    assert marginal(ROWS, "seconds") == pytest.approx(0.02)


def test_the_exponent_is_one_where_time_grows_with_the_images():
    rows = [{"images": n, "seconds": 0.03 * n} for n in (1000, 5000, 50_000)]
    assert exponent(rows) == pytest.approx(1)
    assert exponent([{"images": n, "seconds": n**2} for n in (10, 100)]) == pytest.approx(2)


def test_the_plan_is_cost_times_number():
    text = "\n".join(plan(0.036, 1e5))
    assert "| core-hours | 100.0 |" in text
    assert "| hours on 50 cores | 2 |" in text
    assert "| source bytes | 1.00 TB |" in text
    assert "| shards of cases | 3,725 |" in text


def test_a_busy_machine_is_said():
    work = {"bare_seconds": 1.0, "transform_seconds": 1.25}
    text = "\n".join(table(ROWS, work, load=3.0))
    assert "| 1000 | 30 | 33.3 | 100.0 | 0.33 | 510 |" in text
    assert "0.80 times as fast" in text
    assert "Without the start: 50.0 images/s, 25.0 ms of a core for a further image" in text
    for line in (
        "with tensorflow (20.0 ms of a core): 0.50 times the rate, 0.80 in processor time.",
        "with pillow (10.0 ms of a core): 0.40 times the rate, 0.40 in processor time.",
        "with squares (12.5 ms of a core): 0.25 times the rate, 0.50 in processor time.",
    ):
        assert f"Of the plain writer {line}" in text
    assert "The machine was busy (load 3.0" in text
    assert "busy" not in "\n".join(table(ROWS, work, load=0.1))


def test_with_a_third_size_the_cost_of_a_further_image_is_told_for_each_step():
    dearer = {**ROWS[1], "images": 21_000, "seconds": 730, "processor_seconds": 545}
    assert steps(ROWS) == []
    assert steps([*ROWS, dearer]) == [
        "A further image between 1000 and 11000: 20.00 ms, 25.00 of a core.",
        "A further image between 11000 and 21000: 50.00 ms, 25.00 of a core.",
        "Without the start of 10 s, from 11000 images on: exponent of time 1.83.",
    ]
