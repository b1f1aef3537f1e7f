"""Takes out of a JPEG or PNG what no decoder needs: there names and numbers of patients stand.

EXIF, XMP, comments, ICC profiles, thumbnails, and bytes behind the image's end. What is kept is a
list of what decoders take notice of, so what nobody thought of goes too. Pixels stay the same to
the last bit: the compressed data are copied.
"""

import re
import struct
from collections.abc import Iterator

_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_END = b"IEND\xaeB`\x82"
"""The last chunk's name and checksum."""

_MARKER = re.compile(rb"\xff([^\x00\xff])")
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In compressed data 0xFF is followed by 0, or by the number of a restart marker."""
_WITHOUT_LENGTH = {0x01, 0xD8, *range(0xD0, 0xD8)}
_SCAN = 0xDA
_DECODED = {*range(0xC0, 0xD0), _SCAN, 0xDB, 0xDD}
"""Frame, Huffman and arithmetic tables; scan; quantisation tables; restart interval."""
_JFIF, _ADOBE = 0xE0, 0xEE

_PNG_CHUNKS = {b"IHDR": 13, b"PLTE": 768, b"IDAT": 2**31, b"tRNS": 256}
"""What is decoded, and how long it may be; the rest of a list is ignored by decoders."""
_PNG_CHUNKS |= {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1}
"""These change the grey values that a decoder makes of colours, and no others."""


def without_metadata(encoded: bytes) -> bytes:
    """Returns a JPEG or PNG with the same pixels, and nothing else in it.

    EXIF goes with the orientation that it states: for images that are upright.

    Raises:
        ValueError: Neither a JPEG nor a PNG, or one whose parts cannot be told apart.
    """
    if encoded.startswith(_JPEG_START):
        return b"".join(_jpeg_parts(encoded))
    if encoded.startswith(_PNG_START):
        return b"".join(_png_parts(encoded))
    raise ValueError("neither a JPEG nor a PNG")


def _jpeg_parts(encoded: bytes) -> Iterator[bytes]:
    yield _JPEG_START
    position = len(_JPEG_START)
    # Decoders skip what is no marker between two segments.
    while found := _MARKER.search(encoded, position):
        marker, position = found[1][0], found.end()
        if marker == _JPEG_END[1]:
            yield _JPEG_END
            return
        if marker in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(encoded[position : position + 2], "big")
        if length < 2:
            raise ValueError("a segment without a length")
        content = encoded[position + 2 : position + length]
        position += length
        if marker in (_JFIF, _ADOBE):
            yield from _colour_segment(marker, content)
        elif marker in _DECODED:
            yield _segment(marker, content)
        if marker == _SCAN:
            end = _END_OF_SCAN.search(encoded, position)
            stop = end.start() if end else len(encoded)
            yield encoded[position:stop]
            position = stop


def _colour_segment(marker: int, content: bytes) -> Iterator[bytes]:
    """Yields what says how colours are stored, without thumbnail and without what follows."""
    if marker == _JFIF and content.startswith(b"JFIF\0") and len(content) >= 14:
        yield _segment(marker, content[:12] + b"\0\0")
    elif marker == _ADOBE and content.startswith(b"Adobe") and len(content) >= 12:
        yield _segment(marker, content[:12])


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _png_parts(encoded: bytes) -> Iterator[bytes]:
    yield _PNG_START
    position = len(_PNG_START)
    while position + 12 <= len(encoded):
        length, kind = struct.unpack_from(">I4s", encoded, position)
        if kind == b"IEND":
            yield bytes(4) + PNG_END
            return
        # Length and name before the content, a checksum behind it.
        end = position + length + 12
        if length <= _PNG_CHUNKS.get(kind, -1):
            yield encoded[position:end]
        position = end
    raise ValueError("a PNG without its end")
