"""Which files of a folder or manifest are scored, and as which cases."""

import pytest

from pipeline.prediction import CaseImages, find_cases
from trainer.errors import UserError


def test_a_manifest_names_the_images_of_each_case(tmp_path):
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("\ufeffcase_id;image;site\nc1;a.png;x\nc2;b.png;x\nc1;c.png;x\n")
    assert find_cases(manifest) == [
        CaseImages("c1", (tmp_path / "a.png", tmp_path / "c.png")),
        CaseImages("c2", (tmp_path / "b.png",)),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'image,case_id\na.png,c1\n"b.png,c2\nc.png,c3\nd.png",c4\n', "row 3.*quotation mark"),
        (b"image,case_id\na.png,c1\nb.png\n", "row 3: 1 cells where the header has 2"),
        (b"image,case_id\na.png,c1\nb.png,\n", "case_id is blank.* after 1 others"),
        (b"image,case_id\n\xe4.png,c1\n", "cannot be read"),
        (b"image,patient\na.png,p1\n", "column case_id missing"),
    ],
)
def test_a_row_that_cannot_be_read_stops_scoring_since_no_patient_may_be_lost(
    tmp_path, content, message
):
    manifest = tmp_path / "manifest.csv"
    manifest.write_bytes(content)
    with pytest.raises(UserError, match=message):
        find_cases(manifest)


def test_what_macos_keeps_beside_images_is_not_scored(tmp_path):
    images = [tmp_path / "b.png", tmp_path / "case" / "a.jpg"]
    for image in images:
        image.parent.mkdir(exist_ok=True)
        for file in (image, image.with_name(f"._{image.name}")):
            file.touch()
    loose, folder = images
    assert find_cases(tmp_path) == [
        CaseImages("b", (loose,)),
        CaseImages("case", (folder,)),
    ]
