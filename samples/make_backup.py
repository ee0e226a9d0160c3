#!/usr/bin/env python3
"""Makes hollis-street/router-backup.zip: what a router's owner might hand over. A container of a container.

router-backup/settings.json            the household's network in plain words
router-backup/leases.json              who had which address at the end
router-backup/capture/lamp.pcap.gz     the first half minute of lamp-port.pcap, gzip of a classic capture
"""

import gzip
import io
import json
import struct
import time
import zipfile

from household.capture import HOLLIS, when


def beginning(capture: bytes, seconds: float) -> bytes:
    """The file header and the records of the first seconds."""
    at, first = 24, None
    while at < len(capture):
        whole, micros, kept = struct.unpack_from("<III", capture, at)
        first = first or whole + micros / 1e6
        if whole + micros / 1e6 > first + seconds:
            break
        at += 16 + kept
    return capture[:at]


def main() -> None:
    settings = {
        "model": "Example Router",
        "ssid": "Hollis-14",
        "guest_ssid": "Hollis-14-guest",
        "lan": "192.168.86.1/24",
        "wan": "198.51.100.7",
        "upnp": True,
    }
    leases = [
        {"mac": mac, "ip": f"192.168.86.{last}", "hostname": name}
        for mac, last, name in [
            ("b8:27:eb:14:00:20", 20, "hub"), ("24:0a:c4:14:00:21", 21, "desk-lamp"), ("44:61:32:14:00:22", 22, "hall-thermostat"),
            ("ec:71:db:14:00:23", 23, "porch-camera"), ("38:8c:50:14:00:25", 25, "living-room-tv"),
        ]
    ]  # fmt: skip
    capture = gzip.compress(beginning((HOLLIS / "lamp-port.pcap").read_bytes(), 30), mtime=0)
    saved = time.gmtime(when("router", "recording ends"))[:6]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [
            ("settings.json", json.dumps(settings, indent=2)), ("leases.json", json.dumps(leases, indent=2)), ("capture/lamp.pcap.gz", capture),
        ]:  # fmt: skip
            archive.writestr(zipfile.ZipInfo(f"router-backup/{name}", saved), data, zipfile.ZIP_DEFLATED)
    (HOLLIS / "router-backup.zip").write_bytes(packed.getvalue())
    print(f"router-backup.zip: {len(packed.getvalue())} bytes")


if __name__ == "__main__":
    main()
