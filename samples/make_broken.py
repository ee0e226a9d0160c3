#!/usr/bin/env python3
"""Makes broken/: small files, each named by the one thing that is wrong with it.

What stands before the damage is sound, and where it says so, what stands after it too: a reader keeps the one, says where and
why it stopped, and goes on where the format lets it. Same input, same bytes.
"""

import gzip
import io
import struct
import zipfile
import zlib

from household.capture import HERE, HOLLIS, interface, packet, pcap, section, tcp, udp, when

BROKEN = HERE / "broken"
LAMP, HUB, ROUTER = ("24:0a:c4:14:00:21", "192.168.86.21"), ("b8:27:eb:14:00:20", "192.168.86.20"), ("f4:f2:6d:14:00:01", "192.168.86.1")
NOON = when("lamp", "joins the network")
SAVED = (2026, 11, 20, 13, 0, 0)

files = {}


def broken(make):
    """Each function below makes the file of its name; its docstring says what is wrong. A dot is written as two underscores."""
    files[make.__name__.replace("__", ".")] = make
    return make


# -------------------------------------------------------------------------------------------------------------- captures


def question(number: int, name: bytes) -> bytes:
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)


def asks(number: int, labels: str) -> bytes:
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels.split(".")) + b"\0"
    return udp((*LAMP, 40000 + number), (*ROUTER, 53), question(number, name))


def sound(count: int) -> list[tuple[float, bytes]]:
    return [(NOON + n, asks(n, f"number-{n}.lamp-cloud.example")) for n in range(count)]


@broken
def pcap_cut_in_record__pcap():
    """The sixth record's bytes end in the middle: five frames, then a cut."""
    return pcap(sound(6))[:-20]


@broken
def pcap_cut_in_record_header__pcap():
    """Five frames, then seven of a record header's sixteen bytes."""
    return pcap(sound(5)) + struct.pack("<IIII", int(NOON) + 9, 0, 80, 80)[:7]


@broken
def pcap_record_length_huge__pcap():
    """The eighth record claims 4,294,967,280 bytes and has none. Seven frames before it; four after it, for a reader that finds its place."""
    record = struct.pack("<IIII", int(NOON) + 7, 0, 0xFFFFFFF0, 0xFFFFFFF0)
    return pcap(sound(7)) + record + pcap(sound(4))[24:]


@broken
def pcap_captured_longer_than_wire__pcap():
    """The second record holds more bytes than the frame is said to have had. All three frames are there."""
    raw = bytearray(pcap(sound(3)))
    second = 24 + 16 + struct.unpack_from("<I", raw, 24 + 8)[0]
    struct.pack_into("<I", raw, second + 12, 10)
    return bytes(raw)


@broken
def pcapng_block_trailer_differs__pcapng():
    """The third packet's block says 4 bytes more at its end than at its start; two packets before it, two after."""
    blocks = [packet(at, frame, **({"trailer": 12 + 20 + (len(frame) + 3) // 4 * 4 + 4} if n == 2 else {})) for n, (at, frame) in enumerate(sound(5))]
    return section() + interface() + b"".join(blocks)


@broken
def pcapng_block_length_zero__pcapng():
    """After two packets a block with length 0: a careless reader stays there for ever."""
    return section() + interface() + b"".join(packet(*frame) for frame in sound(2)) + struct.pack("<III", 6, 0, 0) + bytes(64)


@broken
def pcapng_unknown_interface__pcapng():
    """The second of three packets came by interface 7, and only interface 0 was described."""
    return section() + interface() + b"".join(packet(at, frame, 7 if n == 1 else 0) for n, (at, frame) in enumerate(sound(3)))


# ------------------------------------------------------------------------------------------------------------- protocols


def answer(number: int, name: bytes, data: bytes = b"\xcb\0\x71\x0a") -> bytes:
    """An answer to www.lamp-cloud.example whose answer record bears `name`."""
    asked = b"\x03www\x0alamp-cloud\x07example\0"
    head = struct.pack(">HHHHHH", number, 0x8180, 1, 1, 0, 0) + asked + struct.pack(">HH", 1, 1)
    return udp((*ROUTER, 53), (*LAMP, 40000 + number), head + name + struct.pack(">HHIH", 1, 1, 60, len(data)) + data)


@broken
def dns_compression_loop__pcap():
    """Names that point to themselves (frame 2), to each other (3) and beyond the message (4); frames 1 and 5 are sound."""
    here = 12 + 24 + 4  # where the answer's name stands
    loop, other = struct.pack(">H", 0xC000 | here), struct.pack(">HH", 0xC000 | here + 2, 0xC000 | here)
    bodies = [asks(1, "www.lamp-cloud.example"), answer(2, loop), answer(3, other), answer(4, b"\xff\xff"), answer(5, b"\xc0\x0c")]
    return pcap([(NOON + n, body) for n, body in enumerate(bodies)])


@broken
def dns_counts_lie__pcap():
    """An answer that claims 65,535 records in each part and holds one."""
    frame = bytearray(answer(1, b"\xc0\x0c"))
    struct.pack_into(">HHH", frame, 42 + 6, 0xFFFF, 0xFFFF, 0xFFFF)
    return pcap([(NOON, asks(1, "www.lamp-cloud.example")), (NOON + 0.01, bytes(frame))])


def conversation(port: int, pieces: list[bytes], start: float, server: int = 1883) -> list[tuple[float, bytes]]:
    """A connection from the lamp to the hub whose client sends these pieces, a segment each."""
    there, here = (*LAMP, port), (*HUB, server)
    frames, sent = [tcp(there, here, 1000, 0, 2), tcp(here, there, 5000, 1001, 18), tcp(there, here, 1001, 5001, 16)], 1001
    for piece in pieces:
        frames.append(tcp(there, here, sent, 5001, 24, piece))
        sent += len(piece)
        frames.append(tcp(here, there, 5001, sent, 16))
    frames += [tcp(there, here, sent, 5001, 17), tcp(here, there, 5001, sent + 1, 17), tcp(there, here, sent + 1, 5002, 16)]
    return [(start + n * 0.01, frame) for n, frame in enumerate(frames)]


CONNECT = b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04lamp"


@broken
def mqtt_length_beyond_segment__pcap():
    """A CONNECT, then a PUBLISH that promises 1,000,000 bytes, sends 28 and hangs up; on a second connection a length of five bytes, where
    four are the limit."""
    promised = b"\x30\xc0\x84\x3d" + b"\0\x09lamp/data" + b'{"power": true}  '
    over = b"\x30\xff\xff\xff\xff\x7f" + b"\0\x09lamp/data" + b"on"
    return pcap(conversation(50001, [CONNECT, promised], NOON) + conversation(50002, [CONNECT, over], NOON + 1))


@broken
def mqtt_topic_length_beyond_packet__pcap():
    """A PUBLISH of 12 bytes whose topic claims 65,535; a sound PUBLISH follows in the same segment."""
    bad, good = b"\x30\x0c\xff\xfflamp/data1", b"\x30\x0d\0\x09lamp/dataon"
    return pcap(conversation(50001, [CONNECT, bad + good], NOON))


@broken
def coap_option_beyond_datagram__pcap():
    """A request whose Uri-Path option claims 65,804 bytes and has 4; the next datagram is sound."""
    bad, good = b"\x40\x01\x00\x01\xbe\xff\xfftemp", b"\x40\x01\x00\x02\xb4temp"
    return pcap([(NOON + n, udp((*HUB, 40001), (*LAMP, 5683), body)) for n, body in enumerate((bad, good))])


@broken
def ipv4_length_beyond_frame__pcap():
    """Frame 1's IPv4 header promises 1,500 bytes and 68 are there; frame 2's header length is 4 words, less than the least; frame 3 is sound."""
    frames = [bytearray(asks(n, "www.lamp-cloud.example")) for n in range(3)]
    struct.pack_into(">H", frames[0], 16, 1500)
    frames[1][14] = 0x44
    return pcap([(NOON + n, bytes(frame)) for n, frame in enumerate(frames)])


@broken
def tls_hello_extension_beyond_record__pcap():
    """A ClientHello whose server name extension claims 4,096 bytes of a record of 72."""
    extension = struct.pack(">HH", 0, 4096) + b"\0\x12\0\0\x0fapi.lamp.example"
    body = b"\x03\x03" + bytes(32) + b"\0" + struct.pack(">HH", 2, 0x1301) + b"\x01\0" + struct.pack(">H", len(extension)) + extension
    hello = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return pcap(conversation(50003, [b"\x16\x03\x01" + struct.pack(">H", len(hello)) + hello], NOON, 443))


@broken
def http_chunk_length_huge__pcap():
    """A request whose chunked body announces a chunk of 16^15 bytes."""
    request = b"POST /data HTTP/1.1\r\nHost: hub.local\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n{}"
    return pcap(conversation(50004, [request], NOON, 80))


# ------------------------------------------------------------------------------------------------------------ containers


@broken
def gzip_cut__pcap__gz():
    """The gzip stream ends at two thirds; the first frames of the capture in it can be had."""
    packed = gzip.compress(pcap(sound(40)), mtime=0)
    return packed[: len(packed) * 2 // 3]


@broken
def gzip_checksum_differs__pcap__gz():
    """The whole capture of four frames is there, but its CRC does not agree."""
    packed = bytearray(gzip.compress(pcap(sound(4)), mtime=0))
    packed[-8] ^= 0xFF
    return bytes(packed)


def archive(members: list[tuple[str, bytes]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members:
            out.writestr(zipfile.ZipInfo(name, SAVED), data, zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()


@broken
def zip_path_traversal__zip():
    """Members that want to be written outside: upwards, from the root, onto a drive, with backslashes, to a device. One sound capture among them."""
    evil = ["../../outside.txt", "/etc/absolute.txt", "C:\\Windows\\drive.txt", "..\\..\\backslashes.txt", "NUL", "good/../../sideways.txt"]
    return archive([(name, b"should not be here\n") for name in evil] + [("good/capture.pcap", pcap(sound(3)))])


@broken
def zip_bomb_small__zip():
    """A zip in a zip; the inner one's only member, called a capture, is 200 MB of zeros after a sound frame."""
    size = 200_000_000
    head = pcap(sound(1))
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    crc, left, packed = zlib.crc32(head), size - len(head), [squeeze.compress(head)]
    while left:
        zeros = bytes(min(left, 1 << 20))
        crc, left = zlib.crc32(zeros, crc), left - len(zeros)
        packed.append(squeeze.compress(zeros))
    return archive([("inner.zip", stored("capture.pcap", b"".join(packed) + squeeze.flush(), crc, size))])


def stored(name: str, deflated: bytes, crc: int, size: int) -> bytes:
    """A zip of one member that was deflated beforehand (APPNOTE 4.3.7, 4.3.12, 4.3.16)."""
    when = struct.pack("<HH", SAVED[3] << 11, SAVED[0] - 1980 << 9 | SAVED[1] << 5 | SAVED[2])
    common = struct.pack("<HHH", 20, 0, 8) + when + struct.pack("<IIIHH", crc, len(deflated), size, len(name), 0)
    local = b"PK\x03\x04" + common + name.encode() + deflated
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name.encode()
    return local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


@broken
def zip_entries_overlap__zip():
    """Fifty directory entries that are all the same 4 MB of zeros: 200 MB from a few kilobytes, without a second zip."""
    one = archive([("00.bin", bytes(4_000_000))])
    directory = one.index(b"PK\x01\x02")
    entry, end = one[directory : one.index(b"PK\x05\x06")], one.index(b"PK\x05\x06")
    many = b"".join(entry.replace(b"00.bin", f"{n:02}.bin".encode()) for n in range(50))
    return one[:directory] + many + one[end : end + 8] + struct.pack("<HHIIH", 50, 50, len(many), directory, 0)


@broken
def zip_directory_missing__zip():
    """The central directory, which stands at the end, was cut off; the member itself is whole."""
    whole = archive([("capture.pcap", pcap(sound(3)))])
    return whole[: whole.index(b"PK\x01\x02")]


# ----------------------------------------------------------------------------------------------------------------- OnHub


def parts(report: bytes):
    """(offset, field, start of its bytes, end) of each field at the top of the message; numbers have no bytes."""

    def varint(at):
        value = shift = 0
        while True:
            byte = report[at]
            value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
            if byte < 0x80:
                return value, at

    at = 0
    while at < len(report):
        tag, after = varint(at)
        length, start = varint(after) if tag & 7 == 2 else (varint(after)[1] - after, after)
        yield at, tag >> 3, start, start + length
        at = start + length


@broken
def onhub_cut__report():
    """Ends in the middle of infoJSON: all files, settings and commands are there, stations, pseudonyms and the time are not."""
    report = (HOLLIS / "onhub.report").read_bytes()
    start, end = next((start, end) for _, field, start, end in parts(report) if field == 10)
    return report[: (start + end) // 2]


@broken
def onhub_gzip_member_bad__report():
    """Sixteen bytes in the middle of the gzip of /var/log/messages are wrong; the rest of the report is sound."""
    report = bytearray((HOLLIS / "onhub.report").read_bytes())
    start, end = next(
        (start, end) for _, field, start, end in parts(bytes(report)) if field == 2 and b"/var/log/messages\x12" in report[start : start + 24]
    )
    middle = (start + end) // 2
    report[middle : middle + 16] = bytes(byte ^ 0xFF for byte in report[middle : middle + 16])
    return bytes(report)


@broken
def onhub_info_json_bad__report():
    """infoJSON ends where its stations begin, and the report goes on as it should: text to keep, not to understand."""
    report = (HOLLIS / "onhub.report").read_bytes()
    at, start, end = next((at, start, end) for at, field, start, end in parts(report) if field == 10)
    text = report[start:end]
    text = text[: text.index(b'"_stations": [\n')]  # of the first list that is called so
    length = len(text)
    assert length > 127
    return report[:at] + bytes([10 << 3 | 2, length & 0x7F | 0x80, length >> 7]) + text + report[end:]


# ------------------------------------------------------------------------------------------------------------- not at all


@broken
def not_a_capture__pcap():
    """A text file with a capture's name."""
    return b"This is a shopping list, whatever its name says.\n\n- lamp oil\n- a door\n- a longer beam\n"


@broken
def empty__pcap():
    """No bytes at all."""
    return b""


def main() -> None:
    BROKEN.mkdir(exist_ok=True)
    for name, make in files.items():
        data = make()
        (BROKEN / name).write_bytes(data)
        print(f"{name}\t{len(data)}\t{' '.join(make.__doc__.split())}")


if __name__ == "__main__":
    main()
