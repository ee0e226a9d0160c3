#!/usr/bin/env python3
"""Makes hollis-street/radio.pcap: what a receiver on channel 6 would have heard while the household was recorded.

There is no radio in a network namespace, so this file is generated, not recorded. Its times are those of story.tsv; its
keys are real: the handshakes can be checked with the passphrase below (IEEE 802.11-2020, 12.7). One thing is made simpler
than air: the receiver hears one beacon in ten, and no data frames but the handshakes.

Heard: the router's beacons; the phone, first under three random addresses and then, joining, under its own; the lamp
joining twice; a stranger who tries a wrong passphrase twice and is thrown out.
"""

import hashlib
import hmac
import struct
import subprocess
import zlib

from household.capture import HOLLIS, RADIOTAP, mac, pcap, story, when

SSID, PASSPHRASE, WRONG = b"Hollis-14", b"cedar-gate-1907", b"cedar-gate-1970"
ROUTER = mac("f4:f2:6d:14:00:03")  # the 2.4 GHz radio's BSSID
PHONE, LAMP, STRANGER = mac("3c:28:6d:14:00:24"), mac("24:0a:c4:14:00:21"), mac("a4:34:d9:00:14:99")
EVERYONE = b"\xff" * 6
ASSOCIATION, ASSOCIATED, PROBE, BEACON, AUTHENTICATION, DEAUTHENTICATION, DATA = 0x00, 0x10, 0x40, 0x80, 0xB0, 0xC0, 0x08

heard: list[tuple[float, int, bytes, bytes, bytes]] = []  # time, signal, sender, what stands before and after its sequence number


def hear(at: float, signal: int, control: int, to: bytes, sender: bytes, bssid: bytes, body: bytes, ds: int = 0, retry: int = 0) -> None:
    """One frame in the air; the order of its addresses depends on the direction (IEEE 802.11-2020, table 9-30)."""
    addresses = bssid + sender + to if ds == 1 else to + bssid + sender if ds == 2 else to + sender + bssid
    heard.append((at, signal, sender, struct.pack("<BBH", control, ds | retry << 3, 314) + addresses, body))


def numbered() -> list[tuple[float, bytes]]:
    """What was heard, in order, each sender counting its own frames, under a radiotap header and with a check sequence."""
    count: dict[bytes, int] = {}
    frames = []
    for at, signal, sender, head, body in sorted(heard, key=lambda frame: frame[0]):
        number = count[sender] = (count.get(sender, int.from_bytes(sender[-2:]) % 2048) + 1) % 4096
        frame = head + struct.pack("<H", number << 4) + body
        # Radiotap: flags (0x10: check sequence at the end), rate 1 Mbit/s, channel 2437 MHz (2 GHz, CCK), signal, antenna.
        tap = struct.pack("<BBHIBBHHbB", 0, 0, 16, 0x0000082E, 0x10, 2, 2437, 0x00A0, signal, 0)
        frames.append((at, tap + frame + struct.pack("<I", zlib.crc32(frame))))
    return frames


def element(number: int, value: bytes) -> bytes:
    return bytes([number, len(value)]) + value


RATES = element(1, bytes.fromhex("82848b960c121824"))
RSN = element(48, bytes.fromhex("0100000fac040100000fac040100000fac020000"))  # CCMP, CCMP, pre-shared key


def beacon(at: float) -> None:
    body = struct.pack("<QHH", int((at - 1.7e9) * 1e6), 100, 0x0411) + element(0, SSID) + RATES + element(3, b"\x06")
    hear(at, -41, BEACON, EVERYONE, ROUTER, ROUTER, body + element(7, b"US \x01\x0b\x1e") + RSN)


def probe(at: float, sender: bytes, ssid: bytes, signal: int) -> None:
    # HT capabilities, and a vendor's own element: what an analyst tells kinds of device by.
    extra = element(45, bytes.fromhex("ad0117ffff") + bytes(21))
    hear(at, signal, PROBE, EVERYONE, sender, EVERYONE, element(0, ssid) + RATES + extra + element(221, bytes.fromhex("0050f208001000")))


def wrap(key: bytes, data: bytes) -> bytes:
    """AES key wrap (RFC 3394), by openssl."""
    command = ["openssl", "enc", "-id-aes128-wrap", "-K", key.hex(), "-iv", "a6" * 8]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def join(at: float, station: bytes, signal: int, passphrase: bytes, salt: str) -> None:
    """Open authentication, association, and as much of the four-way handshake as the passphrase is good for."""

    def router(after, control, body, **more):
        hear(at + after, -41, control, station, ROUTER, ROUTER, body, **more)

    def client(after, control, body, **more):
        hear(at + after, signal, control, ROUTER, station, ROUTER, body, **more)

    client(0.000, AUTHENTICATION, struct.pack("<HHH", 0, 1, 0))
    router(0.001, AUTHENTICATION, struct.pack("<HHH", 0, 2, 0))
    client(0.003, ASSOCIATION, struct.pack("<HH", 0x0431, 10) + element(0, SSID) + RATES + RSN)
    router(0.005, ASSOCIATED, struct.pack("<HHH", 0x0431, 0, 0xC001) + RATES)

    def keys(words):  # PMK and the pairwise keys: confirmation, encryption, (temporal)
        pmk = hashlib.pbkdf2_hmac("sha1", words, SSID, 4096, 32)
        mixed = min(ROUTER, station) + max(ROUTER, station) + min(anonce, snonce) + max(anonce, snonce)
        stream = b"".join(hmac.digest(pmk, b"Pairwise key expansion\0" + mixed + bytes([i]), "sha1") for i in range(3))
        return stream[:16], stream[16:32]

    def eapol(info, counter, nonce, data=b"", confirmation=None):
        key = struct.pack(">BHHQ", 2, info, 16 if info & 0x80 else 0, counter) + nonce + bytes(32)
        frame = struct.pack(">BBH", 2, 3, len(key) + 18 + len(data)) + key
        tail = struct.pack(">H", len(data)) + data
        mic = hmac.digest(confirmation, frame + bytes(16) + tail, "sha1")[:16] if confirmation else bytes(16)
        return b"\xaa\xaa\x03\0\0\0\x88\x8e" + frame + mic + tail

    anonce, snonce = (hashlib.sha256(f"{salt} {side}".encode()).digest() for side in ("router", "station"))
    confirmation, _ = keys(passphrase)
    router(0.020, DATA, eapol(0x008A, 1, anonce), ds=2)
    client(0.026, DATA, eapol(0x010A, 1, snonce, RSN, confirmation), ds=1)
    if passphrase != PASSPHRASE:
        router(1.020, DATA, eapol(0x008A, 2, anonce), ds=2, retry=1)
        client(1.027, DATA, eapol(0x010A, 2, snonce, RSN, confirmation), ds=1)
        router(2.020, DEAUTHENTICATION, struct.pack("<H", 15))  # four-way handshake timeout
        return
    confirmation, encryption = keys(PASSPHRASE)
    group = element(221, b"\x00\x0f\xac\x01\x01\x00" + hashlib.sha256(b"group key").digest()[:16])
    plain = RSN + group
    plain += (b"\xdd" + bytes(7))[: -len(plain) % 8]
    router(0.030, DATA, eapol(0x13CA, 2, anonce, wrap(encryption, plain), confirmation), ds=2)
    client(0.034, DATA, eapol(0x030A, 2, bytes(32), b"", confirmation), ds=1)


start, end = story()[0][0], story()[-1][0]
ticks = int((end - start) / 1.024)
for tick in range(ticks):
    beacon(start + tick * 1.024)

# Coming up the street the phone asks under random addresses; one question names a network it knew elsewhere.
home = when("phone", "joins the network") - 0.4  # the radio is first, DHCP follows
for before, sender, ssid, signal in [
    (9.0, "da:a1:19:5c:00:31", b"", -83),
    (8.98, "da:a1:19:5c:00:31", b"", -84),
    (8.5, "da:a1:19:5c:00:31", b"Harbour-Cafe-Guest", -81),
    (5.0, "06:3e:c1:77:42:0d", b"", -70),
    (4.97, "06:3e:c1:77:42:0d", b"", -69),
    (1.5, "a2:58:f0:09:be:64", b"", -55),
    (1.47, "a2:58:f0:09:be:64", b"", -54),
]:
    probe(home - before, mac(sender), ssid, signal)
probe(home - 0.1, PHONE, SSID, -49)
join(home, PHONE, -49, PASSPHRASE, "phone")

for nth in (0, 1):
    join(when("lamp", "joins the network", nth) - 0.4, LAMP, -58, PASSPHRASE, f"lamp {nth}")

stranger = when("lamp", "is unplugged") + 2
probe(stranger - 0.2, STRANGER, SSID, -77)
for nth in (0, 1):
    join(stranger + 4 * nth, STRANGER, -77, WRONG, f"stranger {nth}")

left = when("phone", "leaves the network") + 0.2
hear(left, -50, DEAUTHENTICATION, ROUTER, PHONE, ROUTER, struct.pack("<H", 3))  # leaving

(HOLLIS / "radio.pcap").write_bytes(pcap(numbered(), RADIOTAP))
print(f"radio.pcap: {len(heard)} frames")
