"""JPEG Extended with 12 bits, decoded by GDCM.

GDCM can, but pydicom 3.0 does not ask it to (`pydicom/pixels/decoders/gdcm.py`), and the decoder
that it does ask, `pylibjpeg-libjpeg`, is GPL. This module is what pydicom calls a decoding plugin:
https://pydicom.github.io/pydicom/stable/guides/decoding/decoder_plugins.html
"""

import gdcm
from pydicom.pixels.decoders import JPEGExtended12BitDecoder
from pydicom.pixels.decoders.base import DecodeRunner
from pydicom.uid import JPEGExtended12Bit

DECODER_DEPENDENCIES = {JPEGExtended12Bit: ("gdcm>=3.0.10",)}
_LABEL = "gdcm 12 bits"


def is_available(uid: str) -> bool:
    """Returns whether the plugin decodes a transfer syntax."""
    return uid in DECODER_DEPENDENCIES


def register() -> None:
    """Makes the plugin known to pydicom; once is enough."""
    if _LABEL not in JPEGExtended12BitDecoder.available_plugins:
        JPEGExtended12BitDecoder.add_plugin(_LABEL, (__name__, "decode_frame"))


def decode_frame(encoded: bytes, runner: DecodeRunner) -> bytes:
    """Returns the stored values of one frame.

    Args:
        encoded: One JPEG.
        runner: Of pydicom, with what the header says of the pixels.

    Raises:
        ValueError: GDCM cannot decode it.
    """
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(encoded)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((runner.columns, runner.rows, 1))
    image.SetDataElement(element)
    shown_as = gdcm.PhotometricInterpretation.GetPIType(str(runner.photometric_interpretation))
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(shown_as))
    image.SetTransferSyntax(
        gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str.__str__(runner.transfer_syntax)))
    )
    bits = runner.bits_stored
    image.SetPixelFormat(
        gdcm.PixelFormat(
            runner.samples_per_pixel,
            runner.bits_allocated,
            bits,
            bits - 1,
            runner.pixel_representation,
        )
    )
    try:
        # GDCM returns bytes as text.
        frame: bytes = image.GetBuffer().encode("utf-8", "surrogateescape")
    except Exception as error:
        raise ValueError("GDCM cannot decode this JPEG of 12 bits") from error
    return frame
