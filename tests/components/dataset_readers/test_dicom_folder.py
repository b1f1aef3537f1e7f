"""A folder of studies as an archive exports it, with everything wrong that can be."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from components.case_example_gen.manifest import read_manifest
from components.case_example_gen.settings import DataSettings
from components.dataset_readers import dicom_header
from components.dataset_readers.dicom_folder import DicomFolderReader
from components.dataset_readers.file_report import FileReport
from components.dataset_readers.manifest_file import write_manifest
from components.dataset_readers.reader import ImageWriting, ReaderChoices
from tests.components.dataset_readers.dicom_files import SECRETS, write_dicom
from trainer.errors import UserError


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 4096, (16, 16)).astype(np.uint16)


@pytest.fixture
def studies(tmp_path):
    """Two studies of one patient and one of another, out of order of time."""
    folder = tmp_path / "export"
    second = {"StudyInstanceUID": "1.2.2", "StudyDate": "20200409", "InstitutionName": "North"}
    first = {"StudyInstanceUID": "1.2.1", "StudyDate": "20200305", "InstitutionName": "North"}
    write_dicom(folder / "a" / "IM1", picture(1), ViewPosition="PA", PatientSex="F", **second)
    write_dicom(folder / "a" / "IM2", picture(2), ViewPosition="LATERAL", **second)
    write_dicom(folder / "b" / "IM1.dcm", picture(3), PatientAge="069Y", **first)
    write_dicom(
        folder / "c" / "IM1.dcm",
        picture(4),
        StudyInstanceUID="1.3",
        PatientID="Q-1",
        IssuerOfPatientID="South",
        ImageLaterality="L",
        ViewPosition="MLO",
    )
    return folder


class Reading:
    """One reading of a folder, with what it reported."""

    def __init__(self, folder, tmp_path, max_bad_fraction=0.0, processes=1):
        self.images = tmp_path / "images"
        self.report = FileReport(tmp_path / "files.csv", max_bad_fraction)
        writing = ImageWriting(self.images, self.report, processes)
        self.stream = DicomFolderReader().rows(folder, ReaderChoices(writing=writing))

    def rows(self):
        return list(self.stream)

    def named(self):
        with self.report.path.open(newline="") as file:
            return [(row["file"], row["kind"], row["reason"]) for row in csv.DictReader(file)]


def test_a_study_is_a_case_with_its_patient_site_and_views(studies, tmp_path):
    rows = Reading(studies, tmp_path).rows()
    assert [row.case_id for row in rows] == ["1.2.2", "1.2.2", "1.2.1", "1.3"]
    assert [row.patient_id for row in rows] == ["P-0815"] * 3 + ["South/Q-1"]
    assert [row.site for row in rows] == ["North"] * 3 + ["unknown"]
    assert [row.view for row in rows] == ["PA", "lateral", "", "L MLO"]
    assert rows[0].sex == "female"


def test_one_patient_stays_one_whatever_machines_fill_in(tmp_path):
    """One file of a study names the issuer, the site in capitals and the age; others do not."""
    folder = tmp_path / "in"
    names = {"InstitutionName": "St. Mary", "PatientBirthDate": "19600101"}
    write_dicom(
        folder / "1.dcm",
        picture(),
        SOPInstanceUID="1.1",
        StudyInstanceUID="1.2.1",
        PatientID="123",
        PatientAge="058Y",
        IssuerOfPatientID="HOSP1",
        StudyDate="20200101",
        **names,
    )
    names["InstitutionName"] = "ST.  MARY "
    for number in (2, 3):
        write_dicom(
            folder / f"{number}.dcm",
            picture(),
            SOPInstanceUID=f"1.{number}",
            PatientID="123",
            StudyDate="20200111" if number == 3 else "20200101",
            StudyInstanceUID="9.9" if number == 3 else "1.2.1",
            **names,
        )
    rows = Reading(folder, tmp_path).rows()
    assert {row.patient_id for row in rows} == {"HOSP1/123"}
    assert {row.site for row in rows} == {"St. Mary"}
    by_study = {(row.case_id, row.age, row.visit) for row in rows}
    assert len(by_study) == 2
    assert {visit for _, _, visit in by_study} == {"0", "10"}


def test_a_number_that_two_issuers_gave_is_nobodys_without_one(tmp_path):
    for name, issuer in (("a", "HOSP1"), ("b", "HOSP2"), ("c", "")):
        write_dicom(
            tmp_path / "in" / name,
            picture(),
            SOPInstanceUID=f"1.{ord(name)}",
            PatientID="123",
            StudyInstanceUID=f"2.{ord(name)}",
            IssuerOfPatientID=issuer,
        )
    rows = Reading(tmp_path / "in", tmp_path).rows()
    assert {row.patient_id for row in rows} == {"HOSP1/123", "HOSP2/123", "123"}


def test_dates_leave_as_days_since_the_patients_first_study(studies, tmp_path):
    assert [row.visit for row in Reading(studies, tmp_path).rows()] == ["35", "35", "0", "0"]


def test_age_is_as_stated_or_from_the_dates_of_birth_and_study(studies, tmp_path):
    # Born on 1950-06-12: not yet 70 on 2020-04-09.
    assert [row.age for row in Reading(studies, tmp_path).rows()] == ["69"] * 4


@pytest.mark.parametrize(("stated", "years"), [("007M", "0"), ("030M", "2"), ("052W", "0")])
def test_ages_of_children_are_whole_years(tmp_path, stated, years):
    write_dicom(tmp_path / "in" / "a.dcm", picture(), PatientAge=stated)
    (row,) = Reading(tmp_path / "in", tmp_path).rows()
    assert row.age == years


def test_images_are_eight_bit_pngs_named_by_nothing(studies, tmp_path):
    rows = Reading(studies, tmp_path).rows()
    with Image.open(rows[0].image) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (16, 16))
        assert not image.info
    names = "".join(row.image.name for row in rows)
    assert "1.2" not in names
    assert "IM" not in names


def test_nothing_of_the_header_but_what_the_columns_need_gets_out(studies, tmp_path, capfd):
    (studies / "broken.dcm").write_bytes((studies / "a" / "IM1").read_bytes()[:-100])
    reading = Reading(studies, tmp_path, max_bad_fraction=0.5)
    manifest = tmp_path / "manifest.csv"
    write_manifest(DicomFolderReader(), reading.stream, manifest)
    written = [manifest, reading.report.path, *reading.images.rglob("*.png")]
    texts = [path.read_bytes().decode("latin-1") for path in written]
    texts += [*reading.report.lines(), *capfd.readouterr()]
    for secret in (*SECRETS.values(), "20200305", "20200409"):
        for text in texts:
            assert secret not in text
    assert "P-0815" not in "".join(reading.report.lines())


def test_two_files_of_one_instance_identifier_keep_their_own_pictures(tmp_path):
    folder = tmp_path / "export"
    for number, patient in enumerate(("P-1", "P-2")):
        write_dicom(
            folder / f"{number}.dcm", picture(number), SOPInstanceUID="1.2.9", PatientID=patient
        )
    rows = Reading(folder, tmp_path).rows()
    assert len({row.image for row in rows}) == 2
    assert len({row.image.read_bytes() for row in rows}) == 2


def test_a_site_of_several_names_is_written_as_in_the_file(tmp_path):
    write_dicom(tmp_path / "export" / "a.dcm", picture(), InstitutionName=["North", "Two"])
    (row,) = Reading(tmp_path / "export", tmp_path).rows()
    assert row.site == "North\\Two"


def test_every_frame_is_an_image_and_a_long_clip_gives_sixteen(tmp_path):
    write_dicom(tmp_path / "in" / "three.dcm", np.stack([picture(n) for n in range(3)]))
    write_dicom(tmp_path / "in" / "tooth.dcm", np.stack([picture(n) for n in range(40)]))
    rows = Reading(tmp_path / "in", tmp_path).rows()
    assert len(rows) == 3 + 16
    assert len({row.image for row in rows}) == 19
    assert {row.case_id for row in rows} == {"1.2.3.4"}


def test_broken_files_are_counted_and_named_and_the_rest_is_read(studies, tmp_path):
    (studies / "short.dcm").write_bytes((studies / "a" / "IM1").read_bytes()[:-100])
    (studies / "text.dcm").write_text("not a picture at all")
    write_dicom(studies / "nobody.dcm", picture(), PatientID="")
    reading = Reading(studies, tmp_path, max_bad_fraction=0.5)
    assert len(reading.rows()) == 4
    assert dict(reading.report.left_out) == {
        "pixels cannot be decoded": 1,
        "no readable header": 1,
        "no PatientID": 1,
    }
    assert (str(studies / "text.dcm"), "left out", "no readable header") in reading.named()
    assert "left out: 1 of 7 files: no PatientID" in reading.report.lines()


def test_too_many_broken_files_end_the_reading_and_keep_the_old_manifest(studies, tmp_path):
    (studies / "text.dcm").write_text("not a picture at all")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("old")
    reading = Reading(studies, tmp_path, max_bad_fraction=0.1)
    with pytest.raises(UserError, match=r"1 of 5 files cannot be used, .*files.csv names them"):
        write_manifest(DicomFolderReader(), reading.stream, manifest)
    assert manifest.read_text() == "old"


def test_what_is_no_picture_is_passed_over_and_counted(studies, tmp_path):
    (studies / "README").write_text("exported by the archive")
    report = get_testdata_file("test-SR.dcm", download=False)
    (studies / "report.dcm").write_bytes(Path(report).read_bytes())
    write_dicom(studies / "mask.dcm", picture(), Modality="SEG")
    reading = Reading(studies, tmp_path)
    assert len(reading.rows()) == 4
    assert reading.report.passed_over == 3
    assert not reading.report.left_out


def test_what_macos_keeps_beside_a_file_is_no_broken_picture(studies, tmp_path):
    (studies / "c" / "._IM1.dcm").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    reading = Reading(studies, tmp_path)
    assert len(reading.rows()) == 4
    assert reading.report.passed_over == 1
    assert not reading.report.left_out


def test_burned_in_text_is_warned_of_and_the_image_kept(studies, tmp_path):
    write_dicom(studies / "marked.dcm", picture(7), BurnedInAnnotation="YES")
    write_dicom(studies / "clean.dcm", picture(8), BurnedInAnnotation="NO")
    reading = Reading(studies, tmp_path)
    assert len(reading.rows()) == 6
    assert reading.report.warnings.total() == 1
    assert [(file, kind) for file, kind, _ in reading.named()] == [
        (str(studies / "marked.dcm"), "warning")
    ]
    assert "4 files do not say whether text is burned into their pixels." in reading.report.lines()


def test_the_manifest_says_which_images_have_text_in_their_pixels(tmp_path):
    folder, manifest = tmp_path / "in", tmp_path / "manifest.csv"
    for number, said in enumerate(("YES", "NO", "", "MAYBE")):
        name = f"{number}.dcm"
        write_dicom(folder / name, picture(number), BurnedInAnnotation=said)
    write_manifest(DicomFolderReader(), Reading(folder, tmp_path).stream, manifest)
    with manifest.open(newline="") as file:
        said = [row["text_in_pixels"] for row in csv.DictReader(file)]
    assert said == ["yes", "no", "", ""]
    data = DataSettings(str(manifest))
    with manifest.open(newline="") as file:
        read = [row.text_in_pixels for row in read_manifest(file, str(manifest), data)]
    assert read == [True, False, None, None]


def test_several_processes_give_the_same_rows_in_the_same_order(studies, tmp_path):
    alone = Reading(studies, tmp_path).rows()
    assert Reading(studies, tmp_path, processes=2).rows() == alone


def test_a_reading_that_was_stopped_goes_on_without_decoding_again(studies, tmp_path):
    first = Reading(studies, tmp_path).rows()
    made = {row.image: row.image.stat().st_mtime_ns for row in first}
    first[0].image.unlink()
    again = Reading(studies, tmp_path).rows()
    assert again == first
    assert [row.image.stat().st_mtime_ns == made[row.image] for row in again] == [False] + [
        True
    ] * 3


def test_a_view_may_be_given_by_its_code(tmp_path):
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "399348003", "SCT"
    code.CodeMeaning = "antero-posterior"
    write_dicom(tmp_path / "in" / "a.dcm", picture(), ViewCodeSequence=[code])
    (row,) = Reading(tmp_path / "in", tmp_path).rows()
    assert row.view == "AP"


@pytest.mark.parametrize(
    ("written", "view"),
    [
        ("AP AXIAL", "AP AXIAL"),
        ("LEFT_LATERAL", "LEFT_LATERAL"),
        ("PA DOE^JANE", "other"),
        ("1234567", "other"),
    ],
)
def test_words_that_name_no_view_do_not_leave_the_header(tmp_path, written, view):
    write_dicom(tmp_path / "in" / "a.dcm", picture(), ViewPosition=written)
    (row,) = Reading(tmp_path / "in", tmp_path).rows()
    assert row.view == view


def anatomy(side):
    """A functional group as an enhanced file has it for one frame, or for all."""
    frame, group = Dataset(), Dataset()
    frame.FrameLaterality = side
    group.FrameAnatomySequence = [frame]
    return group


@pytest.mark.parametrize(
    ("elements", "view"),
    [
        ({"SharedFunctionalGroupsSequence": [anatomy("L")]}, "L MLO"),
        ({"PerFrameFunctionalGroupsSequence": [anatomy("R"), anatomy("R")]}, "R MLO"),
        ({"PerFrameFunctionalGroupsSequence": [Dataset(), anatomy("R")]}, "R MLO"),
        ({"PerFrameFunctionalGroupsSequence": [anatomy("R"), anatomy("L")]}, "MLO"),
        ({"PerFrameFunctionalGroupsSequence": [Dataset(), Dataset()]}, "MLO"),
        ({"SharedFunctionalGroupsSequence": [anatomy("L")], "ImageLaterality": "R"}, "R MLO"),
    ],
)
def test_an_enhanced_file_has_the_laterality_that_its_frames_agree_on(tmp_path, elements, view):
    pixels = np.stack([picture(1), picture(2)])
    write_dicom(tmp_path / "in" / "a.dcm", pixels, ViewPosition="MLO", **elements)
    assert {row.view for row in Reading(tmp_path / "in", tmp_path).rows()} == {view}


@pytest.mark.parametrize("name", ["IM1", "IM1.dcm"])
@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_a_data_set_without_a_preamble_gives_the_picture_that_one_with_it_gives(
    studies, tmp_path, name, syntax
):
    (usual,) = (row for row in Reading(studies, tmp_path).rows() if row.case_id == "1.3")
    dataset = dcmread(studies / "c" / "IM1.dcm")
    if not syntax.is_little_endian:
        dataset.PixelData = dataset.pixel_array.astype(">u2").tobytes()
    del dataset.file_meta
    bare = tmp_path / "bare"
    bare.mkdir()
    with (bare / name).open("wb") as file:
        dcmwrite(
            file,
            dataset,
            implicit_vr=syntax.is_implicit_VR,
            little_endian=syntax.is_little_endian,
        )
    (row,) = Reading(bare, tmp_path / "again").rows()
    assert (row.case_id, row.patient_id, row.view) == ("1.3", "South/Q-1", "L MLO")
    assert row.image.read_bytes() == usual.image.read_bytes()


def test_a_data_set_that_pydicom_ships_without_a_preamble_is_known_to_be_no_picture(
    studies, tmp_path
):
    for order in ("Lit", "Big"):
        plan = get_testdata_file(f"ExplVR_{order}EndNoMeta.dcm", download=False)
        (studies / f"{order}.dcm").write_bytes(Path(plan).read_bytes())
    reading = Reading(studies, tmp_path)
    assert len(reading.rows()) == 4
    assert (reading.report.passed_over, reading.report.left_out.total()) == (2, 0)


def test_what_only_begins_like_a_data_set_is_reported_as_before(studies, tmp_path):
    for name in ("notes", "notes.dcm"):
        (studies / name).write_bytes(b"\x08\x00\x05\x00 and then a text that goes on" * 9)
    reading = Reading(studies, tmp_path, max_bad_fraction=0.5)
    assert len(reading.rows()) == 4
    assert reading.report.passed_over == 1
    assert dict(reading.report.left_out) == {"no readable header": 1}


def test_zeros_are_kept_from_pydicom_which_would_go_through_them_for_hours(tmp_path, monkeypatch):
    read, forced = dicom_header.pydicom.dcmread, []
    monkeypatch.setattr(
        dicom_header.pydicom,
        "dcmread",
        lambda path, force, **rest: forced.append(force) or read(path, force=force, **rest),
    )
    (tmp_path / "volume.raw").write_bytes(b"\x08\x00" + bytes(1000))
    with pytest.raises(InvalidDicomError):
        dicom_header.read_header(tmp_path / "volume.raw")
    assert forced == [False]


def test_a_folder_without_pictures_is_named(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(UserError, match="no DICOM image in it"):
        Reading(tmp_path / "in", tmp_path).rows()
