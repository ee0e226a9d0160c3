#!/usr/bin/env python3
"""Makes hollis-street/onhub.report: the diagnostic report that a router of the OnHub kind would have given of the household.

Nobody downloaded this one. It is written as such routers write theirs, a protocol buffers message without a magic
number, and agrees with the other samples: DHCP lines bear the times of router.pcapng (read with tshark), Wi-Fi lines those
of story.tsv and radio.pcap. /var/log/messages.1 holds the twenty hours before, which no capture saw. Same input, same bytes.

Addresses are pseudonymised as the firmware does it: the vendor's half is true, the other half is a running counter, and the
same address gets one pseudonym for its compact form and another for its form with colons, which is padded to 17 characters.
"""

import datetime
import gzip
import hashlib
import hmac
import json
import subprocess

from household.capture import HOLLIS, story, when

SSID = "Hollis-14"
FIRMWARE = "9460.40.5"
RADIO, PORT = {"2.4": "wlan-2400mhz", "5": "wlan-5000mhz"}, {"wired": 1, "2.4": 2, "5": 3}


class Device:
    def __init__(self, name, address, mac, link, signal=0, mdns=(), features=()):
        self.name, self.address, self.mac, self.link, self.signal = name, address, mac, link, signal
        self.mdns, self.features = list(mdns), list(features)


CAST = "Living room TV._googlecast._tcp.local"
HUB = Device("hub", "192.168.86.20", "b8:27:eb:14:00:20", "wired", mdns=["hub.local"])
LAMP = Device("desk-lamp", "192.168.86.21", "24:0a:c4:14:00:21", "2.4", -58)
THERMOSTAT = Device("hall-thermostat", "192.168.86.22", "44:61:32:14:00:22", "2.4", -63)
CAMERA = Device("porch-camera", "192.168.86.23", "ec:71:db:14:00:23", "5", -67, mdns=["porch-camera.local"])
PHONE = Device("Pixel-8", "192.168.86.24", "3c:28:6d:14:00:24", "2.4", -49, mdns=["Pixel-8.local"])
TV = Device("living-room-tv", "192.168.86.25", "38:8c:50:14:00:25", "5", -52, mdns=["living-room-tv.local"],
            features=[(CAST, "md=Example TV 43"), (CAST, "fn=Living room TV")])  # fmt: skip
LAPTOP = Device("examiner-laptop", "192.168.86.30", "d4:be:d9:14:00:30", "wired")  # who fetched this report
TABLET = Device("android-****************", "192.168.87.20", "7e:14:00:5a:00:31", "5", -71)  # a guest, the evening before
HOUSE = [HUB, LAMP, THERMOSTAT, CAMERA, PHONE, TV, LAPTOP]
STRANGER = "a4:34:d9:00:14:99"
ROUTER_LAN, ROUTER_WAN, GATEWAY = "f4:f2:6d:14:00:01", "f4:f2:6d:14:00:02", "00:00:5e:14:00:30"
BSSID = {"2.4": "f4:f2:6d:14:00:03", "5": "f4:f2:6d:14:00:04", "guest": "f6:f2:6d:14:00:05"}

END = story()[-1][0]
REPORT = int(END) + 95  # the laptop was plugged in after the recording had ended
BOOT = story()[0][0] - 3 * 86_400 - 5 * 3_600


# ------------------------------------------------------------------------------------------------------------ pseudonyms


class Pseudonyms:
    """Counts addresses in the order in which they are first met, one counter for both forms."""

    def __init__(self):
        self.known = {}

    def _of(self, form: str) -> tuple[str, str]:
        if form not in self.known:
            plain = form.replace(":", "")
            identity = hmac.digest(b"Hollis Street 14, this router's own key", form.encode(), "sha256").hex().upper()
            self.known[form] = identity, f"{plain[:6]}{len(self.known) + 1:06x}"
        return self.known[form]

    def identity(self, mac: str) -> str:
        return self._of(mac.replace(":", ""))[0]

    def compact(self, mac: str) -> str:
        return self._of(mac.replace(":", ""))[1]

    def colon(self, mac: str) -> str:
        return f"{self._of(mac)[1]:<17}"


names = Pseudonyms()


# ------------------------------------------------------------------------------------------------------------- protobuf


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # a negative int32 takes ten bytes
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def content(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def file(path: str, text: str | bytes, packed: bool = False) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return content(2, content(1, path) + content(2, gzip.compress(raw, mtime=0) if packed else raw))


def output(command: str, text: str = "", status: int = 0) -> bytes:
    return content(9, content(1, command) + content(2, text) + (number(3, status) if status else b""))


# ------------------------------------------------------------------------------------------------------------------ logs

lines: list[tuple[float, str]] = []  # of the day of the recording; those of the day before are told apart by time


def utc(at: float) -> str:
    micros = round(at * 1e6)
    moment = datetime.datetime.fromtimestamp(micros // 10**6, datetime.UTC).replace(microsecond=micros % 10**6)
    return moment.isoformat(timespec="microseconds")


def log(at: float, process: str, text: str, level: str = "INFO") -> None:
    lines.append((at, f"{utc(at)} {level} {process}: {text}"))


def hostapd(at: float, text: str) -> None:
    log(at, "hostapd[7128]", text)


def kernel(at: float, text: str) -> None:
    log(at, "kernel", f"[{at - BOOT:.6f}] {text}")


def event(at: float, interface: str, what: str, mac: str, success: int = 1, reason: str = "none", rest: str = "") -> None:
    """hostapd's event, and its echo by a process that does not know it."""
    log(at - 0.0003, "ap-monitor[1281]", f"[INFO:hostapd_monitor.cc(270)] Received unknown event: {what}")
    hostapd(at, f"{interface}: IEEE 802.11 {what} {names.colon(mac)} timestamp:************* success:{success} event_reason:{reason}{rest}")


def associate(at: float, interface: str, mac: str, aid: int, signal: int, right: bool = True) -> None:
    """From authentication to the end of the handshake, or to its failure with a wrong passphrase."""
    station = f"{interface}: STA {names.colon(mac)}"
    event(at, interface, "AP-STA-AUTH", mac, rest=f" frame_status:0 frame_rssi:{signal}")
    event(at + 0.004, interface, "AP-STA-ASSOC", mac, rest=f" frame_status:0 frame_rssi:{signal}")
    hostapd(at + 0.005, f"{station} IEEE 802.11: authenticated")
    hostapd(at + 0.0055, f"{station} IEEE 802.11: associated (aid {aid})")
    for attempt in (0, 1):
        hostapd(at + 0.020 + attempt, f"{station} WPA: sending 1/4 msg of 4-Way Handshake")
        kernel(at + 0.0205 + attempt, f"{station} TX eapol({51 + attempt})")
        kernel(at + 0.0265 + attempt, f"{station} RX eapol({51 + attempt}) RSSI={signal} SN={2 + attempt}")
        hostapd(at + 0.027 + attempt, f"{station} WPA: received EAPOL-Key frame (2/4 Pairwise)")
        if right:
            break
        event(at + 0.0275 + attempt, interface, "AP-STA-POSSIBLE-PSK-MISMATCH", mac, 0, "psk_mismatch")
        hostapd(at + 0.028 + attempt, f"{station} IEEE 802.11: AP-STA-POSSIBLE-PSK-MISMATCH ")
        hostapd(at + 0.998 + attempt, f"{station} WPA: EAPOL-Key timeout")
    if not right:
        event(at + 2.020, interface, "AP-STA-DISCONNECT", mac, reason="psk_mismatch", rest=" frame_status:15")
        hostapd(at + 2.021, f"{station} IEEE 802.11: deauthenticated due to local deauth request")
        return
    hostapd(at + 0.030, f"{station} WPA: sending 3/4 msg of 4-Way Handshake")
    hostapd(at + 0.034, f"{station} WPA: received EAPOL-Key frame (4/4 Pairwise)")
    hostapd(at + 0.0345, f"{station} IEEE 802.11: Connected")
    rates = f" last_rx_rssi:{signal} tx_rate_kbps:6000 tx_rate_bw:20 tx_rate_sgi:0 avg_rssi:{signal - 1} nss:1 mode:ht"
    event(at + 0.035, interface, "AP-STA-CONNECT", mac, rest=rates)
    hostapd(at + 0.0355, f"{station} WPA: pairwise key handshake completed (RSN)")


def disconnect(at: float, interface: str, mac: str, reason: str, rest: str, words: str) -> None:
    event(at, interface, "AP-STA-DISCONNECT", mac, reason=reason, rest=rest)
    hostapd(at + 0.0004, f"{interface}: STA {names.colon(mac)} IEEE 802.11: {words}")


def dhcp(at: float, what: str, mac: str, address: str = "", rest: str = "") -> None:
    bridge = "br-guest" if mac == TABLET.mac else "br-lan"
    log(at, "dnsmasq-dhcp[2724]", f"{what}({bridge}) {address}{' ' * bool(address)}{names.colon(mac)} {rest}")


def renew(at: float, device: Device) -> None:
    dhcp(at, "DHCPREQUEST", device.mac, device.address)
    dhcp(at + 0.0003, "DHCPACK", device.mac, device.address, device.name)


def recorded_dhcp() -> None:
    """Each DHCP message of router.pcapng, at its time, as dnsmasq puts it."""
    wanted = "frame.time_epoch dhcp.option.dhcp dhcp.hw.mac_addr dhcp.ip.your dhcp.ip.client dhcp.option.requested_ip_address"
    fields = [argument for name in wanted.split() for argument in ("-e", name)]
    command = ["tshark", "-n", "-r", HOLLIS / "router.pcapng", "-Y", "dhcp", "-T", "fields", *fields]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    host = {device.mac: device.name for device in HOUSE}
    for line in run.stdout.splitlines():
        at, kind, mac, yours, clients, requested = line.split("\t")
        what, address, rest = {
            "1": ("DHCPDISCOVER", "", ""),
            "2": ("DHCPOFFER", yours, ""),
            "3": ("DHCPREQUEST", requested, ""),
            "5": ("DHCPACK", yours, host[mac]),
            "6": ("DHCPNAK", "10.20.0.57", "wrong network"),  # the message itself names no address
            "7": ("DHCPRELEASE", clients, ""),
        }[kind]
        # The daemon writes its line after it heard, and before it spoke.
        dhcp(float(at) + (0.0001 if kind in "137" else -0.0001), what, mac, address, rest)


def day_before() -> None:
    start = story()[0][0] - 20 * 3600
    for hours in (0.5, 6.5, 12.5, 18.5):  # half of a twelve hours' lease
        for offset, device in enumerate([HUB, THERMOSTAT, CAMERA, TV, LAMP]):
            renew(start + hours * 3600 + offset * 41.7, device)
    for hours, here in ((1.2, True), (11.6, False)):  # home in the evening, gone in the morning
        at = start + hours * 3600
        if here:
            associate(at, RADIO["5"], PHONE.mac, 4, -51)
            renew(at + 0.4, PHONE)
        else:
            disconnect(at, RADIO["5"], PHONE.mac, "low_ack", " frame_status:34", "disassociated")
    guest = start + 2.1 * 3600
    associate(guest, "guest-5000mhz", TABLET.mac, 1, TABLET.signal)
    dhcp(guest + 0.3, "DHCPDISCOVER", TABLET.mac)
    dhcp(guest + 0.301, "DHCPOFFER", TABLET.mac, TABLET.address)
    renew(guest + 0.34, TABLET)
    disconnect(guest + 2.4 * 3600, "guest-5000mhz", TABLET.mac, "from_client", " frame_status:3 frame_rssi:-72", "disassociated")
    for minutes in range(0, 20 * 60, 30):
        log(start + minutes * 60 + 3.2, "ap-monitor[1281]", "[INFO:ssdp_plugin.cc(43)] Found 1 SSDP services")
    return guest + 2.4 * 3600


def day_of_recording() -> None:
    # The radios were switched off and on again before the recording: that is why everything joins when it begins.
    off = story()[0][0] - 25
    for device in (CAMERA, TV, THERMOSTAT, LAMP):
        disconnect(off, RADIO[device.link], device.mac, "none", " frame_status:3", "deauthenticated due to local deauth request")
    for device, aid in ((CAMERA, 1), (TV, 2), (THERMOSTAT, 1)):
        name = {CAMERA: "camera", TV: "tv", THERMOSTAT: "thermostat"}[device]
        associate(when(name, "joins") - 0.4, RADIO[device.link], device.mac, aid, device.signal)
    for nth in (0, 1):
        associate(when("lamp", "joins", nth) - 0.4, RADIO["2.4"], LAMP.mac, 2, LAMP.signal)
    associate(when("phone", "joins") - 0.4, RADIO["2.4"], PHONE.mac, 3, PHONE.signal)
    unplugged = when("lamp", "unplugged")
    disconnect(unplugged + 6.1, RADIO["2.4"], LAMP.mac, "low_ack", " frame_status:34", "disassociated due to excessive missing ACKs")
    for nth in (0, 1):
        associate(unplugged + 2 + 4 * nth, RADIO["2.4"], STRANGER, 4, -77, right=False)
    disconnect(when("phone", "leaves") + 0.2, RADIO["2.4"], PHONE.mac, "from_client", " frame_status:3 frame_rssi:-50", "deauthenticated")
    recorded_dhcp()
    plugged_in = END + 41
    kernel(plugged_in - 1.2, "nss-dp lan0: PHY Link up speed: 1000")
    dhcp(plugged_in, "DHCPDISCOVER", LAPTOP.mac)
    dhcp(plugged_in + 0.001, "DHCPOFFER", LAPTOP.mac, LAPTOP.address)
    renew(plugged_in + 0.01, LAPTOP)
    log(REPORT - 2.6, "ap-diagnostics[1222]", "[INFO:main.cc(153)] Fetching reports from 5 children")
    for offset, device in enumerate([HUB, LAMP, THERMOSTAT, CAMERA, TV]):
        log(REPORT - 2.5 + offset * 0.003, "ap-diagnostics[1222]", f"[INFO:report_fetcher.cc(159)] Starting fetch for {device.address}")
    for offset, (path, text) in enumerate((("/etc/lsb-release", LSB_RELEASE), ("/proc/net/arp", arp_table()))):
        log(
            REPORT - 0.6 + offset * 0.002,
            "ap-diagnostics[1222]",
            f"[INFO:diagnostic_report_generator.cc(299)] Added file report: {path}having size : {len(text)}",
        )


def debug_log() -> str:
    """Counters of the Wi-Fi clients, every five minutes; signal strengths are unsigned bytes there, 224 is -32 dBm."""
    told = []
    for step in range(3):
        at = REPORT - 620 + step * 300  # the last one after the recording, the others before
        for index, device in enumerate([CAMERA, TV, THERMOSTAT, LAMP]):
            sent, received = 40_000 + 9_000 * index + 700 * step, 12_000 + 3_100 * index + 400 * step
            packets = f"{sent // 190}/{received // 150}/0"
            signals = f"{device.signal & 255}/{device.signal - 1 & 255}"
            monitor = f"{utc(at + index * 0.01)} localhost ap-monitor[1281]: [VERBOSE1:nl80211_station_plugin.cc"
            client = f"Wireless Client: {names.compact(device.mac)} Bytes (Tx/Rx): {sent}/{received}"
            told.append(f"{monitor}(114)] {client} Packet (Tx/Rx/Failed): {packets}")
            told.append(f"{monitor}(119)] Band: {device.link[0]} MCS (Tx/Rx): 7/5 RSSI (Current/Avg): {signals} Bw (Tx/Rx): 20/20")
        usage = f"{7_410_000 + 21_000 * step}/{91_220_000 + 310_000 * step}"
        told.append(f"{utc(at + 15)} localhost ap-monitor[1281]: [VERBOSE1:wan_usage_plugin.cc(37)] WAN Usage (Sent/Received): {usage}")
    return "\n".join(told) + "\n"


# ------------------------------------------------------------------------------------------------- files, commands, states

LSB_RELEASE = f"""CHROMEOS_RELEASE_BOARD=whirlwind-signed-mpkeys
CHROMEOS_RELEASE_BUILD_NUMBER=9460
CHROMEOS_RELEASE_BUILD_TYPE=Official Build
CHROMEOS_RELEASE_DESCRIPTION={FIRMWARE} (Official Build) stable-channel whirlwind
CHROMEOS_RELEASE_NAME=Chrome OS
CHROMEOS_RELEASE_TRACK=stable-channel
CHROMEOS_RELEASE_VERSION={FIRMWARE}
GOOGLE_RELEASE={FIRMWARE}
"""


ROUTES = """Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         198.51.100.1    0.0.0.0         UG    1      0        0 wan0
192.168.86.0    0.0.0.0         255.255.255.0   U     0      0        0 br-lan
"""


def wan_info() -> str:
    leases = "".join(
        f'dhcp_lease {{\n  mac_address: "{names.compact(device.mac)}"\n  ip_address: "{device.address}"\n}}\n' for device in HOUSE + [TABLET]
    )
    return f"""enable_prioritized_device: false
disable_lan: false
wan_interface: "wan0"
{leases}wan_ipv4_address: "198.51.100.7"
upstream_name_server: "198.51.100.1"
enable_group_setup_network: false
disable_wireless_lan: false
enable_station_mode: false
wan_ipv4_gateway: "198.51.100.1"
is_channel_149_allowed: true
lan_link_local_ipv6_address: "fe80::f6f2:6dff:fe14:1"
"""


NETWORK_CONFIG = f"""local_network {{
  ip_address: "192.168.86.1"
  netmask: "255.255.255.0"
}}
wireless_network {{
  ssid: "{SSID}"
  primary_psk: "********"
  primary_psk_enabled: true
  channel_2400mhz {{
    number: 6
    ht_capabilities: HT_20
    vht_width: WIDTH_20_OR_40_MHZ
    vht_center_frequency_0: 6
    vht_center_frequency_1: 0
  }}
  channel_5000mhz {{
    number: 36
    ht_capabilities: HT_40_PLUS
    vht_width: WIDTH_80_MHZ
    vht_center_frequency_0: 42
    vht_center_frequency_1: 0
  }}
}}
dhcp {{
  pool_begin: 20
  pool_end: 250
}}
wan {{
  connection_type: CONNECTION_TYPE_DHCP
}}
enable_upnp: true
enable_traffic_acceleration: true
version: 6
guest_network {{
  enabled: true
  ssid: "{SSID}-guest"
  psk: "********"
  welcome_mat {{
    enabled: false
    title: ""
    introduction_text: ""
    photo_url: ""
  }}
}}
mesh_network {{
  ssid: "14A0C0DE"
  psk: "{"*" * 62}"
}}
measured_wan_speed {{
  upstream_bytes_per_second: 2412000
  downstream_bytes_per_second: 11830000
}}
"""


def arp_table() -> str:
    def row(address, mac, interface="br-lan", flags="0x2"):
        return f"{address:<16} 0x1         {flags}         {names.colon(mac)}     *        {interface}\n"

    away = row(PHONE.address, PHONE.mac, flags="0x0")
    here = "".join(row(device.address, device.mac) for device in HOUSE if device is not PHONE)
    return here + away + row("198.51.100.1", GATEWAY, "wan0") + row(TABLET.address, TABLET.mac, "br-guest", "0x0")


def connected_since(device: Device) -> float:
    who, nth = {LAMP: ("lamp", 1), THERMOSTAT: ("thermostat", 0), CAMERA: ("camera", 0), TV: ("tv", 0)}[device]
    return when(who, "joins", nth) - 0.365


def station_dump(interface: str) -> str:
    out = ""
    for device in HOUSE:
        if RADIO.get(device.link) == interface and device is not PHONE:
            seconds = int(REPORT - connected_since(device))
            out += (
                f"Station {names.colon(device.mac)} (on {interface})\n\tinactive time:\t{140 + 10 * seconds} ms\n"
                f"\trx bytes:\t{31_000 + 97 * seconds}\n\trx packets:\t{210 + seconds}\n"
                f"\ttx bytes:\t{52_000 + 211 * seconds}\n\ttx packets:\t{300 + seconds}\n"
                f"\ttx retries:\t0\n\ttx failed:\t0\n\tsignal:  \t{device.signal} dBm\n\tsignal avg:\t{device.signal - 1} dBm\n"
                "\ttx bitrate:\t65.0 MBit/s MCS 7\n\trx bitrate:\t58.5 MBit/s MCS 6\n\tauthorized:\tyes\n\tauthenticated:\tyes\n"
                "\tpreamble:\tshort\n\tWMM/WME:\tyes\n\tMFP:\t\tno\n\tTDLS peer:\tno\n"
                f"\tconnected time:\t{seconds} seconds\n"
            )
    return out


def interfaces() -> str:
    def one(name, index, mac, ssid, channel):
        told = {"ifindex": index, "wdev": hex(index), "addr": names.colon(mac), "ssid": ssid, "type": "AP", "channel": channel}
        return f"\tInterface {name}\n" + "".join(f"\t\t{key} {value}\n" for key, value in told.items())

    wide, narrow = "36 (5180 MHz), width: 80 MHz, center1: 5210 MHz", "6 (2437 MHz), width: 20 MHz, center1: 2437 MHz"
    return ("phy#1\n" + one("guest-5000mhz", 13, BSSID["guest"], f"{SSID}-guest", wide) + one(RADIO["5"], 10, BSSID["5"], SSID, wide)
            + "phy#0\n" + one(RADIO["2.4"], 9, BSSID["2.4"], SSID, narrow))  # fmt: skip


def addresses() -> str:
    def one(index, name, mac, address, received, sent):
        return (f"{index}: {name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default \n"
                f"    link/ether {names.colon(mac)} brd {names.colon('ff:ff:ff:ff:ff:ff')} promiscuity 0 numtxqueues 1 numrxqueues 1 \n"
                f"    inet {address} scope global {name}\n       valid_lft forever preferred_lft forever\n"
                "    RX: bytes  packets  errors  dropped overrun mcast   \n"
                f"    {received:<10} {received // 700:<8} 0       0       0       0       \n"
                "    TX: bytes  packets  errors  dropped carrier collsns \n"
                f"    {sent:<10} {sent // 700:<8} 0       0       0       0       \n")  # fmt: skip

    return one(2, "wan0", ROUTER_WAN, "198.51.100.7/24", 91_840_000, 7_452_000) + one(
        8, "br-lan", ROUTER_LAN, "192.168.86.1/24", 7_390_000, 90_100_000
    )


def bridge_macs() -> str:
    out = "port no\tmac addr\t\tis local?\tageing timer\n"
    for age, device in enumerate(device for device in HOUSE if device is not PHONE):
        out += f"  {PORT[device.link]}\t{names.colon(device.mac)}\tno\t\t   {age * 1.31 + 0.42:.2f}\n"
    return out + "".join(f"  {PORT[band]}\t{names.colon(BSSID[band])}\tyes\t\t   0.00\n" for band in ("2.4", "5"))


def bridge_ports() -> str:
    bridge = f"7f00.{names.compact(ROUTER_LAN)}"
    out = f"br-lan\n bridge id\t\t{bridge}\n designated root\t{bridge}\n ageing time\t\t 300.00\n\n\n"
    for name, port in (("lan0", 1), (RADIO["2.4"], 2), (RADIO["5"], 3)):
        out += f"{name} ({port})\n port id\t\t800{port}\t\t\tstate\t\t     forwarding\n designated root\t{bridge}\tpath cost\t\t   4\n\n"
    return out


def connection_nodes() -> str:
    zero = ("to_connections_count", "from_nat_connections_count", "to_nat_connections_count")
    out = ""
    for index, device in enumerate([TV, LAMP, CAMERA]):
        numbers = {
            "address": names.colon(device.mac), "time_added": int(connected_since(device) - BOOT),
            "from_connections_count": 2 + index, **dict.fromkeys(zero, 0),
            "adv_stats.from_data_total": 14_500 + 900 * index, "adv_stats.to_data_total": 41_200 + 2_100 * index,
            "adv_stats.from_packet_total": 97 + 11 * index, "adv_stats.to_packet_total": 121 + 13 * index,
            **{f"adv_stats.{way}_{what}_total_dropped": 0 for what in ("data", "packet") for way in ("from", "to")},
        }  # fmt: skip
        out += "".join(f"nodes.node.{key}={value}\n" for key, value in numbers.items())
    return out


def station(device: Device, last_seen: int = 0, guest: bool = False) -> dict:
    here = not last_seen
    return {
        "_categorizationSignals": [],
        "_connected": here,
        "_dhcpHostname": device.name,
        "_guest": guest,
        "_id": names.identity(device.mac),
        "_ipAddresses": [device.address] if here else [],
        "_lastSeenSecondsSinceEpoch": last_seen,
        "_mdnsNames": device.mdns,
        "_oui": device.mac.replace(":", "")[:6],
        "_taxonomyIds": [] if device.link == "wired" else [hashlib.sha256(f"kind {device.name}".encode()).hexdigest().upper()],
        "_upnpAttributes": [{"_name": name, "_value": value} for name, value in device.features],
        "_wireless": here and device.link != "wired",
        "_wirelessBand": {"2.4": "2400_mhz", "5": "5000_mhz"}.get(device.link, "not_applicable") if here else "not_applicable",
    }


def info(guest_gone: float) -> dict:
    away = {PHONE: int(when("phone", "leaves"))}
    lan = names.identity(ROUTER_LAN)
    radios = [
        {"_channel": 6, "_htCapab": "ht20", "_vhtOperChwidth": "width_20_or_40_mhz"},
        {"_channel": 36, "_htCapab": "ht40_plus", "_vhtOperChwidth": "width_80_mhz"},
    ]
    return {
        "_apCloudStorage": {
            "_wanSpeedTestRequest": {"_dateTimeSecondsSinceEpoch": REPORT - 31_000},
            "_wanSpeedTestResults": {
                "_dateTimeSecondsSinceEpoch": REPORT - 30_973,
                "_downloadSpeedBytesPerSecond": 11_830_000,
                "_uploadSpeedBytesPerSecond": 2_412_000,
            },
        },
        "_apConfiguration": {
            "_blockedStationsConfiguration": {"_stations": []},
            "_dhcpReservationConfiguration": [{"_id": names.identity(HUB.mac), "_ipAddress": HUB.address, "_macAddress": names.compact(HUB.mac)}],
            "_dnsConfiguration": {"_mode": "automatic", "_servers": []},
            "_guestNetworkConfiguration": {"_enabled": True, "_sharedStations": [], "_ssid": f"{SSID}-guest", "_welcomeMat": {"_enabled": False}},
            "_portForwardingConfiguration": [],
            "_primaryPskNetworkConfiguration": {"_enabled": True, "_ssid": SSID},
            "_prioritizedDeviceConfiguration": {"_expireTimeInSecondsSinceEpoch": 0, "_id": "", "_macAddress": ""},
            "_pskNetworkConfiguration": {"_primaryPskEnabled": True, "_secondaryPskEnabled": False, "_ssid": SSID},
            "_radioConfiguration": radios,
            "_routerConfiguration": {"_ipAddress": "192.168.86.1", "_netmask": "255.255.255.0"},
            "_upnpConfiguration": {"_enabled": True},
            "_wanConfiguration": {"_connectionType": "dhcp"},
        },
        "_apState": {
            "_autoUpdate": {"_channel": "stable-channel", "_newVersion": "0.0.0.0", "_status": "idle"},
            "_blockedStations": {"_stations": []},
            "_country": {"_code": "us"},
            "_developerMode": {"_enabled": False},
            "_dns": {"_servers": ["198.51.100.1"]},
            "_lan": {"_bridged": False, "_id": lan, "_ids": [lan]},
            "_setup": {"_complete": True, "_encodedSsidPsk": hashlib.sha256(b"not the passphrase").hexdigest().upper()},
            "_stations": [station(device, away.get(device, 0)) for device in HOUSE] + [station(TABLET, int(guest_gone), guest=True)],
            "_wan": {"_gatewayAddress": "198.51.100.1", "_ipAddress": "198.51.100.7", "_linkSpeedMbps": 1000},
        },
        "base": {"firmwareVersion": FIRMWARE, "localAnonymousAccessMaxRole": "viewer", "localDiscoveryEnabled": True},
    }


def main() -> None:
    wan = wan_info()  # first: its compact addresses get the first numbers, as on the device
    commands = [
        output("/bin/ip -s -d addr", addresses()),
        *(output(f"/usr/sbin/iw dev {name} station dump", station_dump(name)) for name in RADIO.values()),
        output("/usr/sbin/iw dev guest-5000mhz station dump"),
        output("/usr/sbin/iw dev", interfaces()),
        output("/sbin/brctl showstp br-lan", bridge_ports()),
        output("/bin/cat /dev/ecm/ecm_db", connection_nodes()),
        output("/usr/sbin/iw dev mesh-5000mhz station dump", status=237),
        output("/sbin/brctl showmacs br-lan", bridge_macs()),
        output("/bin/route -n", ROUTES),
    ]
    guest_gone = day_before()
    day_of_recording()
    lines.sort(key=lambda line: line[0])
    midnight = story()[0][0] - 600  # where the log was rotated
    older, newer = ("".join(line + "\n" for at, line in lines if (at < midnight) == before) for before in (True, False))
    web = datetime.datetime.fromtimestamp(REPORT - 3, datetime.UTC)
    access = f'{LAPTOP.address} - - [{web:%d/%b/%Y:%H:%M:%S} +0000] "GET /api/v1/status HTTP/1.1" 200 909\n'
    lease_log = story()[0][0] - 7_200
    renewed = ("status changed to Renew", "wan0: renewing lease of 198.51.100.7", "wan0: acknowledged 198.51.100.7 from 198.51.100.1")
    wan_lease = "".join(f"{utc(lease_log + step * 0.0007)} INFO dhcpcd[1646]: {text}\n" for step, text in enumerate(renewed))

    report = content(1, f"{FIRMWARE} (Official Build) stable-channel whirlwind")
    report += file("/etc/lsb-release", LSB_RELEASE) + file("/etc/resolv.conf", "nameserver 198.51.100.1\noptions timeout:1 attempts:5\n")
    report += file("/proc/net/arp", arp_table()) + file("/tmp/debug-log", debug_log(), packed=True)
    report += file("/var/log/boot.log", "") + file("/var/log/net.log", "") + file("/var/log/net.1.log", wan_lease)
    report += file(f"/var/log/webservd/{web:%Y-%m-%d}.log", access)
    idle = b"".join(number(1, 90_000 + 1_731 * (step * 37 % 11)) for step in range(100))
    report += file("/var/lib/ap/monitor/wan_idle_usage", idle)
    report += file("/var/log/messages", newer, packed=True) + file("/var/log/messages.1", older, packed=True)
    report += content(3, "Google_Storm.6315.91.0") + content(4, "WHIRLWIND D3A-Q2Q-Q8B") + content(5, NETWORK_CONFIG)
    for path, size in (("messages.1", len(older)), ("messages.2", 1_934_112), ("", len(older) + 1_934_112)):
        report += content(7, content(1, f"/mnt/stateful_partition/var/log/{path}".rstrip("/")) + number(2, size))
    report += content(8, wan) + b"".join(commands)
    report += content(10, json.dumps(info(guest_gone), indent=3)) + number(11, 1)
    report += b"".join(content(12, content(1, identity) + content(2, pseudonym)) for identity, pseudonym in names.known.values())
    report += number(13, REPORT)
    (HOLLIS / "onhub.report").write_bytes(report)
    print(f"onhub.report: {len(report)} bytes, {len(names.known)} pseudonyms, {len(lines)} log lines, made {utc(REPORT)}")


if __name__ == "__main__":
    main()
