"""`micle inspect`: what the page says of a small data set with a shift that a person can see."""

import csv
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import yaml
from click.testing import CliRunner
from PIL import Image

from components.case_example_gen.settings import DataSettings
from components.site_drift.distributions import Shares, SiteData, numbers_of
from pipeline.command_line import main
from pipeline.inspection.inspection_data import inspection_data

COLUMNS = ("image", "case_id", "patient_id", "site", "view", "sex", "age", "opacity")


@pytest.fixture
def manifest(tmp_path):
    """12 cases each of `north` and `<b>south`, of two images; the south's images are brighter."""
    rows = []
    rng = np.random.default_rng(0)
    for site, low in (("north", 0), ("<b>south", 120)):
        for case in range(12):
            for number in range(2):
                name = f"{'n' if low == 0 else 's'}-{case}-{number}.png"
                pixels = rng.integers(low, low + 100, (30, 40), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / name)
                known = "" if case == 11 else str(int(case < 3))
                rows.append(
                    dict(
                        zip(
                            COLUMNS,
                            (
                                name,
                                f"case{low}-{case}",
                                f"SECRET{low}-{case // 2}",
                                site,
                                "PA",
                                "F",
                                50,
                                known,
                            ),
                            strict=True,
                        )
                    )
                )
    (tmp_path / "n-0-0.png").write_bytes(b"no image")
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path / "manifest.csv"


def settings(manifest):
    return DataSettings(
        manifest=str(manifest),
        task="multi_label",
        classes=("opacity",),
        shifted_sites=("<b>south",),
    )


@pytest.fixture
def sites(manifest):
    data = inspection_data(settings(manifest), images_per_site=100, thumbnails_per_site=3)
    return {site["name"]: site for site in data["sites"]}


def test_counts_are_those_of_the_manifest(sites):
    north = sites["north"]
    assert (north["images"], north["cases"], north["patients"]) == (24, 12, 6)
    assert (north["labelled_cases"], north["several_image_cases"]) == (11, 12)
    assert north["classes"]["opacity"] == {"positives": 3, "known": 11, "prevalence": 3 / 11}
    assert (north["views"], north["sexes"], north["age_groups"]) == (
        {"PA": 24},
        {"female": 12},
        {"40-59": 12},
    )
    assert (north["held_out"], sites["<b>south"]["held_out"]) == (False, True)


def test_images_are_looked_at_and_the_bad_one_is_counted(sites):
    assert sites["north"]["bad_images"] == {"cannot be decoded": 1}
    assert sites["north"]["decoded"] == 23
    assert sites["<b>south"]["sizes"] == [{"width": 40, "height": 30, "images": 24}]
    assert len(sites["<b>south"]["thumbnails"]) == 3


def test_colours_and_bits_are_those_of_the_files_not_of_what_ingestion_makes_of_them(manifest):
    folder = manifest.parent
    pixels = np.random.default_rng(1).integers(0, 2**16, (30, 40, 3), dtype=np.uint16)
    colour = Image.fromarray((pixels >> 8).astype(np.uint8))
    Image.fromarray(pixels[..., 0]).save(folder / "n-1-0.png")
    Image.fromarray(pixels[..., 0]).save(folder / "n-1-1.png", "TIFF")
    colour.convert("CMYK").save(folder / "n-2-0.png", "JPEG")
    colour.convert("P").save(folder / "n-2-1.png")
    (folder / "n-3-0.png").write_bytes(tf.io.encode_png(pixels).numpy())
    colour.convert("1").save(folder / "n-3-1.png")
    data = inspection_data(settings(manifest), images_per_site=100, thumbnails_per_site=0)
    modes = {
        site["name"]: {(m["mode"], m["bits"]): m["images"] for m in site["modes"]}
        for site in data["sites"]
    }
    assert modes == {
        "north": {
            ("L", 8): 17,
            ("I", 16): 2,
            ("CMYK", 8): 1,
            ("P", 8): 1,
            ("RGB", 16): 1,
            ("1", 1): 1,
        },
        "<b>south": {("L", 8): 24},
    }
    page = run(manifest)[1].read_text()
    assert "8-bit grey 17, 16-bit grey 2" in page
    assert "16-bit colour 1" in page


def test_the_shift_is_a_number(manifest):
    data = inspection_data(settings(manifest), images_per_site=100, thumbnails_per_site=0)
    # The north is the only site that training sees, so it is compared with no other.
    [south] = data["drift"]
    assert (south["site"], south["held_out"], south["cases"]) == ("<b>south", True, 12)
    found = {feature["feature"]: feature for feature in south["features"]}
    # 0..99 and 120..219: no mean grey value is common; labels, views and the rest are alike.
    assert found["image_mean"]["distance"] == pytest.approx(1.0)
    assert found["image_mean"]["at_site"] == pytest.approx(169.5 / 255, abs=0.01)
    assert found["image_mean"]["at_training_sites"] == pytest.approx(49.5 / 255, abs=0.01)
    same = {"view", "sex", "age_group", "image_count", "known_finding:opacity"}
    assert {name: found[name]["distance"] for name in same} == dict.fromkeys(same, 0)


def test_against_a_run_every_site_is_a_new_one(manifest):
    training = {
        "elsewhere": SiteData(
            50, {"view": Shares({"AP": 40, "PA": 10}), "image_mean": numbers_of([0.1, 0.2])}
        )
    }
    data = inspection_data(
        settings(manifest), images_per_site=100, thumbnails_per_site=0, training=training
    )
    views = {
        row["site"]: feature
        for row in data["drift"]
        for feature in row["features"]
        if feature["feature"] == "view"
    }
    assert set(views) == {"north", "<b>south"}
    assert views["north"]["distance"] == pytest.approx(0.8)


def test_the_same_images_are_drawn_each_time(manifest):
    def drawn():
        data = inspection_data(settings(manifest), images_per_site=5, thumbnails_per_site=5)
        return json.dumps(data)

    assert drawn() == drawn()


def run(manifest, *options):
    configuration = {
        "name": "chest",
        "output_dir": "run",
        "data": {
            "medical": {
                "manifest": str(manifest),
                "task": "multi_label",
                "classes": ["opacity"],
                "shifted_sites": ["<b>south"],
            }
        },
        "report": {"title": "Chest", "intended_use": "A test"},
    }
    path = manifest.parent / "configuration.yaml"
    path.write_text(yaml.safe_dump(configuration))
    output = manifest.parent / "page.html"
    return CliRunner().invoke(main, ["inspect", str(path), "-o", str(output), *options]), output


def test_the_page_escapes_names_loads_nothing_and_names_nobody(manifest):
    result, output = run(manifest)
    assert result.exit_code == 0, result.output
    page = output.read_text()
    assert "&lt;b&gt;south" in page
    assert "<b>south" not in page
    assert "SECRET" not in page
    assert "case0-1" not in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert "images of patients" in page
    assert page.count("data:image/jpeg") == 16


def test_the_page_and_the_terminal_say_what_differs(manifest):
    result, output = run(manifest)
    assert (
        "<b>south, 12 cases, distance to training: Brightness of the images 1.00" in result.output
    )
    assert "Brightness of the images" in output.read_text()


def test_a_page_is_made_without_loading_tensorflow():
    code = "import sys, pipeline.commands.inspect; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_folder_without_a_run_is_said_in_a_line(manifest, tmp_path):
    (tmp_path / "empty").mkdir()
    result, _ = run(manifest, "--against", str(tmp_path / "empty"))
    assert result.exit_code == 1
    assert "empty: no run here (metadata.sqlite is missing)." in result.output


def test_natural_images_are_compared_with_no_run(manifest, tmp_path):
    result, _ = run(manifest, "--data", "natural", "--against", str(tmp_path))
    assert "--against compares medical images: leave out --data." in result.output


def test_the_page_can_be_made_without_images(manifest):
    result, output = run(manifest, "--thumbnails", "0")
    assert "images of patients" not in output.read_text() + result.output


def test_a_data_set_that_is_not_there_is_said_in_a_line(manifest):
    result, _ = run(manifest, "--data", "natural")
    assert result.exit_code == 1
    assert result.output.rstrip().endswith("configuration.yaml: data.natural: is missing.")
