//! A made-up household, so that the page can be worked on without the workstation. Deterministic: the same rows every time.

import { createHash } from 'node:crypto';
import type { Column, Shape } from '../src/bridge/generated.ts';
import type { Row } from '../src/bridge/row.ts';

/** Numbers from 0 to 1 that look random and are always the same (mulberry32). */
export function dice(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
export const iso = (ms: number, nanos = 0): string =>
  new Date(ms).toISOString().replace('Z', `${String(nanos).padStart(6, '0')}Z`);

export const START = Date.parse('2026-03-10T05:00:00Z');
export const END = Date.parse('2026-03-20T21:30:00Z');

export interface Household {
  mac: string;
  name: string;
  vendor: string;
  ip: string;
  hosts: string[];
}

export const DEVICES: Household[] = [
  { mac: '84:d8:1b:00:10:02', name: 'Desk lamp', vendor: 'TP-Link Systems', ip: '192.168.86.21', hosts: ['n-deventry.lights.example', 'pool.ntp.example'] },
  { mac: '18:b4:30:00:00:07', name: 'Hallway thermostat', vendor: 'Nest Labs', ip: '192.168.86.22', hosts: ['frontdoor.nest.example', 'time.nest.example'] },
  { mac: 'f0:27:2d:00:00:31', name: 'Kitchen speaker', vendor: 'Amazon Technologies', ip: '192.168.86.23', hosts: ['api.voice.example', 'unagi.voice.example', 'todo.voice.example'] },
  { mac: 'd0:73:d5:00:00:a4', name: 'LIFX A19 Bedroom', vendor: 'LIFI Labs', ip: '192.168.86.24', hosts: ['v2.broker.bulbs.example'] },
  { mac: '00:17:88:00:6b:1c', name: 'Light bridge', vendor: 'Signify', ip: '192.168.86.25', hosts: ['discovery.bridge.example', 'ws.bridge.example'] },
  { mac: 'ec:1a:59:00:00:55', name: 'Coffee switch', vendor: 'Belkin International', ip: '192.168.86.26', hosts: ['nat.switches.example'] },
  { mac: 'da:4f:22:10:9e:77', name: 'phone-of-m', vendor: '', ip: '192.168.86.31', hosts: ['mail.example', 'news.example', 'maps.example', 'video.example'] },
  { mac: '3c:22:fb:00:d1:90', name: 'study-laptop', vendor: 'Apple', ip: '192.168.86.32', hosts: ['updates.example', 'mail.example', 'docs.example', 'search.example'] },
  { mac: 'b8:27:eb:00:00:9d', name: 'mqtt-hub', vendor: 'Raspberry Pi Foundation', ip: '192.168.86.10', hosts: ['deb.example', 'mqtt.example'] },
  { mac: '2c:aa:8e:00:00:f3', name: 'Porch camera', vendor: 'Wyze Labs', ip: '192.168.86.27', hosts: ['stream.cams.example', 'api.cams.example'] },
  { mac: '5e:91:aa:30:14:02', name: '', vendor: '', ip: '192.168.86.44', hosts: ['captive.example'] },
];
export const ROUTER = { mac: '70:3a:cb:00:00:01', name: 'router', ip: '192.168.86.1' };

interface Item {
  id: number;
  path: string;
  kind: string;
  reason: string;
  size: number;
  status: string;
  frames: number | null;
  issues: number;
  from: number | null;
  to: number | null;
  parent?: number;
}
const HOUR = 3_600_000;
export const ITEMS: Item[] = [
  { id: 1, path: '/evidence/2026-0193/router.pcapng', kind: 'pcapng', reason: 'section header block at 0, byte order little', size: 1_836_204_112, status: 'read', frames: 2_104_233, issues: 2, from: START, to: END },
  { id: 2, path: '/evidence/2026-0193/onhub-diagnostic-report', kind: 'onhub', reason: 'protobuf whose fields 1, 4 and 7 hold a version, files and commands', size: 2_412_006, status: 'read', frames: null, issues: 1, from: START + 30 * HOUR, to: START + 31 * HOUR },
  { id: 3, path: '/evidence/2026-0193/seized-2026-03-21.zip', kind: 'zip', reason: 'local file header at 0', size: 48_113_920, status: 'read', frames: null, issues: 0, from: null, to: null },
  { id: 4, path: '/evidence/2026-0193/seized-2026-03-21.zip/lamp/bench.pcap', kind: 'pcap', reason: 'magic d4c3b2a1, microseconds, Ethernet', size: 31_002_144, status: 'read', frames: 81_204, issues: 0, from: START + 200 * HOUR, to: START + 204 * HOUR, parent: 3 },
  { id: 5, path: '/evidence/2026-0193/seized-2026-03-21.zip/lamp/notes.txt', kind: 'other', reason: 'no format took it', size: 1_204, status: 'refused', frames: null, issues: 0, from: null, to: null, parent: 3 },
  { id: 6, path: '/evidence/2026-0193/seized-2026-03-21.zip/lamp/damaged.pcap.gz', kind: 'gzip', reason: 'magic 1f8b, deflate', size: 204_800, status: 'partial', frames: 1_931, issues: 1, from: START + 120 * HOUR, to: START + 121 * HOUR, parent: 3 },
];

export const evidenceRow = (item: Item): Row => ({
  _id: String(item.id),
  sha256: sha(item.path),
  path: item.path,
  name: item.path.split('/').pop() ?? '',
  kind: item.kind,
  reason: item.reason,
  size: item.size,
  status: item.status,
  frames: item.frames,
  facts: item.kind === 'other' ? 0 : FACTS.filter((fact) => fact.evidence === sha(item.path)).length,
  issues: item.issues,
  first_ts: item.from === null ? null : iso(item.from),
  last_ts: item.to === null ? null : iso(item.to),
  parent: item.parent ? sha(ITEMS[item.parent - 1]!.path) : null,
  verified: item.id === 1 ? 'match' : 'unverified',
});

const DAY_SHAPE = [1, 1, 1, 1, 1, 2, 6, 9, 6, 4, 3, 3, 5, 4, 3, 3, 5, 8, 12, 14, 12, 8, 4, 2];
const TOPICS = ['home/desk/lamp/set', 'home/desk/lamp/state', 'home/hall/temperature', 'home/kitchen/motion', 'home/porch/doorbell'];

const common = (kind: string): Column[] => [
  column('ts', 'When the frame was captured', 'time'),
  column('kind', 'Kind of fact', 'text'),
  column('src', 'Who did or said it', 'code'),
  column('dst', 'To whom', 'code'),
  column('subject', SUBJECTS[kind] ?? 'What it is about', 'text'),
];
const place: Column[] = [
  column('uid', 'The flow it belongs to', 'code'),
  column('evidence', 'SHA-256 of the item of evidence', 'code'),
  column('run', 'Parser and version', 'text'),
  column('frame', 'Number of the frame, from 1', 'number'),
  column('offset', 'First byte in the item of evidence', 'number'),
  column('length', 'Length', 'bytes'),
];
const SUBJECTS: Record<string, string> = { dns: 'The name asked for', mqtt: 'The topic', tls: 'The server’s name' };

export function column(name: string, about: string, shape: Shape, sortable = true): Column {
  return { name, about, shape, sortable };
}

const OWN: Record<string, Column[]> = {
  dns: [
    column('query', 'The domain name that is asked for', 'text'),
    column('qtype_name', 'Type of the question', 'text'),
    column('rcode_name', 'How the answer went', 'text'),
    column('answers', 'The answers, in order', 'list', false),
    column('TTLs', 'How long each answer may be kept, seconds', 'list', false),
    column('trans_id', 'Transaction id', 'number'),
    column('is_answer', 'An answer, not a question', 'flag'),
  ],
  tls: [
    column('server_name', 'Server Name Indication', 'text'),
    column('version', 'Highest version offered or chosen', 'text'),
    column('cipher', 'Chosen cipher suite', 'text'),
    column('ja3', 'MD5 of the client hello’s shape', 'code'),
  ],
  http: [
    column('method', 'Method', 'text'),
    column('host', 'Host header', 'text'),
    column('uri', 'Request target', 'text'),
    column('user_agent', 'User agent', 'text'),
    column('status_code', 'Status', 'number'),
  ],
  mqtt: [
    column('topic', 'Topic', 'text'),
    column('payload', 'Payload as text', 'text'),
    column('qos', 'Quality of service', 'number'),
    column('retain', 'Retained', 'flag'),
  ],
  dhcp: [column('host_name', 'Option 12', 'text'), column('vendor_class', 'Option 60', 'text'), column('requested_addr', 'Option 50', 'code')],
  mdns: [column('query', 'Name', 'text'), column('answers', 'Records', 'list', false)],
  ssdp: [column('st', 'Search target', 'text'), column('location', 'Where the description lies', 'text')],
  ntp: [column('stratum', 'Stratum', 'number'), column('ref_time', 'Reference time', 'time')],
  arp: [column('operation', 'request or reply', 'text')],
  coap: [column('method', 'Method', 'text'), column('path', 'Uri-Path', 'text')],
  station: [column('signal', 'Signal, dBm', 'number'), column('connected', 'Connected when the report was made', 'flag')],
};
export const KINDS = Object.keys(OWN);
export const ABOUT: Record<string, string> = {
  dns: 'One DNS message: a question or its answer',
  tls: 'One TLS handshake',
  http: 'One HTTP request and its answer',
  mqtt: 'One MQTT message',
  dhcp: 'One DHCP message',
  mdns: 'One multicast DNS message',
  ssdp: 'One SSDP message',
  ntp: 'One NTP message',
  arp: 'One ARP message',
  coap: 'One CoAP message',
  station: 'A station as the router’s report lists it',
};
export const ownColumns = (kind: string): Column[] => OWN[kind] ?? [];
export const columnsOf = (kind: string): Column[] => [...common(kind), ...(OWN[kind] ?? []), ...place];
export const factColumns: Column[] = [...common(''), ...place];

export const uid = (roll: () => number): string => 'C' + Array.from({ length: 11 }, () => 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'[Math.floor(roll() * 56)]).join('');

function makeFacts(): Row[] {
  const roll = dice(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(roll() * list.length)]!;
  const rows: Row[] = [];
  const weights: [string, number][] = [['dns', 40], ['tls', 18], ['mqtt', 22], ['mdns', 14], ['http', 4], ['arp', 9], ['ssdp', 6], ['ntp', 5], ['dhcp', 2], ['coap', 3]];
  const all = weights.reduce((sum, [, weight]) => sum + weight, 0);
  for (let hour = START; hour < END; hour += HOUR) {
    const much = DAY_SHAPE[new Date(hour).getUTCHours()]! * 11 * (0.6 + roll());
    for (let n = 0; n < much; n++) {
      let point = roll() * all;
      const kind = weights.find(([, weight]) => (point -= weight) < 0)![0];
      const device = pick(DEVICES.slice(0, -1));
      const ms = Math.floor(hour + roll() * HOUR);
      const host = pick(device.hosts);
      const row: Row = { ts: iso(ms, Math.floor(roll() * 1000) * 1000), kind, src: device.ip, dst: ROUTER.ip, subject: host };
      const answers = [`203.0.113.${Math.floor(roll() * 250)}`];
      const twins: Row[] = [];
      if (kind === 'dns') {
        const trans_id = Math.floor(roll() * 65536);
        Object.assign(row, { query: host, qtype_name: pick(['A', 'A', 'AAAA', 'HTTPS']), rcode_name: 'NOERROR', trans_id, is_answer: false });
        if (roll() < 0.7) twins.push({ ...row, ts: iso(ms + 21, 480000), src: ROUTER.ip, dst: device.ip, is_answer: true, answers, TTLs: [300] });
      } else if (kind === 'tls') {
        Object.assign(row, { dst: answers[0], server_name: host, version: pick(['TLSv12', 'TLSv13']), cipher: 'TLS_AES_128_GCM_SHA256', ja3: sha(device.mac).slice(0, 32) });
      } else if (kind === 'mqtt') {
        const topic = pick(TOPICS);
        Object.assign(row, { dst: '192.168.86.10', subject: topic, topic, payload: pick(['ON', 'OFF', '{"temperature":21.4}', '{"state":"ON","brightness":204}', '<b>not markup</b>']), qos: pick([0, 1]), retain: roll() < 0.2 });
      } else if (kind === 'http') {
        Object.assign(row, { method: pick(['GET', 'POST']), host, uri: '/upnp/description.xml', user_agent: 'lamp-fw/1.0.16 (embedded; a user agent that is rather longer than any column would like it to be)', status_code: pick([200, 200, 204, 404]) });
      } else if (kind === 'arp') Object.assign(row, { src: device.mac, dst: 'ff:ff:ff:ff:ff:ff', subject: ROUTER.ip, operation: 'request' });
      else if (kind === 'ntp') Object.assign(row, { stratum: 2, ref_time: iso(ms - 60_000) });
      else if (kind === 'ssdp') Object.assign(row, { dst: '239.255.255.250', subject: 'urn:dial-multiscreen-org:service:dial:1', st: 'urn:dial-multiscreen-org:service:dial:1' });
      else if (kind === 'mdns') Object.assign(row, { dst: '224.0.0.251', subject: `${device.name.replaceAll(' ', '-')}.local`, query: '_hap._tcp.local', answers: [`${device.name}._hap._tcp.local`] });
      else if (kind === 'dhcp') Object.assign(row, { src: device.mac, dst: 'ff:ff:ff:ff:ff:ff', subject: device.name, host_name: device.name, vendor_class: 'udhcp 1.24.1', requested_addr: device.ip });
      else Object.assign(row, { dst: '192.168.86.25', subject: '/lights/1', method: 'GET', path: '/lights/1' });
      for (const made of [row, ...twins]) {
        made.uid = kind === 'arp' ? null : uid(dice(ms));
        rows.push(made);
      }
    }
  }
  for (const device of DEVICES) {
    rows.push({ ts: iso(START + 30 * HOUR + 1234), kind: 'station', src: device.mac, dst: ROUTER.mac, subject: device.name, signal: -40 - Math.floor(roll() * 40), connected: roll() < 0.8 });
  }
  rows.sort((a, b) => String(a.ts).localeCompare(String(b.ts)));
  rows.forEach((row, n) => {
    const item = row.kind === 'station' ? ITEMS[1]! : ITEMS[0]!;
    Object.assign(row, { _id: String(n + 1), evidence: sha(item.path), run: item.id === 2 ? 'onhub 0.1.0' : 'capture 0.1.0', frame: item.id === 2 ? null : 3 + n * 61, offset: 4096 + n * 9173, length: 31 + (n % 90) });
  });
  return rows;
}

export const FACTS: Row[] = makeFacts();
