"""The component on small sets of real files: what is kept, what is quarantined, what stops."""

import dataclasses
import functools
import json
import shutil
import traceback
from collections import Counter
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
import tensorflow as tf
from google.api_core import exceptions
from PIL import Image
from tfx.types import artifact_utils, standard_artifacts

from components.artifact_types import IngestionReport as IngestionReportArtifact
from components.case_example_gen import executor, ingestion
from components.case_example_gen.cases import within_limit
from components.case_example_gen.executor import Executor
from components.case_example_gen.external_set import ExternalSet
from components.case_example_gen.ingestion_report import (
    ConversionCount,
    QuarantineCount,
    ReceivedCount,
    SplitCount,
    TextCount,
    read_ingestion_report,
)
from components.case_example_gen.pseudonym import pseudonym
from components.case_example_gen.settings import DataSettings
from components.case_example_gen.shared_images import SharedImage, parse_line
from tests.components.case_example_gen.object_store import SCHEME, LazyStore
from tests.image_metadata import with_metadata
from trainer.errors import UserError

KEY = b"0123456789abcdef0123456789abcdef"


def run(data: DataSettings, directory: Path):
    key_file = directory / "key"
    key_file.write_bytes(KEY)
    examples = standard_artifacts.Examples()
    examples.uri = str(directory / "examples")
    report = IngestionReportArtifact()
    report.uri = str(directory / "report")
    Executor().Do(
        {},
        {"examples": [examples], "ingestion_report": [report]},
        {
            "data": json.dumps(dataclasses.asdict(data)),
            "manifest": data.manifest,
            "pseudonym_key_file": str(key_file),
        },
    )
    return examples, read_ingestion_report(report.uri)


def read_examples(examples) -> dict[str, list[tf.train.Example]]:
    found = {}
    for split in artifact_utils.decode_split_names(examples.split_names):
        files = [str(p) for p in Path(examples.uri, f"Split-{split}").iterdir()]
        records = tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()
        found[split] = [tf.train.Example.FromString(record) for record in records]
    return found


def shared_images(directory: Path) -> list[SharedImage]:
    files = Path(directory, "report").glob("shared_images-*")
    return [parse_line(line) for path in files for line in path.read_text().splitlines()]


def text(example: tf.train.Example, feature: str) -> list[str]:
    return [v.decode() for v in example.features.feature[feature].bytes_list.value]


def rows_of_cases(write_image, cases: int, site: str = "north", images: int = 2):
    return [
        {
            "image": write_image(
                f"{site}-{case}-{image}.png", seed=crc32(f"{site}/{case}/{image}".encode())
            ),
            "case_id": f"{site}-case-{case}",
            "patient_id": f"{site}-patient-{case // 2}",
            "site": site,
            "view": f"view-{image}",
            "label": "ill" if case % 2 else "well",
        }
        for case in range(cases)
        for image in range(images)
    ]


def write_external(write_image, directory, **changed):
    """Writes `elsewhere.csv` with two cases, whose identifiers are those of other patients."""
    rows = [
        {"image": "new.png", "case_id": "1", "patient_id": "north-patient-0", "dx": "SICK"},
        {"image": "other.png", "case_id": "2", "patient_id": "2", "dx": "other disease"},
    ]
    write_image("new.png", seed=77777)
    write_image("other.png", seed=77778)
    rows[0] |= changed
    lines = ["image,case_id,patient_id,site,dx"]
    lines += [f"{r['image']},{r['case_id']},{r['patient_id']},x,{r['dx']}" for r in rows]
    (directory / "elsewhere.csv").write_text("\n".join(lines) + "\n")
    return ExternalSet("elsewhere", str(directory / "elsewhere.csv"), {"ill": "SICK"}, "dx")


def test_an_external_collection_is_a_held_out_site(tmp_path, write_image, write_manifest, settings):
    rows = rows_of_cases(write_image, cases=40)
    external = write_external(write_image, tmp_path)
    data = dataclasses.replace(settings, manifest=write_manifest(rows), external=(external,))
    examples, report = run(data, tmp_path)
    shifted = read_examples(examples)["shifted"]
    assert {text(example, "site")[0] for example in shifted} == {"elsewhere"}
    assert sorted(text(example, "label") for example in shifted) == [[], ["ill"]]
    # A patient of the same number elsewhere is another patient: all 40 cases stay.
    assert sum(count.cases for count in report.counts if count.site == "north") == 40


def test_an_image_that_the_data_set_has_too_is_left_out_of_the_external_collection(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, cases=40)
    external = write_external(write_image, tmp_path, image=rows[0]["image"])
    data = dataclasses.replace(
        settings, manifest=write_manifest(rows), external=(external,), max_bad_fraction=0.1
    )
    _, report = run(data, tmp_path)
    [left_out] = report.first_quarantined
    assert (left_out.site, left_out.reason) == ("elsewhere", "duplicate image")
    assert (left_out.row, left_out.collection) == (2, "elsewhere")
    # One person: what else the other collection has of them is looked for.
    [shared] = shared_images(tmp_path)
    identifiers = (rows[0]["patient_id"], "elsewhere/north-patient-0")
    assert set(shared.patients) == {pseudonym(KEY, "patient", name) for name in identifiers}


@pytest.fixture
def settings():
    return DataSettings(manifest="", task="multi_class", classes=("well", "ill"))


def test_cases_keep_their_images_views_and_label(tmp_path, write_image, write_manifest, settings):
    manifest = write_manifest(rows_of_cases(write_image, cases=20))
    examples, report = run(dataclasses.replace(settings, manifest=manifest), tmp_path)
    by_case = {
        text(e, "case_id")[0]: e for split in read_examples(examples).values() for e in split
    }
    example = by_case[pseudonym(KEY, "case", "north-case-3")]
    assert text(example, "view") == ["view-0", "view-1"]
    assert text(example, "visit") == ["unknown", "unknown"]
    assert text(example, "label") == ["ill"]
    assert text(example, "sex") == ["unknown"]
    images = list(example.features.feature["image"].bytes_list.value)
    assert images == [(tmp_path / f"north-3-{i}.png").read_bytes() for i in range(2)]
    assert list(example.features.feature["image_count"].int64_list.value) == [2]
    assert len(example.features.feature["image_mean"].float_list.value) == 2
    assert (report.received_images, report.received_cases, report.lost_cases) == (40, 20, 0)
    patients = len({text(example, "patient_id")[0] for example in by_case.values()})
    assert (report.received_patients, report.kept_patients) == (patients, patients)


def test_only_findings_that_are_known_are_named_for_the_statistics(
    tmp_path, write_image, write_manifest
):
    rows = rows_of_cases(write_image, cases=6)
    for row in rows:
        row |= {"opacity": "1", "effusion": ""}
    columns = [*rows[0], "sex", "age"]
    manifest = write_manifest(rows, columns)
    data = DataSettings(manifest, task="multi_label", classes=("opacity", "effusion"))
    examples, _ = run(data, tmp_path)
    found = [example for split in read_examples(examples).values() for example in split]
    assert {tuple(text(example, "known_finding")) for example in found} == {("opacity=1",)}


def test_a_patient_stands_in_one_split_and_a_held_out_site_in_its_own(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, 30) + rows_of_cases(write_image, 6, site="valley")
    data = dataclasses.replace(
        settings, manifest=write_manifest(rows), shifted_sites=("valley",), max_bad_fraction=0
    )
    examples, report = run(data, tmp_path)
    splits_of_patient: dict[str, set[str]] = {}
    sites_of_split: dict[str, set[str]] = {}
    for split, found in read_examples(examples).items():
        for example in found:
            splits_of_patient.setdefault(text(example, "patient_id")[0], set()).add(split)
            sites_of_split.setdefault(split, set()).add(text(example, "site")[0])
    assert all(len(splits) == 1 for splits in splits_of_patient.values())
    assert len(splits_of_patient) == 18
    assert sites_of_split["shifted"] == {"valley"}
    assert sites_of_split["train"] == {"north"}
    assert SplitCount("valley", "shifted", 6, 3, 12, 6, 6) in report.counts


def test_no_raw_identifier_is_written(tmp_path, write_image, write_manifest, settings):
    manifest = write_manifest(rows_of_cases(write_image, cases=12))
    examples, _ = run(dataclasses.replace(settings, manifest=manifest), tmp_path)
    for split in read_examples(examples).values():
        for example in split:
            assert b"patient-" not in example.SerializeToString()
            assert b"case-" not in example.SerializeToString()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("jpg", "RGB"), ("jpg", "L"), ("jpg", "CMYK"), ("png", "RGB"), ("png", "L"), ("png", "P")],
)
def test_what_stands_in_the_metadata_of_images_is_not_written(
    tmp_path, write_image, write_manifest, settings, kind, mode
):
    rows = rows_of_cases(write_image, cases=12)
    for number, row in enumerate(rows):
        row["image"] = write_image(f"{number}.{kind}", number, mode)
        path = tmp_path / row["image"]
        path.write_bytes(with_metadata(path.read_bytes(), row["patient_id"].encode()))
    examples, report = run(dataclasses.replace(settings, manifest=write_manifest(rows)), tmp_path)
    assert report.quarantined_images == 0
    written = [e for split in read_examples(examples).values() for e in split]
    assert len(written) == 12
    assert not [e for e in written if b"patient-" in e.SerializeToString()]
    for file in (tmp_path / "report").rglob("*"):
        assert b"north-patient-" not in file.read_bytes()


def test_copies_of_an_image_are_told_by_the_bytes_of_their_files(
    tmp_path, write_image, write_manifest, settings
):
    """As validation tells them: one picture with other metadata is left to the leakage check."""
    rows = rows_of_cases(write_image, cases=10)
    given = (tmp_path / rows[0]["image"]).read_bytes()
    (tmp_path / rows[4]["image"]).write_bytes(given)
    (tmp_path / rows[8]["image"]).write_bytes(with_metadata(given, b"exported anew"))
    data = dataclasses.replace(settings, manifest=write_manifest(rows), max_bad_fraction=0.9)
    _, report = run(data, tmp_path)
    assert [image.row for image in report.first_quarantined] == [6]


def test_every_bad_image_is_quarantined_with_its_reason(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, cases=10)
    whole = (tmp_path / rows[0]["image"]).read_bytes()
    (tmp_path / rows[0]["image"]).write_bytes(whole[: len(whole) // 2])
    (tmp_path / rows[2]["image"]).write_bytes(b"this is no image")
    (tmp_path / rows[4]["image"]).unlink()
    (tmp_path / rows[6]["image"]).write_bytes((tmp_path / rows[9]["image"]).read_bytes())
    (tmp_path / rows[10]["image"]).write_bytes(b"")
    rows[12]["label"] = "perhaps"
    rows[14]["label"], rows[15]["label"] = "well", "ill"
    data = dataclasses.replace(settings, manifest=write_manifest(rows), max_bad_fraction=0.9)
    _, report = run(data, tmp_path)
    assert Counter(image.reason for image in report.first_quarantined) == {
        "truncated": 1,
        "cannot be decoded": 1,
        "file is missing": 1,
        "duplicate image of another patient": 1,
        "empty file": 1,
        "row cannot be read": 1,
        "case contradicts itself": 2,
    }
    duplicate = next(i for i in report.first_quarantined if i.reason.startswith("duplicate image"))
    assert (duplicate.row, duplicate.detail) == (11, "same bytes as row 8")
    [shared] = shared_images(tmp_path)
    assert shared.image == sha256((tmp_path / rows[6]["image"]).read_bytes()).hexdigest()
    assert set(shared.patients) == {
        pseudonym(KEY, "patient", rows[i]["patient_id"]) for i in (6, 9)
    }
    assert sum(count.images for count in report.counts) == 20 - 8


def test_a_missing_object_of_an_object_store_is_quarantined_and_not_named(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, cases=10)
    (tmp_path / rows[4]["image"]).rename(tmp_path / "moved.png")
    manifest = f"{SCHEME}://{write_manifest(rows)}"
    data = dataclasses.replace(settings, manifest=manifest, max_bad_fraction=0.5)
    _, report = run(data, tmp_path)
    [left_out] = report.first_quarantined
    assert (left_out.row, left_out.reason, left_out.detail) == (6, "file is missing", "NotFound")


def test_a_fault_of_the_object_store_stops_the_run_and_names_no_image(
    tmp_path, write_image, write_manifest, settings, monkeypatch
):
    rows = rows_of_cases(write_image, cases=10)
    name = rows[4]["image"]
    monkeypatch.setattr(LazyStore, "faults", {name: exceptions.ServiceUnavailable(name)})
    manifest = f"{SCHEME}://{write_manifest(rows)}"
    with pytest.raises(Exception, match="ServiceUnavailable 503") as raised:
        run(dataclasses.replace(settings, manifest=manifest), tmp_path)
    assert name not in "".join(traceback.format_exception(raised.value))


def contradict(rows):
    rows[0]["label"], rows[1]["label"] = "well", "ill"


def file_at_a_held_out_site(rows):
    rows[-1]["patient_id"] = rows[-2]["patient_id"] = rows[0]["patient_id"]


def split_in_two(rows):
    rows[0]["split"], rows[4]["split"] = "train", "test"
    rows[4]["patient_id"] = rows[5]["patient_id"] = rows[0]["patient_id"]


@pytest.mark.parametrize("spoil", [contradict, file_at_a_held_out_site, split_in_two])
def test_of_the_same_bytes_the_first_in_a_case_that_is_kept_is_kept(
    tmp_path, write_image, write_manifest, settings, spoil
):
    rows = rows_of_cases(write_image, 20) + rows_of_cases(write_image, 2, site="valley")
    for number in (8, 12):
        rows[number]["image"] = rows[0]["image"]
    spoil(rows)
    data = dataclasses.replace(
        settings, manifest=write_manifest(rows), shifted_sites=("valley",), max_bad_fraction=0.9
    )
    examples, report = run(data, tmp_path)
    reasons = {image.row: (image.reason, image.detail) for image in report.first_quarantined}
    assert "same bytes" not in reasons[2][1]
    assert 10 not in reasons
    assert reasons[14][1] == "same bytes as row 10"
    image = (tmp_path / rows[0]["image"]).read_bytes()
    holders = [
        text(example, "case_id")
        for found in read_examples(examples).values()
        for example in found
        if image in example.features.feature["image"].bytes_list.value
    ]
    assert holders == [[pseudonym(KEY, "case", rows[8]["case_id"])]]
    assert len(shared_images(tmp_path)) == 1


def test_a_case_whose_every_image_another_case_has_is_lost(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, cases=10)
    rows[4]["image"], rows[5]["image"] = rows[0]["image"], rows[9]["image"]
    data = dataclasses.replace(settings, manifest=write_manifest(rows), max_bad_fraction=0.9)
    examples, report = run(data, tmp_path)
    # Row 7 comes before row 11, and has its image alone.
    assert {image.row for image in report.first_quarantined} == {6, 11}
    assert report.lost_cases == 0
    rows[5]["image"] = rows[1]["image"]
    examples, report = run(dataclasses.replace(data, manifest=write_manifest(rows)), tmp_path)
    assert {image.row for image in report.first_quarantined} == {6, 7}
    assert report.lost_cases == 1
    assert sum(len(found) for found in read_examples(examples).values()) == 9


@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_an_image_of_three_patients_is_a_phantom_that_one_case_keeps(
    tmp_path, write_image, write_manifest, settings, mode
):
    rows = rows_of_cases(write_image, cases=20)
    # Cases 0 and 1 are of one patient, so five patients have it.
    of_many = [0, 2, 4, 8, 12, 16]
    for number in of_many:
        write_image(rows[number]["image"], seed=1, mode=mode)
    data = dataclasses.replace(settings, manifest=write_manifest(rows), max_bad_fraction=0.9)
    examples, report = run(data, tmp_path)
    assert {(image.row, image.reason, image.detail) for image in report.first_quarantined} == {
        (number + 2, "duplicate image of three or more patients", "same bytes as row 2")
        for number in of_many[1:]
    }
    kept = Counter(
        sha256(image).hexdigest()
        for found in read_examples(examples).values()
        for example in found
        for image in example.features.feature["image"].bytes_list.value
    )
    # As it is written, which is how the leakage check sees it: a palette is looked up.
    [shared] = shared_images(tmp_path)
    assert kept[shared.image] == 1
    assert len(shared.patients) == 3


def test_a_copy_filed_under_another_patient_names_neither(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, cases=20)
    folder = tmp_path / f"of-{rows[0]['patient_id']}"
    folder.mkdir()
    copy = folder / f"{rows[5]['patient_id']}.png"
    copy.write_bytes((tmp_path / rows[0]["image"]).read_bytes())
    rows[5]["image"] = str(copy.relative_to(tmp_path))
    data = dataclasses.replace(settings, manifest=write_manifest(rows), max_bad_fraction=0.9)
    _, report = run(data, tmp_path)
    [quarantined] = report.first_quarantined
    assert quarantined.row == 7
    written = "".join(
        path.read_text() for path in Path(tmp_path, "report").iterdir() if path.is_file()
    )
    assert not [row for row in rows if row["patient_id"] in written]


def test_no_cell_of_a_contradiction_is_written(tmp_path, write_image, write_manifest, settings):
    rows = rows_of_cases(write_image, cases=10)
    rows[0]["site"] = "south MRN-4711"
    data = dataclasses.replace(settings, manifest=write_manifest(rows), max_bad_fraction=0.9)
    run(data, tmp_path)
    lines = "".join(path.read_text() for path in (tmp_path / "report").glob("quarantined-*.jsonl"))
    details = [json.loads(line)["detail"] for line in lines.splitlines()]
    assert details == ["site: one case with two values; make its rows agree"] * 2


def test_the_report_stays_small_and_every_quarantined_image_is_a_line_beside_it(
    tmp_path, write_image, write_manifest, settings, monkeypatch
):
    monkeypatch.setattr(executor, "FIRST_QUARANTINED", 2)
    rows = rows_of_cases(write_image, cases=10)
    for row in (2, 6, 10):
        (tmp_path / rows[row]["image"]).unlink()
    data = dataclasses.replace(settings, manifest=write_manifest(rows), max_bad_fraction=0.5)
    _, report = run(data, tmp_path)
    assert report.quarantined == (QuarantineCount("file is missing", "north", 3),)
    assert [image.row for image in report.first_quarantined] == [4, 8]
    lines = "".join(path.read_text() for path in (tmp_path / "report").glob("quarantined-*.jsonl"))
    assert sorted(json.loads(line)["row"] for line in lines.splitlines()) == [4, 8, 12]


def test_a_patient_seen_at_a_held_out_site_is_not_trained_on(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, 20) + rows_of_cases(write_image, 2, site="valley")
    rows[-1]["patient_id"] = rows[-2]["patient_id"] = rows[0]["patient_id"]
    # The images left out for it are sound: they do not count as bad.
    data = dataclasses.replace(
        settings, manifest=write_manifest(rows), shifted_sites=("valley",), max_bad_fraction=0
    )
    _, report = run(data, tmp_path)
    reasons = {(image.row, image.reason) for image in report.first_quarantined}
    assert reasons == {(row, "patient is also seen at a held-out site") for row in (2, 3, 4, 5)}
    (tmp_path / rows[10]["image"]).write_bytes(b"no image")
    with pytest.raises(UserError, match=r"1 of 44 images \(2\.3%\).*The first: row 12: cannot"):
        run(data, tmp_path)


def test_images_beyond_a_cases_bytes_are_left_out_and_are_not_bad(
    tmp_path, write_image, write_manifest, settings, monkeypatch
):
    rows = rows_of_cases(write_image, cases=10, images=1)
    rows += [rows[0] | {"image": write_image(f"more-{n}.png", seed=n)} for n in range(4)]
    size = (tmp_path / rows[0]["image"]).stat().st_size
    limited = functools.partial(within_limit, most_bytes=3 * size + size // 2)
    monkeypatch.setattr(ingestion, "within_limit", limited)
    data = dataclasses.replace(settings, manifest=write_manifest(rows), max_bad_fraction=0)
    examples, report = run(data, tmp_path)
    assert report.quarantined == (
        QuarantineCount("one of more images than a case may hold", "north", 2),
    )
    assert (report.bad_images, report.lost_cases) == (0, 0)
    [case] = [
        example
        for found in read_examples(examples).values()
        for example in found
        if text(example, "case_id") == [pseudonym(KEY, "case", rows[0]["case_id"])]
    ]
    assert len(case.features.feature["image"].bytes_list.value) == 3


def test_an_image_that_no_case_can_hold_is_too_large(
    tmp_path, write_image, write_manifest, settings, monkeypatch
):
    rows = rows_of_cases(write_image, cases=10)
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / rows[3]["image"])
    monkeypatch.setattr(ingestion, "MOST_BYTES", 100_000)
    data = dataclasses.replace(settings, manifest=write_manifest(rows), max_bad_fraction=0.5)
    _, report = run(data, tmp_path)
    assert report.quarantined == (QuarantineCount("too large", "north", 1),)


def test_what_was_received_is_counted_by_site_so_that_what_is_lost_there_follows(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, 20) + rows_of_cases(write_image, 4, site="valley")
    # One of two cases of a patient in the north; both cases of one in the valley.
    for number in (0, 1, 44, 45, 46, 47):
        (tmp_path / rows[number]["image"]).write_bytes(b"no image")
    both = rows_of_cases(write_image, 1, site="hill")
    for row in both:
        row["patient_id"] = "north-patient-3"
    both[1]["label"] = "perhaps"
    data = dataclasses.replace(
        settings, manifest=write_manifest([*rows, *both]), max_bad_fraction=0.9
    )
    _, report = run(data, tmp_path)
    assert report.received == (
        ReceivedCount("hill", images=1, cases=1, patients=1),
        ReceivedCount("north", images=40, cases=20, patients=10),
        ReceivedCount("unknown", images=1, cases=0, patients=0),
        ReceivedCount("valley", images=8, cases=4, patients=2),
    )
    kept = {
        name: tuple(
            sum(getattr(count, kind) for count in report.counts if count.site == name)
            for kind in ("images", "cases", "patients")
        )
        for name in ("hill", "north", "valley")
    }
    assert kept == {"hill": (1, 1, 1), "north": (38, 19, 10), "valley": (4, 2, 1)}
    assert (report.received_images, report.received_cases, report.received_patients) == (50, 25, 12)
    assert (report.lost_cases, report.kept_patients) == (3, 11)


def test_a_report_of_an_older_version_says_nothing_of_what_each_site_sent(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, cases=10)
    _, report = run(dataclasses.replace(settings, manifest=write_manifest(rows)), tmp_path)
    file = tmp_path / "report" / "ingestion_report.json"
    values = json.loads(file.read_text())
    del values["received"]
    file.write_text(json.dumps(values))
    older = read_ingestion_report(str(file.parent))
    assert older == dataclasses.replace(report, received=())


def test_converted_images_are_counted_by_site(tmp_path, write_image, write_manifest, settings):
    rows = rows_of_cases(write_image, cases=10)
    for number in (0, 1):
        with Image.open(tmp_path / rows[number]["image"]) as image:
            image.convert("P").save(tmp_path / rows[number]["image"])
    data = dataclasses.replace(settings, manifest=write_manifest(rows))
    _, report = run(data, tmp_path)
    assert report.converted == (ConversionCount("palette", "north", 2),)
    assert report.quarantined_images == 0


def test_images_whose_rows_say_that_their_pixels_hold_text_are_counted_by_site(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, 10) + rows_of_cases(write_image, 2, site="valley")
    for number, said in ((0, "yes"), (1, "YES"), (2, "no"), (3, "yes"), (20, "yes")):
        rows[number]["text_in_pixels"] = said
    # Never checked further, and so not counted.
    (tmp_path / rows[3]["image"]).write_bytes(b"no image")
    data = dataclasses.replace(settings, manifest=write_manifest(rows), max_bad_fraction=0.1)
    _, report = run(data, tmp_path)
    assert report.text_in_pixels == (TextCount("north", 2), TextCount("valley", 1))
    assert report.quarantined_images == 1


def test_a_report_of_an_older_version_counts_no_images_with_text(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, cases=10)
    rows[0]["text_in_pixels"] = "yes"
    _, report = run(dataclasses.replace(settings, manifest=write_manifest(rows)), tmp_path)
    file = tmp_path / "report" / "ingestion_report.json"
    values = json.loads(file.read_text())
    assert values.pop("text_in_pixels") == [{"site": "north", "images": 1}]
    file.write_text(json.dumps(values))
    older = read_ingestion_report(str(file.parent))
    assert older == dataclasses.replace(report, text_in_pixels=())


def test_a_held_out_site_without_a_case_stops_the_run(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, 20) + rows_of_cases(write_image, 2, site="valley")
    data = dataclasses.replace(settings, manifest=write_manifest(rows), shifted_sites=("Valley",))
    with pytest.raises(UserError, match=r"held-out site 'Valley' has no case\. Sites"):
        run(data, tmp_path)


def test_a_row_for_each_reader_adds_its_label_to_the_case(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, cases=10)
    rows[0]["label"] = rows[1]["label"] = ""
    agreeing = rows[0] | {"label": "ill"}
    contradicting = rows[2] | {"label": "well" if rows[2]["label"] == "ill" else "ill"}
    of_another_case = rows[4] | {"case_id": "case-new", "label": contradicting["label"]}
    of_another_case |= {"label": "well" if rows[4]["label"] == "ill" else "ill"}
    data = dataclasses.replace(
        settings,
        manifest=write_manifest([*rows, agreeing, contradicting, of_another_case]),
        max_bad_fraction=0.9,
    )
    examples, report = run(data, tmp_path)
    assert {(image.row, image.reason) for image in report.first_quarantined} == {
        (22, "duplicate image"),
        (23, "duplicate image"),
        (24, "duplicate image with other labels"),
        (4, "case contradicts itself"),
        (5, "case contradicts itself"),
    }
    case_0 = pseudonym(KEY, "case", rows[0]["case_id"])
    [kept] = [
        example
        for found in read_examples(examples).values()
        for example in found
        if text(example, "case_id") == [case_0]
    ]
    assert text(kept, "label") == ["ill"]
    assert len(kept.features.feature["image"].bytes_list.value) == 2


def test_too_many_bad_images_stop_the_run_and_the_first_is_named(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, cases=10)
    (tmp_path / rows[5]["image"]).write_bytes(b"no image")
    data = dataclasses.replace(settings, manifest=write_manifest(rows))
    with pytest.raises(UserError, match=r"1 of 20 images \(5.0%\).*row 7: cannot be decoded"):
        run(data, tmp_path)


def test_identifiers_in_the_names_of_bad_images_stay_behind(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, cases=10)
    folder = tmp_path / "p10" / "p10000032" / "s50414267"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"no image")
    rows[4] |= {
        "image": "p10/p10000032/s50414267/a.jpg",
        "patient_id": "10000032",
        "case_id": "50414267",
    }
    path = Path(write_manifest(rows))
    # A comma too many moves the patient under the heading of the site.
    path.write_text(path.read_text() + "x.png,y,c-99,patient-99,north,PA,,,,well\n")
    data = dataclasses.replace(settings, manifest=str(path), max_bad_fraction=0.5)
    _, report = run(data, tmp_path)
    assert {image.row: image.site for image in report.first_quarantined} == {
        6: "north",
        22: "unknown",
    }
    for file in (tmp_path / "report").rglob("*"):
        content = file.read_text()
        assert not [raw for raw in ("10000032", "50414267", "patient-99") if raw in content]
    with pytest.raises(UserError, match="The first: row 6: cannot be decoded"):
        run(dataclasses.replace(data, max_bad_fraction=0.01), tmp_path)


def test_where_too_many_are_bad_the_list_of_all_of_them_outlives_the_failed_step(
    tmp_path, write_image, write_manifest, settings
):
    rows = rows_of_cases(write_image, cases=10)
    missing = (2, 5, 11)
    for row in missing:
        rows[row - 2] |= {"image": f"missing-{row}.jpg"}
    data = dataclasses.replace(settings, manifest=write_manifest(rows), max_bad_fraction=0.0)
    with pytest.raises(UserError, match=r"All are in .*report-refused/quarantined-"):
        run(data, tmp_path)
    shutil.rmtree(tmp_path / "report")
    files = (tmp_path / "report-refused").glob("quarantined-*.jsonl")
    listed = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert sorted(image["row"] for image in listed) == list(missing)
    assert read_ingestion_report(str(tmp_path / "report-refused")).quarantined_images == 3


def test_an_unlabelled_set_lies_wholly_in_the_training_split(tmp_path, write_image, write_manifest):
    manifest = write_manifest(rows_of_cases(write_image, cases=10))
    examples, _ = run(DataSettings(manifest=manifest), tmp_path)
    found = read_examples(examples)
    assert {split: len(cases) for split, cases in found.items()} == {"train": 10}
    assert not text(found["train"][0], "label")
