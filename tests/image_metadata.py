"""Image files with text wherever their formats have room for it beside the pixels."""

import struct
import zlib


def with_metadata(encoded: bytes, text: bytes) -> bytes:
    """Returns a JPEG or PNG with a text in each kind of metadata, and behind its end."""
    if encoded.startswith(b"\xff\xd8"):
        segments = b"".join(jpeg_segment(marker, content) for marker, content in _in_jpeg(text))
        return encoded[:2] + segments + encoded[2:] + text
    chunks = b"".join(png_chunk(kind, content) for kind, content in _in_png(text))
    after_header = 33
    return encoded[:after_header] + chunks + encoded[after_header:] + text


def jpeg_segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def _in_jpeg(text: bytes) -> list[tuple[int, bytes]]:
    exif = b"Exif\0\0" + exif_description(text)
    return [
        (0xE0, b"JFXX\0\x13" + text),
        (0xE1, exif),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + text),
        (0xE2, b"ICC_PROFILE\0\x01\x01" + text),
        (0xED, b"Photoshop 3.0\0" + text),
        (0xEF, text),
        (0xFE, text),
    ]


def _in_png(text: bytes) -> list[tuple[bytes, bytes]]:
    packed = zlib.compress(text)
    return [
        (b"tEXt", b"Comment\0" + text),
        (b"zTXt", b"Comment\0\0" + packed),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + text),
        (b"eXIf", exif_description(text)),
        (b"iCCP", text + b"\0\0" + packed),
        (b"miNe", text),
    ]


def exif_description(text: bytes) -> bytes:
    """Returns EXIF that holds an ImageDescription."""
    entry = struct.pack("<HHLL", 0x010E, 2, len(text), 26)
    return b"II*\0" + struct.pack("<LH", 8, 1) + entry + bytes(4) + text
