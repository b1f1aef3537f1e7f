"""A small PNG whose header says that it is a large one."""

import struct
import zlib


def with_claimed_size(png: bytes, width: int, height: int) -> bytes:
    """Returns a PNG with another size in its header, whose checksum is right."""
    content = bytearray(png)
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)
