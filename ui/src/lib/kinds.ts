//! One colour for one kind, in charts, chips and reports alike.
//!
//! The Okabe-Ito palette has seven colours that can be told apart with any colour vision; there are more kinds. Kinds of one trade share a
//! hue and differ in tone, and a name always stands beside the colour.

/** hue: which of the seven (`--hue-0` to `--hue-6` in app.css); tone: 0 as it is, 1 lighter, 2 darker. */
const KNOWN: Record<string, [hue: number, tone: number]> = {
  dns: [1, 0], mdns: [1, 1], llmnr: [1, 2], nbns: [1, 2], // names: sky blue
  tls: [4, 0], quic: [4, 1], ssl: [4, 2], x509: [4, 2], // encrypted: blue
  http: [0, 0], websocket: [0, 1], files: [0, 2], // web: orange
  mqtt: [2, 0], coap: [2, 1], tplink: [2, 2], // talk between things: bluish green
  dhcp: [3, 0], ntp: [3, 1], arp: [3, 2], icmp: [3, 2], // keeping the network: yellow
  station: [5, 0], wifi: [5, 1], log: [5, 2], presence: [5, 0], // radio and presence: vermilion
  ssdp: [6, 0], upnp: [6, 1], onvif: [6, 2], // finding each other: reddish purple
}; // prettier-ignore

/** Kinds that have their colour by chance, and yet belong to a trade. */
const BESIDE: Record<string, number> = {
  credentials: 0, kasa: 2, lifx: 2, miio: 2, tuya: 2, xmpp: 2, dhcpv6: 3, ndp: 3, igmp: 3, stp: 3, lldp: 3, ppp: 3, pppoe: 3, quic_hello: 4, dtls: 4,
  wlan: 5, eapol: 5, ble: 5, ieee802154: 5, zigbee: 5, association: 5, wsd: 6,
}; // prettier-ignore

/** Kinds of one trade stand together; those of none of them come last. */
export const trade = (kind: string): number => KNOWN[kind]?.[0] ?? BESIDE[kind] ?? 7;

/** The colour of a kind, as a CSS value that fits both themes. */
export function kindColour(kind: string): string {
  const [hue, tone] = KNOWN[kind] ?? [hash(kind) % 7, (hash(kind) >>> 8) % 3];
  const plain = `var(--hue-${hue})`;
  if (tone === 0) return plain;
  return tone === 1 ? `color-mix(in oklab, ${plain} 60%, white)` : `color-mix(in oklab, ${plain} 74%, black)`;
}

/** FNV-1a: the same in every session and every case. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return sum;
}
