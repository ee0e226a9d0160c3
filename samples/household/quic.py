"""QUIC by aioquic, with HTTP/3 inside: quic.py serve ADDRESS VERSION CERTIFICATE KEY, quic.py ask ADDRESS VERSION KEYLOG"""

import asyncio
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import QuicProtocolVersion

PORT = 443


def settings(version: str, client: bool) -> QuicConfiguration:
    number = QuicProtocolVersion.VERSION_1 if version == "1" else QuicProtocolVersion.VERSION_2
    made = QuicConfiguration(is_client=client, alpn_protocols=H3_ALPN, supported_versions=[number], server_name="quic.workshop.example")
    if hasattr(made, "original_version") and client:
        made.original_version = number
    return made


class Server(QuicConnectionProtocol):
    http = None

    def quic_event_received(self, event) -> None:
        self.http = self.http or H3Connection(self._quic)
        for what in self.http.handle_event(event):
            if isinstance(what, HeadersReceived):
                self.http.send_headers(what.stream_id, [(b":status", b"200"), (b"content-type", b"application/json")])
                self.http.send_data(what.stream_id, b'{"lights":[]}', end_stream=True)
                self.transmit()


class Client(QuicConnectionProtocol):
    http, done = None, None

    async def ask(self, path: bytes) -> None:
        self.http = self.http or H3Connection(self._quic)
        self.done = asyncio.get_running_loop().create_future()
        stream = self._quic.get_next_available_stream_id()
        authority = (b":authority", b"quic.workshop.example")
        self.http.send_headers(stream, [(b":method", b"GET"), (b":scheme", b"https"), authority, (b":path", path)], end_stream=True)
        self.transmit()
        await asyncio.wait_for(self.done, 5)

    def quic_event_received(self, event) -> None:
        if self.http:
            for what in self.http.handle_event(event):
                if isinstance(what, DataReceived) and what.stream_ended and not self.done.done():
                    self.done.set_result(None)


async def main(role: str, address: str, version: str, one: str, other: str = "") -> None:
    config = settings(version, role == "ask")
    if role == "serve":
        config.load_cert_chain(one, other)
        await serve(address, PORT, configuration=config, create_protocol=Server)
        await asyncio.Event().wait()
    config.verify_mode = 0
    with open(one, "w", encoding="ascii") as keys:
        config.secrets_log_file = keys
        async with connect(address, PORT, configuration=config, create_protocol=Client) as client:
            for path in (b"/api/light", b"/api/plug"):
                await client.ask(path)


asyncio.run(main(*sys.argv[1:]))
