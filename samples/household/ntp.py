"""Both ends of a question for the time (SNTP, RFC 5905).

python3 ntp.py serve ADDRESS      answers for ever, as a stratum 2 server
python3 ntp.py ask HOST           asks once, like a device whose clock began at 0 when it was plugged in
"""

import socket
import struct
import sys
import time

TO_1900 = 2_208_988_800  # seconds from the NTP epoch to the Unix epoch


def stamp(unix: float) -> bytes:
    return struct.pack(">II", int(unix) + TO_1900, int(unix % 1 * 2**32))


def serve(address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 123))
        while True:
            question, client = server.recvfrom(512)
            now = time.time()
            # No leap, version 4, server; stratum 2; poll 6; precision 2^-20 s; delay; dispersion; reference.
            head = struct.pack(">BBbbII4s", 0b00_100_100, 2, 6, -20, 0x40, 0x80, socket.inet_aton("192.0.2.1"))
            times = stamp(now - 17) + question[40:48] + stamp(now) + stamp(time.time())
            server.sendto(head + times, client)


def ask(host: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(3)
        seconds_since_power_on = 2
        transmit = struct.pack(">II", seconds_since_power_on, 0)  # its clock began at 0
        client.sendto(struct.pack(">BBbb", 0b11_100_011, 0, 6, -6) + bytes(36) + transmit, (host, 123))
        client.recv(512)


{"serve": serve, "ask": ask}[sys.argv[1]](sys.argv[2])
