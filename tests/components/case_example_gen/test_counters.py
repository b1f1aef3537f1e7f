"""What a runner shows while ingestion goes on."""

import apache_beam as beam
from PIL import Image

from components.case_example_gen.ingestion import ingest
from components.case_example_gen.settings import DataSettings


def test_images_are_counted_as_they_are_checked_and_by_the_reason_for_which_they_are_left_out(
    tmp_path, write_image, write_manifest
):
    (tmp_path / "empty.png").touch()
    names = [write_image("a.png", 1), write_image("b.png", 1), write_image("c.png", 2), "empty.png"]
    with Image.open(tmp_path / names[2]) as image:
        image.convert("P").save(tmp_path / names[2])
    rows = [
        {"image": name, "case_id": f"c{n}", "patient_id": "p", "site": "north"}
        for n, name in enumerate(names)
    ]
    for number in (0, 2, 3):
        rows[number]["text_in_pixels"] = "yes"
    pipeline = beam.Pipeline()
    ingest(pipeline, DataSettings(manifest=write_manifest(rows)))
    result = pipeline.run()
    result.wait_until_finish()
    counters = result.metrics().query(beam.metrics.MetricsFilter().with_namespace("ingestion"))
    assert {counter.key.metric.name: counter.result for counter in counters["counters"]} == {
        "converted_palette": 1,
        "images_checked": 4,
        "images_with_text": 2,
        "quarantined_duplicate_image": 1,
        "quarantined_empty_file": 1,
    }
