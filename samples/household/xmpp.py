"""A lamp and a phone that talk by XMPP, in the clear: python3 xmpp.py SERVER DOMAIN

RFC 6120 (streams, SASL PLAIN, binding), RFC 6121 (roster, presence, messages), XEP-0030, XEP-0092, XEP-0199.
"""

import base64
import socket
import sys
import time


class Stream:
    def __init__(self, server: str, domain: str):
        self.domain = domain
        self.socket = socket.create_connection((server, 5222))
        self.socket.settimeout(5)

    def say(self, text: str, until: str = "") -> str:
        self.socket.sendall(text.encode())
        heard = ""
        while until and until not in heard:
            part = self.socket.recv(4096)
            if not part:
                break
            heard += part.decode()
        return heard

    def begin(self) -> None:
        self.say(
            f"<?xml version='1.0'?><stream:stream to='{self.domain}' version='1.0' xml:lang='en' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>",
            "</stream:features>",
        )

    def login(self, user: str, word: str) -> bool:
        proof = base64.b64encode(f"\0{user}\0{word}".encode()).decode()
        heard = self.say(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{proof}</auth>", "xmpp-sasl'")
        return "<success" in heard

    def enter(self, user: str, word: str, resource: str) -> None:
        self.begin()
        assert self.login(user, word)
        self.begin()
        self.say(
            f"<iq type='set' id='bind-1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>", "</iq>"
        )
        self.say("<iq type='get' id='roster-1'><query xmlns='jabber:iq:roster'/></iq>", "</iq>")
        self.say("<presence><status>here</status><priority>5</priority></presence>", "<presence")

    def leave(self) -> None:
        self.say("<presence type='unavailable'/>")
        self.say("</stream:stream>", "</stream:stream>")
        self.socket.close()


def main(server: str, domain: str) -> None:
    stranger = Stream(server, domain)
    stranger.begin()
    assert not stranger.login("phone", "bench-blue-41")
    stranger.leave()
    lamp, phone = Stream(server, domain), Stream(server, domain)
    lamp.enter("lamp", "lamp-secret-14", "WL-14")
    phone.enter("phone", "bench-blue-14", "app")
    phone.say(f"<iq type='get' id='disco-1' to='{domain}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>", "</iq>")
    phone.say(f"<iq type='get' id='version-1' to='{domain}'><query xmlns='jabber:iq:version'/></iq>", "</iq>")
    phone.say(f"<message type='chat' id='m-1' to='lamp@{domain}/WL-14'><body>{{\"power\": true}}</body></message>")
    time.sleep(0.3)
    lamp.say(f"<message type='chat' id='m-2' to='phone@{domain}/app'><body>{{\"power\": true, \"watt\": 7}}</body></message>")
    lamp.say("<iq type='get' id='ping-1'><ping xmlns='urn:xmpp:ping'/></iq>", "ping-1")
    phone.say(f"<iq type='get' id='other-1' to='nobody@{domain}'><query xmlns='jabber:iq:last'/></iq>", "other-1")
    lamp.say("<presence><show>away</show></presence>", "<presence")
    time.sleep(0.3)
    phone.leave()
    lamp.leave()


main(*sys.argv[1:])
