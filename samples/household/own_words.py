"""Copies a pcapng, leaving out what it says of the machine that recorded it, and naming its interface.

python3 own_words.py IN OUT INTERFACE-NAME INTERFACE-COMMENT

dumpcap writes the processor and the kernel into the section header, and the kernel into each interface. Packets, times,
statistics and the capture's comment stay byte for byte (draft-ietf-opsawg-pcapng, sections 4.1 and 4.2).
"""

import pathlib
import struct
import sys

SECTION_HEADER, INTERFACE = 0x0A0D0D0A, 1
COMMENT = 1
HARDWARE, SYSTEM = 2, 3  # of a section header
NAME, DESCRIPTION, IF_SYSTEM = 2, 3, 12  # of an interface


def options(raw: bytes):
    at = 0
    while at + 4 <= len(raw):
        code, length = struct.unpack_from("<HH", raw, at)
        if code == 0:
            return
        yield code, raw[at + 4 : at + 4 + length]
        at += 4 + length + -length % 4


def packed(pairs) -> bytes:
    out = b"".join(struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in pairs)
    return out + bytes(4)


def block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length


def main(source: str, target: str, name: str, comment: str) -> None:
    raw, out, at = pathlib.Path(source).read_bytes(), b"", 0
    while at < len(raw):
        kind, length = struct.unpack_from("<II", raw, at)
        body = raw[at + 8 : at + length - 4]
        if kind == SECTION_HEADER:
            assert body[:4] == b"\x4d\x3c\x2b\x1a", "dumpcap on a little-endian machine is expected"
            fixed = body[:8] + struct.pack("<q", -1)  # section length: not told
            body = fixed + packed((c, v) for c, v in options(body[16:]) if c not in (HARDWARE, SYSTEM))
        elif kind == INTERFACE:
            ours = [(COMMENT, comment.encode()), (NAME, name.encode()), (DESCRIPTION, b"LAN bridge")]
            body = body[:8] + packed(ours + [(c, v) for c, v in options(body[8:]) if c not in (COMMENT, NAME, DESCRIPTION, IF_SYSTEM)])
        out += block(kind, body)
        at += length
    pathlib.Path(target).write_bytes(out)


main(*sys.argv[1:])
