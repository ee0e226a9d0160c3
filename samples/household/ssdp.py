"""SSDP of the TV and of the phone (UPnP Device Architecture 1.1, section 1).

python3 ssdp.py announce ADDRESS    the TV: ssdp:alive at once and every 30 s, answers searches, serves its description
python3 ssdp.py byebye ADDRESS      the TV, switched off
python3 ssdp.py search              the phone: M-SEARCH for things that can play, answers awaited for 2 s
"""

import http.server
import socket
import struct
import sys
import threading
import time

GROUP = ("239.255.255.250", 1900)
UUID = "uuid:14000025-0000-4000-8000-388c50140025"
SERVER = "Linux/5.4 UPnP/1.1 ExampleTV/4.1"
TYPES = ["upnp:rootdevice", UUID, "urn:dial-multiscreen-org:service:dial:1"]
DESCRIPTION = f"""<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>1</minor></specVersion><device>
<deviceType>urn:dial-multiscreen-org:device:dial:1</deviceType><friendlyName>Living room TV</friendlyName>
<manufacturer>Example Screens</manufacturer><modelName>Example TV 43</modelName><UDN>{UUID}</UDN></device></root>
""".encode()


def usn(kind: str) -> str:
    return UUID if kind == UUID else f"{UUID}::{kind}"


def message(start: str, **headers: str) -> bytes:
    lines = [start] + [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def multicast(address: str | None) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 2)
    if address:
        sock.bind(("", GROUP[1]))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4s", *map(socket.inet_aton, (GROUP[0], address))))
    return sock


def notify(sock: socket.socket, address: str, nts: str) -> None:
    for kind in TYPES:
        about = {"NT": kind, "NTS": nts, "USN": usn(kind)}
        if nts == "ssdp:alive":
            about |= {"LOCATION": location(address), "CACHE_CONTROL": "max-age=1800", "SERVER": SERVER}
        sock.sendto(message("NOTIFY * HTTP/1.1", HOST="239.255.255.250:1900", **about), GROUP)
        time.sleep(0.05)


def location(address: str) -> str:
    return f"http://{address}:8008/ssdp/device-desc.xml"


class Description(http.server.BaseHTTPRequestHandler):
    server_version, sys_version = SERVER, ""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(DESCRIPTION)))
        self.end_headers()
        self.wfile.write(DESCRIPTION)

    def version_string(self):
        return SERVER


def announce(address: str) -> None:
    web = http.server.ThreadingHTTPServer((address, 8008), Description)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    sock = multicast(address)
    due = time.monotonic()
    while True:
        if time.monotonic() >= due:
            notify(sock, address, "ssdp:alive")
            due = time.monotonic() + 30
        sock.settimeout(max(due - time.monotonic(), 0.01))
        try:
            asked, asker = sock.recvfrom(2048)
        except TimeoutError:
            continue
        for kind in TYPES:
            if asked.startswith(b"M-SEARCH") and f"ST: {kind}\r\n".encode() in asked:
                answer = {"CACHE_CONTROL": "max-age=1800", "EXT": "", "LOCATION": location(address), "SERVER": SERVER}
                sock.sendto(message("HTTP/1.1 200 OK", **answer, ST=kind, USN=usn(kind)), asker)


def byebye(address: str) -> None:
    notify(multicast(address), address, "ssdp:byebye")


def search() -> None:
    sock = multicast(None)
    wanted = {"HOST": "239.255.255.250:1900", "MAN": '"ssdp:discover"', "MX": "1", "ST": TYPES[2], "USER_AGENT": "Android/14 UPnP/1.1 Pixel/8"}
    sock.sendto(message("M-SEARCH * HTTP/1.1", **wanted), GROUP)
    sock.settimeout(2)
    try:
        while True:
            sock.recv(2048)
    except TimeoutError:
        pass


{"announce": announce, "byebye": byebye, "search": search}[sys.argv[1]](*sys.argv[2:])
