#!/usr/bin/env python3
"""Makes presence/: who was near, as access points with presence reports and a Kismet sensor would have told it.

There is no radio in a network namespace, so these files are generated, not recorded. Their times are those of story.tsv: the phone
is heard under random addresses before it joins, joined until it leaves, and not after. Two CloudTrax nodes report every 30 s, the one
in the hall and the one on the porch, which hears the phone weaker.
"""

import json
import sqlite3
import struct

from household.capture import HERE, when

PRESENCE = HERE / "presence"
HALL, PORCH = "AC:86:74:14:00:10", "AC:86:74:14:00:20"
PHONE, LAMP, CAMERA = "3c:28:6d:14:00:24", "24:0a:c4:14:00:21", "ec:71:db:14:00:23"
RANDOM = ["da:a1:19:14:00:01", "4e:20:5d:14:00:02"]
NETWORK = 700123
JOINS, LEAVES = int(when("phone", "joins the network")), int(when("phone", "leaves the network"))
START = JOINS - 300
END = LEAVES + 300


def probe(mac: str, first: int, last: int, signal: int, associated: bool, count: int) -> dict:
    levels = {"min_signal": signal - 4, "max_signal": signal + 5, "avg_signal": signal}
    return {"mac": mac, "count": count, **levels, "first_seen": first, "last_seen": last, "associated": associated}


def heard(node: str, begin: int) -> list[dict]:
    """What one node heard in the 30 s from `begin` on."""
    end, weaker = begin + 30, 0 if node == HALL else 14
    probes = [probe(LAMP, begin + 1, end - 2, -52 - weaker, True, 31), probe(CAMERA, begin, end - 1, -66 + weaker, True, 44)]
    for number, mac in enumerate(RANDOM):
        at = JOINS - 200 + 90 * number
        if begin <= at < end:
            probes.append(probe(mac, at, at + 2, -70 - weaker, False, 4))
    first, last = max(begin, JOINS), min(end - 1, LEAVES)
    if first <= last:
        probes.append(probe(PHONE, first, last, -58 - weaker, True, 2 * (last - first) + 1))
    return probes


def report(node: str, begin: int) -> str:
    return json.dumps({"network_id": NETWORK, "node_mac": node, "version": 1, "probe_requests": heard(node, begin)}, separators=(",", ":"))


def cloudtrax() -> str:
    """A line each. The hall's third report was sent twice; in its fifth the strongest signal can't be."""
    lines = []
    for number, begin in enumerate(range(START, END, 30)):
        hall = report(HALL, begin)
        lines += [hall.replace('"max_signal":-47', '"max_signal":-5') if number == 4 else hall, report(PORCH, begin)]
        if number == 2:
            lines.append(hall)
    return "".join(line + "\n" for line in lines)


def stamp(at: int) -> str:
    day, second = divmod(at - 1795132800, 86400)  # from 2026-11-20
    assert day == 0
    return f"2026-11-20T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"


def received() -> str:
    """As the receiver keeps them: two reports, the second with a wrong signature."""
    envelope = lambda at, verified, body: json.dumps({"received": stamp(at), "peer": "192.0.2.7:49152", "verified": verified, "body": body})
    return "".join(envelope(begin + 31, right, report(HALL, begin)) + "\n" for begin, right in [(JOINS, True), (LEAVES - 20, False)])


def meraki() -> str:
    second = {"clientMac": PHONE, "ipv4": "/192.168.86.24", "ipv6": None, "seenTime": stamp(JOINS + 5), "seenEpoch": JOINS + 5, "ssid": "Hollis-14",
              "rssi": 37, "manufacturer": "Google", "os": None, "location": {"lat": 52.5, "lng": 13.25, "unc": 3.5, "x": [], "y": []}}
    stranger = {**second, "clientMac": RANDOM[0], "ipv4": None, "seenTime": stamp(JOINS - 200), "seenEpoch": JOINS - 200, "ssid": None, "rssi": 21, "location": None}
    third = {"clientMac": PHONE, "ipv4": None, "ipv6": None, "ssid": "Hollis-14", "os": None, "manufacturer": "Google", "userId": None,
             "locations": [{"time": stamp(JOINS + 60), "lat": 52.5, "lng": 13.25, "x": 1.0, "y": 2.0, "variance": 4.0, "floorPlanId": "g_1", "nearestApTags": [],
                            "rssiRecords": [{"apMac": "00:18:0a:14:00:01", "rssi": -58}, {"apMac": "00:18:0a:14:00:02", "rssi": -72}]}],
             "latestRecord": {"time": stamp(JOINS + 60), "nearestApMac": "00:18:0a:14:00:01", "nearestApRssi": -58}}
    reports = [
        {"version": "2.0", "secret": "porch-light", "type": "DevicesSeen", "data": {"apMac": "00:18:0a:14:00:01", "apTags": [], "apFloors": [], "observations": [second, stranger]}},
        {"version": "3.0", "secret": "porch-light", "type": "WiFi", "data": {"networkId": "N_14", "observations": [third]}},
    ]
    return json.dumps(reports, indent=1) + "\n"


def kismet(path) -> None:
    """Version 8 of Kismet's log, as far as it says who was heard; more than a page of it, so that the table has branches."""
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path)
    db.execute("PRAGMA page_size = 4096")
    db.execute("CREATE TABLE KISMET (kismet_version TEXT, db_version INT, db_module TEXT)")
    db.execute(
        "CREATE TABLE devices (first_time INT, last_time INT, devkey TEXT, phyname TEXT, devmac TEXT, strongest_signal INT, min_lat REAL, min_lon REAL, max_lat REAL,"
        " max_lon REAL, avg_lat REAL, avg_lon REAL, bytes_data INT, type TEXT, device BLOB, UNIQUE(phyname, devmac) ON CONFLICT REPLACE)"
    )
    db.execute("INSERT INTO KISMET VALUES ('2023.07.R1', 8, 'kismetlog')")
    rows = [(JOINS - 200, LEAVES, PHONE, -49, 52.5, 13.25), (START, END, LAMP, -44, 0.0, 0.0), (START, END, CAMERA, 0, 0.0, 0.0)]
    rows += [(START + number, START + number + 4, f"da:a1:19:14:01:{number:02x}", -60 - number % 30, 0.0, 0.0) for number in range(60)]
    for number, (first, last, mac, signal, lat, lon) in enumerate(rows):
        about = json.dumps({"kismet.device.base.macaddr": mac.upper(), "kismet.device.base.packets.total": number, "filler": "x" * (7 * number % 700)})
        values = (first, last, f"4202770D00000000_{number:X}", "IEEE802.11", mac.upper(), signal, lat, lon, lat, lon, lat, lon, 0, "Wi-Fi Client", about.encode())
        db.execute("INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    db.commit()
    db.close()
    # Which version of SQLite wrote it is nobody's business.
    data = bytearray(path.read_bytes())
    struct.pack_into(">I", data, 96, 3040001)
    path.write_bytes(data)


def main() -> None:
    PRESENCE.mkdir(exist_ok=True)
    (PRESENCE / "cloudtrax.jsonl").write_text(cloudtrax())
    (PRESENCE / "received.jsonl").write_text(received())
    (PRESENCE / "meraki.json").write_text(meraki())
    kismet(PRESENCE / "home.kismet")


if __name__ == "__main__":
    main()
