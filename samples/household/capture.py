"""The two capture file formats and the frames around them, as far as the generators need them."""

import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent.parent
HOLLIS = HERE / "hollis-street"
ETHERNET, RADIOTAP = 1, 127  # link types


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def story() -> list[tuple[float, str, str]]:
    """What record.sh wrote down: (Unix seconds, who, what), in order."""
    rows = [line.split("\t") for line in (HOLLIS / "story.tsv").read_text().splitlines()]
    return [(float(at), who, what) for at, who, what in rows]


def when(who: str, what: str, nth: int = 0) -> float:
    """The time of the nth line of the story that this device did this."""
    return [at for at, name, deed in story() if name == who and what in deed][nth]


def pcap(frames: list[tuple[float, bytes]], link: int = ETHERNET) -> bytes:
    """A classic little-endian microsecond capture of (Unix seconds, bytes)."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)
    for at, frame in frames:
        micros = round(at * 1e6)
        out += struct.pack("<IIII", micros // 10**6, micros % 10**6, len(frame), len(frame)) + frame
    return out


def block(kind: int, body: bytes, trailer: int | None = None) -> bytes:
    """A pcapng block; `trailer` is the second copy of its length, when that is to be wrong."""
    body += bytes(-len(body) % 4)
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length if trailer is None else trailer)


def section() -> bytes:
    return block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(link: int = ETHERNET) -> bytes:
    return block(1, struct.pack("<HHI", link, 0, 262144))


def packet(at: float, frame: bytes, number: int = 0, **wrong) -> bytes:
    """An enhanced packet block on interface `number`."""
    micros = round(at * 1e6)
    return block(6, struct.pack("<IIIII", number, micros >> 32, micros & 0xFFFFFFFF, len(frame), len(frame)) + frame, **wrong)


def checksum(data: bytes) -> int:
    """RFC 1071."""
    total = sum(struct.unpack(f">{len(data) // 2 + len(data) % 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source: tuple[str, str], target: tuple[str, str], protocol: int, payload: bytes) -> bytes:
    """An Ethernet frame from (MAC, address) to (MAC, address)."""
    ends = bytes(map(int, source[1].split("."))) + bytes(map(int, target[1].split(".")))
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0x4000, 64, protocol, 0)
    head = head[:10] + struct.pack(">H", checksum(head + ends)) + ends
    return mac(target[0]) + mac(source[0]) + b"\x08\x00" + head + payload


def udp(source: tuple[str, str, int], target: tuple[str, str, int], payload: bytes) -> bytes:
    """As ipv4(), with ports. No checksum, which UDP over IPv4 may leave out."""
    head = struct.pack(">HHHH", source[2], target[2], 8 + len(payload), 0)
    return ipv4(source[:2], target[:2], 17, head + payload)


def tcp(source: tuple[str, str, int], target: tuple[str, str, int], seq: int, ack: int, flags: int, payload: bytes = b"") -> bytes:
    """As udp(); flags are the low byte (SYN 2, PSH 8, ACK 16)."""
    head = struct.pack(">HHIIBBHHH", source[2], target[2], seq, ack, 0x50, flags, 64240, 0, 0)
    ends = bytes(map(int, source[1].split("."))) + bytes(map(int, target[1].split(".")))
    total = checksum(ends + struct.pack(">HH", 6, len(head) + len(payload)) + head + payload)
    head = head[:16] + struct.pack(">H", total) + head[18:]
    return ipv4(source[:2], target[:2], 6, head + payload)
