#!/usr/bin/env python3
"""Makes expected.json: what TShark, which shares no code with us, says of each capture here.

    samples/facts.py            writes samples/expected.json
    samples/facts.py FILE...    prints the same for any capture

TShark runs without name resolution, with its own reassembly, deciphering nothing. Times are seconds with nine digits, as
text, so that no reader rounds them. Lists keep file order where order means something (queries, requests, publishes,
flows by first frame), else they are sorted; counters are sorted by name.
"""

import collections
import functools
import hashlib
import ipaddress
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
OPTIONS = ["-n", "-o", "tcp.desegment_tcp_streams:TRUE", "-o", "ip.defragment:TRUE", "-o", "tls.desegment_ssl_records:TRUE"]
SEPARATOR, AMONG = "\t", "\x1f"

MQTT = {1: "CONNECT", 2: "CONNACK", 3: "PUBLISH", 4: "PUBACK", 5: "PUBREC", 6: "PUBREL", 7: "PUBCOMP", 8: "SUBSCRIBE",
        9: "SUBACK", 10: "UNSUBSCRIBE", 11: "UNSUBACK", 12: "PINGREQ", 13: "PINGRESP", 14: "DISCONNECT", 15: "AUTH"}  # fmt: skip
COAP = ["CON", "NON", "ACK", "RST"]
WLAN = {0: "association_request", 1: "association_response", 4: "probe_request", 5: "probe_response", 8: "beacon",
        10: "disassociation", 11: "authentication", 12: "deauthentication", 32: "data", 40: "qos_data"}  # fmt: skip


def tshark(path: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess:
    run = subprocess.run(["tshark", "-r", path, *OPTIONS, *arguments], capture_output=True, text=True, errors="replace")
    # It grumbles about being root on the same stream; only what it says of the file is of interest.
    run.stderr = " ".join(line for line in run.stderr.splitlines() if 'user "root"' not in line)
    run.stderr = run.stderr.replace(f'The file "{path}"', "the file").removeprefix("tshark: ").strip()
    return run


def rows(path: pathlib.Path, keep: str, *names: str) -> list[list[list[str]]]:
    """For each frame that passes the display filter: for each field, all its values."""
    wanted = [argument for name in names for argument in ("-e", name)]
    layout = ["-E", f"separator={SEPARATOR}", "-E", f"aggregator={AMONG}", "-E", "occurrence=a"]
    run = tshark(path, "-Y", keep, "-T", "fields", *layout, *wanted)
    if "valid" in run.stderr:  # a field or a filter that this TShark does not know; a damaged file says other things
        sys.exit(run.stderr)
    return [[cell.split(AMONG) if cell else [] for cell in line.split(SEPARATOR)] for line in run.stdout.splitlines()]


def tally(values) -> dict[str, int]:
    return dict(sorted(collections.Counter(values).items()))


def first(cell: list[str]) -> str | None:
    return cell[0] if cell else None


def text(raw: str) -> str:
    """A payload that TShark prints as hex."""
    return bytes.fromhex(raw.replace(":", "")).decode(errors="replace")


def address_order(host: str):
    address = ipaddress.ip_address(host)
    return address.version, int(address)


def frames(path: pathlib.Path) -> dict:
    cells = rows(path, "frame", "frame.time_epoch", "frame.len", "frame.cap_len")
    times = [nine(at[0]) for at, _, _ in cells if at]
    return {
        "count": len(cells),
        "wire_bytes": sum(int(length[0]) for _, length, _ in cells),
        "captured_bytes": sum(int(length[0]) for _, _, length in cells),
        "first_ts": min(times, default=None),
        "last_ts": max(times, default=None),
        "malformed_frames": len(rows(path, "_ws.malformed", "frame.number")),
    }


def nine(seconds: str) -> str:
    whole, _, part = seconds.partition(".")
    return f"{whole}.{part:0<9.9}"


COUNTED = ["arp", "coap", "dhcp", "dns", "eapol", "http2", "icmp", "icmpv6", "igmp", "mdns", "mqtt", "ntp", "ssdp", "tcp", "udp", "wlan"]


def counts(path: pathlib.Path) -> dict[str, int]:
    """In frames, but for mqtt_messages; what an ICMP error quotes does not count."""
    names = ["frame.protocols", "dns.flags.response", "http.request", "http.response", "tls.handshake.type", "mqtt.msgtype"]
    found: collections.Counter[str] = collections.Counter()
    for protocols, responds, asks, answers, handshakes, messages in rows(path, "frame", *names):
        stack = protocols[0].split(":")
        quoted = next((at for at, name in enumerate(stack) if name in ("icmp", "icmpv6")), len(stack))
        stack = stack[: quoted + 1]
        found.update(set(COUNTED) & set(stack))
        for protocol in {"dns", "mdns"} & set(stack):
            found[f"{protocol}_{'response' if responds[0] in ('1', 'True') else 'query'}"] += 1
        if "http" in stack:
            found["http_request"] += bool(asks)
            found["http_response"] += bool(answers)
        found["tls_client_hello"] += "1" in handshakes
        found["tls_server_hello"] += "2" in handshakes
        found["mqtt_messages"] += len(messages)
    return {name: n for name, n in sorted(found.items()) if n}


def ends(path: pathlib.Path) -> dict:
    """Hosts, hardware addresses and flows, of the outermost headers; an ICMP error's quotation is not a flow."""
    hosts, sources, flows = set(), set(), {}
    names = ["frame.time_epoch", "frame.len", "eth.src", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
             "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "icmp.type", "icmpv6.type"]  # fmt: skip
    for cells in rows(path, "frame", *names):
        at, length, mac, src4, dst4, src6, dst6, *ports, icmp, icmp6 = map(first, cells)
        if mac:
            sources.add(mac)
        source, target = src4 or src6, dst4 or dst6
        hosts |= {source, target} - {None}
        transport = "tcp" if ports[0] else "udp" if ports[2] else None
        if not transport or icmp or icmp6:
            continue
        one, other = (source, int(ports[0] or ports[2])), (target, int(ports[1] or ports[3]))
        a, b = sorted((one, other))
        flow = flows.setdefault((transport, a, b), [0, 0, 0, 0, nine(at), None])
        way = 0 if one == a else 2
        flow[way] += 1
        flow[way + 1] += int(length)
        flow[5] = nine(at)
    return {
        "hosts": sorted(hosts, key=address_order),
        "macs": sorted(sources),
        "flow_columns": ["proto", "a", "aport", "b", "bport", "frames_ab", "bytes_ab", "frames_ba", "bytes_ba", "first_ts", "last_ts"],
        "flows": [[transport, *a, *b, *flow] for (transport, a, b), flow in flows.items()],
    }


def dns(path: pathlib.Path, protocol: str) -> dict:
    asked = rows(path, f"{protocol} && dns.flags.response==0", "dns.qry.name", "dns.qry.type")
    answered = rows(path, f"{protocol} && dns.flags.response==1", "dns.flags.rcode", "dns.a", "dns.aaaa", "dns.cname", "dns.ptr.domain_name")
    return {
        "query_names": tally(name for names, _ in asked for name in names),
        "query_types": tally(kind for _, kinds in asked for kind in kinds),
        "rcodes": tally(code for codes, *_ in answered for code in codes),
        "a": sorted({value for _, values, *_ in answered for value in values}),
        "aaaa": sorted({value for _, _, values, *_ in answered for value in values}),
        "cname": sorted({value for *_, values, _ in answered for value in values}),
        "ptr": sorted({value for *_, values in answered for value in values}),
    }


def dhcp(path: pathlib.Path) -> dict:
    names = ["frame.number", "dhcp.option.dhcp", "dhcp.hw.mac_addr", "dhcp.ip.your", "dhcp.option.hostname",
             "dhcp.option.vendor_class_id", "dhcp.option.requested_ip_address", "dhcp.option.request_list_item"]  # fmt: skip
    cells = rows(path, "dhcp", *names)
    asked = [row for row in cells if first(row[1]) in {"1", "3", "7"}]
    return {
        "message_types": tally(first(row[1]) for row in cells),
        "hostnames": sorted({(row[2][0], row[4][0]) for row in asked if row[4]}),
        "vendor_classes": sorted({(row[2][0], row[5][0]) for row in asked if row[5]}),
        "requested": [[int(row[0][0]), row[2][0], row[6][0]] for row in asked if row[6]],
        "parameter_lists": sorted({(row[2][0], ",".join(row[7])) for row in asked if row[7]}),
        "acked": [[int(row[0][0]), row[2][0], row[3][0]] for row in cells if first(row[1]) == "5"],
    }


def tls(path: pathlib.Path) -> dict:
    names = ["frame.number", "tls.handshake.extensions_server_name", "tls.handshake.extensions_alpn_str", "tls.handshake.ja3",
             "tls.handshake.extensions.supported_version"]  # fmt: skip
    hellos = rows(path, "tls.handshake.type==1", *names)
    answers = rows(path, "tls.handshake.type==2", "frame.number", "tls.handshake.ja3s", "tls.handshake.ciphersuite")
    subjects = rows(path, "tls.handshake.certificate", "frame.number", "x509sat.uTF8String", "x509ce.dNSName")
    return {
        "sni": tally(name for _, found, *_ in hellos for name in found),
        "client_hellos": [
            {"frame": int(n[0]), "sni": first(sni), "alpn": alpn, "ja3": first(ja3), "supported_versions": versions}
            for n, sni, alpn, ja3, versions in hellos
        ],  # fmt: skip
        "server_hellos": [{"frame": int(n[0]), "ja3s": first(ja3s), "cipher": first(cipher)} for n, ja3s, cipher in answers],
        "certificates_in_clear": [{"frame": int(n[0]), "names": strings, "alternative_names": dns_names} for n, strings, dns_names in subjects],
    }


def http(path: pathlib.Path, keep: str) -> dict:
    names = ["frame.number", "http.request.method", "http.request.uri", "http.host", "http.user_agent", "http.authbasic"]
    answers = rows(path, f"http.response && {keep}", "frame.number", "http.response.code", "http.server", "http.request_in")
    return {
        "requests": [
            {"frame": int(n[0]), "method": first(method), "uri": first(uri), "host": first(host), "user_agent": first(agent), "basic": first(basic)}
            for n, method, uri, host, agent, basic in rows(path, f"http.request && {keep}", *names)
        ],  # fmt: skip
        "responses": [
            {"frame": int(n[0]), "status": int(code[0]), "server": first(server), "to": int(to[0]) if to else None} for n, code, server, to in answers
        ],  # fmt: skip
    }


def ssdp(path: pathlib.Path) -> dict:
    """TShark 4.0 has no field for NT, ST and the like: header lines are read from the text of each datagram."""
    wanted = ("nts", "nt", "st", "usn", "location", "server")
    messages = []
    for number, source, payload in rows(path, "ssdp", "frame.number", "ip.src", "udp.payload"):
        start, *lines = text(payload[0]).split("\r\n")
        headers = dict(re.split(r":\s*", line, maxsplit=1) for line in lines if ":" in line)
        kept = {name.lower(): value for name, value in headers.items() if name.lower() in wanted}
        messages.append({"frame": int(number[0]), "source": source[0], "start": start, **kept})
    return {"messages": messages}


def mqtt(path: pathlib.Path) -> dict:
    types = [MQTT[int(kind)] for (kinds,) in rows(path, "mqtt", "mqtt.msgtype") for kind in kinds]
    connects = rows(path, "mqtt.msgtype==1", "frame.number", "mqtt.clientid", "mqtt.username", "mqtt.ver", "mqtt.willtopic", "mqtt.willmsg")
    codes = rows(path, "mqtt.msgtype==2", "mqtt.conack.val", "mqtt.connack.reason_code")
    publishes = rows(
        path, "mqtt.msgtype==3 && !_ws.malformed", "frame.number", "ip.src", "ip.dst", "mqtt.topic", "mqtt.msg", "mqtt.qos", "mqtt.retain"
    )
    subscribes = rows(path, "mqtt.msgtype==8", "mqtt.topic")
    return {
        "types": tally(types),
        "connects": [
            {
                "frame": int(n[0]),
                "client_id": first(who),
                "username": first(user),
                "version": first(version),
                "will_topic": first(topic),
                "will_message": text(will[0]) if will else None,
            }
            for n, who, user, version, topic, will in connects
        ],  # fmt: skip
        "connack_codes": tally(first(old) or first(new) for old, new in codes),
        "subscribe_topics": tally(topic for (topics,) in subscribes for topic in topics),
        "publish_topics": tally(topic for _, _, _, topics, *_ in publishes for topic in topics),
        "publishes": [
            [int(n[0]), src[0], dst[0], topic, text(message)]
            for n, src, dst, topics, messages, *_ in publishes
            for topic, message in zip(topics, messages, strict=True)
        ],  # fmt: skip
        "publish_columns": ["frame", "source", "destination", "topic", "payload"],
    }


def coap(path: pathlib.Path) -> dict:
    names = ["frame.number", "ip.src", "coap.code", "coap.type", "coap.mid", "coap.token", "coap.opt.uri_path_recon", "coap.opt.ctype",
             "coap.opt.observe", "coap.payload_length", "udp.payload"]  # fmt: skip
    messages = []
    for cells in rows(path, "coap && !icmp && !icmpv6", *names):
        number, source, code, kind, mid, token, uri, content, observe, length, datagram = map(first, cells)
        code = int(code)
        messages.append({
            "frame": int(number), "source": source, "code": f"{code >> 5}.{code & 31:02}", "type": COAP[int(kind)], "mid": int(mid), "token": token,
            "content_format": content, "observe": observe and int(observe, 0), "payload": length and text(datagram[-2 * int(length):]), "uri": uri,
        })  # fmt: skip
    # TShark notes a request's path on its answers as well; a path is counted where it was asked for.
    asked = [message for message in messages if message["code"].startswith("0.") and message["code"] != "0.00"]
    return {
        "codes": tally(message["code"] for message in messages),
        "types": tally(message["type"] for message in messages),
        "request_uris": tally(message["uri"] or "/" for message in asked),
        "messages": messages,
    }


def ntp(path: pathlib.Path) -> dict:
    cells = rows(path, "ntp", "frame.number", "ip.src", "ntp.flags.mode", "ntp.stratum")
    return {
        "messages": [
            {"frame": int(n[0]), "source": source[0], "mode": int(mode[0]), "stratum": int(stratum[0])} for n, source, mode, stratum in cells
        ]
    }


def arp(path: pathlib.Path) -> dict:
    cells = rows(path, "arp", "arp.opcode", "arp.src.proto_ipv4", "arp.src.hw_mac")
    return {
        "opcodes": tally(code[0] for code, *_ in cells),
        "bindings": sorted({(address[0], mac[0]) for _, address, mac in cells if address[0] != "0.0.0.0"}),
    }


def wlan(path: pathlib.Path) -> dict:
    names = [
        "frame.number",
        "wlan.fc.type_subtype",
        "wlan.sa",
        "wlan.ssid",
        "wlan_radio.signal_dbm",
        "wlan.fixed.reason_code",
        "wlan_rsna_eapol.keydes.msgnr",
    ]
    cells = rows(path, "wlan", *names)
    subtype = [int(row[1][0], 0) for row in cells]
    probes = [row for row, kind in zip(cells, subtype, strict=True) if kind == 4]
    return {
        "subtypes": tally(WLAN.get(kind, str(kind)) for kind in subtype),
        # TShark prints an SSID's bytes as hex; an empty one as <MISSING>.
        "probe_requests": tally(f"{row[2][0]} {ssid(row[3])}".rstrip() for row in probes),
        "deauthentications": [[int(row[0][0]), row[2][0], int(row[5][0], 0)] for row, kind in zip(cells, subtype, strict=True) if kind == 12],
        "handshake_messages": tally(row[6][0] for row in cells if row[6]),
        "signal_dbm": [min(int(row[4][0]) for row in cells), max(int(row[4][0]) for row in cells)],
    }


def ssid(values: list[str]) -> str:
    return "" if values in ([], ["<MISSING>"]) else text(values[0])


SECTIONS = {  # section: the count that says it has something to tell, how
    "dns": ("dns", functools.partial(dns, protocol="dns")), "mdns": ("mdns", functools.partial(dns, protocol="mdns")),
    "dhcp": ("dhcp", dhcp), "arp": ("arp", arp), "tls": ("tls_client_hello", tls),
    "http": ("http_request", functools.partial(http, keep="!ssdp")), "ssdp": ("ssdp", ssdp),
    "mqtt": ("mqtt", mqtt), "coap": ("coap", coap), "ntp": ("ntp", ntp), "wlan": ("wlan", wlan),
}  # fmt: skip


def facts(path: pathlib.Path) -> dict:
    raw = path.read_bytes()
    whole = tshark(path, "-q")
    result = {
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "tshark": {"exit": whole.returncode, "message": whole.stderr or None},
        "frames": frames(path),
    }
    if result["frames"]["count"]:
        result["counts"] = counts(path)
        result |= ends(path)
        result |= {name: tell(path) for name, (needs, tell) in SECTIONS.items() if result["counts"].get(needs)}
    return result


def lines(value, indent: str = "") -> str:
    """JSON with one line for whatever fits on one, so that a difference is read at a glance."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + len(indent) <= 150 or not isinstance(value, (dict, list)):
        return flat
    inner = indent + " "
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{inner}{json.dumps(k)}: {lines(v, inner)}" for k, v in value.items()) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + lines(v, inner) for v in value) + f"\n{indent}]"


def main() -> None:
    if sys.argv[1:]:
        print(lines({name: facts(pathlib.Path(name)) for name in sys.argv[1:]}))
        return
    captures = sorted(path for path in HERE.glob("*/*") if re.search(r"\.pcap(ng)?(\.gz)?$", path.name))
    version = subprocess.run(["tshark", "--version"], capture_output=True, text=True).stdout.splitlines()[0].rstrip(".")
    told = {"tool": version} | {str(path.relative_to(HERE)): facts(path) for path in captures}
    (HERE / "expected.json").write_text(lines(told) + "\n", encoding="utf-8")
    for name, fact in list(told.items())[1:]:
        print(f"{name}: {fact['frames']['count']} frames", *filter(None, [fact["tshark"]["message"]]), sep="; ")


if __name__ == "__main__":
    main()
