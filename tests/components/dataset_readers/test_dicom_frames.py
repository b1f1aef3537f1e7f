"""Pixels as a display shows them: every photometric interpretation, window, and compression.

Compressed files are those that pydicom ships for its own tests.
"""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_windowing, convert_color_space

from components.dataset_readers.dicom_frames import MAX_FRAMES, chosen_frames, read_frames
from components.dataset_readers.dicom_header import read_header
from components.dataset_readers.dicom_jpeg_12 import register
from tests.components.dataset_readers.dicom_files import dicom_dataset, write_dicom

RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
NO_WINDOW = {"BitsStored": 12, "HighBit": 11}


def frames_of(path, indices):
    return read_frames(path, indices, read_header(path).transfer_syntax)


def shown(tmp_path, pixels, **elements):
    (frame,) = frames_of(write_dicom(tmp_path / "a.dcm", pixels, **elements), [0])
    return frame


def shipped(name):
    (frame,) = frames_of(Path(get_testdata_file(name, download=False)), [0])
    return frame


def test_without_a_window_twelve_bits_fill_eight(tmp_path):
    frame = shown(tmp_path, RAMP, **NO_WINDOW)
    assert frame.dtype == np.uint8
    assert (frame.min(), frame.max()) == (0, 255)
    expected = np.clip((RAMP - 4.095) / (4090.905 - 4.095), 0, 1) * 255
    np.testing.assert_allclose(frame, expected, atol=0.51)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (2, -1024)])
def test_a_window_shows_what_pydicom_computes(tmp_path, function, slope, intercept):
    elements = {
        **NO_WINDOW,
        "RescaleSlope": slope,
        "RescaleIntercept": intercept,
        "WindowCenter": 700,
        "WindowWidth": 900,
        "VOILUTFunction": function,
    }
    dataset = dicom_dataset(RAMP, **elements)
    expected = apply_windowing(apply_modality_lut(RAMP, dataset), dataset)
    low, high = intercept, 4095 * slope + intercept
    np.testing.assert_allclose(
        shown(tmp_path, RAMP, **elements), (expected - low) / (high - low) * 255, atol=0.51
    )


def test_of_several_windows_the_first_is_shown(tmp_path):
    both = shown(tmp_path, RAMP, WindowCenter=[700, 3000], WindowWidth=[900, 100])
    first = shown(tmp_path, RAMP, WindowCenter=700, WindowWidth=900)
    np.testing.assert_array_equal(both, first)


@pytest.mark.parametrize("window", [{"WindowCenter": 700, "WindowWidth": 0}, {"WindowCenter": 700}])
def test_a_window_without_a_width_is_none(tmp_path, window):
    np.testing.assert_array_equal(shown(tmp_path, RAMP, **window), shown(tmp_path, RAMP))


def test_a_monochrome1_picture_is_turned_over(tmp_path):
    plain = shown(tmp_path, RAMP, WindowCenter=700, WindowWidth=900)
    turned = shown(
        tmp_path,
        RAMP,
        WindowCenter=700,
        WindowWidth=900,
        PhotometricInterpretation="MONOCHROME1",
        PresentationLUTShape="INVERSE",
    )
    np.testing.assert_allclose(turned, 255.0 - plain, atol=1)


def test_a_voi_lut_wins_over_a_window_and_its_own_range_is_shown(tmp_path):
    item = Dataset()
    item.LUTDescriptor = [4096, 0, 16]  # says 16 bits, uses 12, as many files do
    item.LUTData = np.arange(4095, -1, -1, dtype=np.uint16).tobytes()
    frame = shown(tmp_path, RAMP, VOILUTSequence=[item], WindowCenter=1, WindowWidth=2)
    np.testing.assert_allclose(frame, (4095 - RAMP) / 4095 * 255, atol=0.51)


def test_padding_around_a_picture_does_not_take_up_the_range(tmp_path):
    pixels = np.full((64, 64), -2000, np.int16)
    pixels[16:48, 16:48] = np.arange(1024).reshape(32, 32)
    frame = shown(tmp_path, pixels, PixelPaddingValue=-2000)
    assert set(np.unique(frame[:16])) == {0}
    assert frame[32, 32] == pytest.approx(255 * pixels[32, 32] / 1024, abs=1.5)


def test_frames_have_windows_of_their_own_and_are_decoded_by_index(tmp_path):
    groups = []
    for centre in (100, 1000):
        window, group = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, 200
        group.FrameVOILUTSequence = [window]
        groups.append(group)
    pixels = np.stack([RAMP, RAMP])
    path = write_dicom(tmp_path / "a.dcm", pixels, PerFrameFunctionalGroupsSequence=groups)
    first, second = frames_of(path, [0, 1])
    assert (first[0, 0], first.ravel()[300], second.ravel()[300]) == (0, 255, 0)
    (alone,) = frames_of(path, [1])
    np.testing.assert_array_equal(alone, second)


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_RLE.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_implicit.dcm",
        "MR_small_bigendian.dcm",
    ],
)
def test_lossless_transfer_syntaxes_give_the_same_picture(name):
    np.testing.assert_array_equal(shipped(name), shipped("MR_small.dcm"))


def test_a_compressed_file_that_lost_its_preamble_is_decoded_as_it_states(tmp_path):
    whole = Path(get_testdata_file("MR_small_RLE.dcm", download=False)).read_bytes()
    (tmp_path / "a").write_bytes(whole[132:])
    (frame,) = frames_of(tmp_path / "a", [0])
    np.testing.assert_array_equal(frame, shipped("MR_small.dcm"))


def test_lossless_jpeg_the_usual_one_of_archives_is_decoded():
    picture = shipped("SC_rgb_jpeg_gdcm.dcm")
    np.testing.assert_array_equal(picture, shipped("SC_rgb_rle.dcm"))


def test_jpeg_of_twelve_bits_is_decoded_as_another_decoder_does():
    register()
    values = dcmread(get_testdata_file("JPGExtended.dcm", download=False)).pixel_array
    # What pylibjpeg-libjpeg 2.5 decodes.
    assert (values.shape, values.dtype, values.max()) == ((1024, 256), np.uint16, 264)
    expected = [[13, 36, 57, 41], [15, 27, 49, 50], [19, 31, 11, 36]]
    np.testing.assert_allclose(values[300:600:100, 60:200:40], expected, atol=1)
    np.testing.assert_array_equal(shipped("JPGExtended.dcm").shape, values.shape)


def test_a_broken_jpeg_of_twelve_bits_is_an_error(tmp_path):
    dataset = dcmread(get_testdata_file("JPGExtended.dcm", download=False))
    start = dataset.PixelData.index(b"\xff\xd8")
    broken = bytearray(dataset.PixelData)
    broken[start : start + 400] = bytes(400)
    dataset.PixelData = bytes(broken)
    dataset.save_as(tmp_path / "broken.dcm")
    with pytest.raises(RuntimeError, match="Unable to decode"):
        list(frames_of(tmp_path / "broken.dcm", [0]))


@pytest.mark.parametrize("name", ["SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_dcmtk_+eb+cy+np.dcm"])
def test_lossy_ybr_becomes_nearly_the_same_rgb(name):
    difference = shipped(name).astype(int) - shipped("SC_rgb_rle.dcm")
    assert np.abs(difference).mean() < 5


def test_uncompressed_ybr_becomes_rgb(tmp_path):
    ybr = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    frame = shown(tmp_path, ybr, PhotometricInterpretation="YBR_FULL")
    np.testing.assert_array_equal(frame, convert_color_space(ybr, "YBR_FULL", "RGB"))


def test_sixteen_bits_of_colour_become_eight(tmp_path):
    colours = np.array([[[0, 257 * 128, 65535]]], np.uint16)
    np.testing.assert_array_equal(shown(tmp_path, colours), [[[0, 128, 255]]])


def test_a_palette_is_looked_up():
    dataset = dcmread(get_testdata_file("examples_palette.dcm", download=False))
    tables = [
        np.frombuffer(dataset[f"{colour}PaletteColorLookupTableData"].value, np.uint16)
        for colour in ("Red", "Green", "Blue")
    ]
    expected = np.stack([table[dataset.pixel_array] / 65535 * 255 for table in tables], axis=-1)
    np.testing.assert_allclose(shipped("examples_palette.dcm"), expected, atol=0.51)


def test_a_truncated_file_is_an_error():
    with pytest.raises(ValueError, match="cannot reshape"):
        shipped("MR_truncated.dcm")


def test_a_long_clip_gives_evenly_spaced_frames():
    assert chosen_frames(3) == [0, 1, 2]
    chosen = chosen_frames(320)
    assert len(chosen) == MAX_FRAMES
    assert set(np.diff(chosen)) == {20}
    assert (chosen[0], chosen[-1]) == (10, 310)
