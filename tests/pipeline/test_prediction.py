"""Which files of a folder are scored, and as which cases."""

from pipeline.prediction import CaseImages, find_cases


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
