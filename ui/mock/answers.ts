//! The mock's commands.
/* eslint-disable @typescript-eslint/ban-ts-comment */
// @ts-nocheck

import type * as T from '../src/bridge/generated.ts';
import type { Row } from '../src/bridge/row.ts';
import { CHANGES } from '../src/bridge/generated.ts';
import { dnsFrame } from './frame.ts';
import * as house from './household.ts';
import { ABOUT, column, DEVICES, dice, END, evidenceRow, FACTS, iso, ITEMS, KINDS, ROUTER, sha, START } from './household.ts';

export const followers = new Set<(text: string) => void>();
const tell = (event: T.Event) => followers.forEach((follower) => follower(JSON.stringify(event)));

type Answers = { [K in keyof T.Commands]: (request: T.Commands[K][0]) => T.Commands[K][1] };

export async function answer(name: string, request: unknown): Promise<unknown> {
  if (name === 'bytes') return new Uint8Array((request as T.BytesRequest).length).map((_, at) => (at * 37) & 255);
  const found = answers[name as keyof T.Commands] as ((request: unknown) => unknown) | undefined;
  if (!found) throw new Error(`there is no command '${name}'`);
  if (name === 'rows' || name === 'histogram') await new Promise((done) => setTimeout(done, 40));
  const result = found(request);
  const topics = CHANGES[name];
  if (topics) setTimeout(() => tell({ event: 'changed', topics }), 20);
  return result;
}

let about: T.CaseAbout = { name: 'Hollis Street 14', number: '2026-0193', examiner: 'K. Examiner', agency: 'Digital Forensics Unit', zone: 'Europe/Berlin', notes: 'Ten days of router capture, one OnHub report, the seized lamp.' };
let open = process.env.MOCK_EMPTY !== '1';
let items = [...ITEMS];
let interrupted = ['/evidence/2026-0193/late-capture.pcapng'];
let watched: string[] = [];
const jobs: T.Job[] = [];

const info = (): T.CaseInfo => ({
  dir: '/cases/hollis-street-14.lintel',
  ...about,
  created: iso(END + 3_600_000 * 20),
  counts: { evidence: items.length, frames: 2_187_368, facts: FACTS.length, flows: flows.length, devices: devices.length, issues: 4, bytes: items.filter((item) => !item.parent).reduce((sum, item) => sum + item.size, 0) },
  interrupted,
  custody_problem: null,
  first_ts: iso(START),
  last_ts: iso(END),
});

const devices: Row[] = DEVICES.map((device, n) => {
  const mine = FACTS.filter((fact) => fact.src === device.ip || fact.src === device.mac);
  return { _id: device.mac, mac: device.mac, name: device.name, vendor: device.vendor, ips: [device.ip], local: /^.[26ae]/.test(device.mac), first_ts: mine[0]?.ts ?? null, last_ts: mine.at(-1)?.ts ?? null, frames: mine.length * 31, bytes: mine.length * 31 * (300 + n * 41), protocols: [...new Set(mine.map((fact) => String(fact.kind)))] };
});

const flows: Row[] = (() => {
  const seen = new Map<string, Row>();
  const roll = dice(3);
  for (const fact of FACTS) {
    if (!fact.uid || seen.has(String(fact.uid))) continue;
    const bytes = Math.floor(10 ** (2 + roll() * 4.5));
    seen.set(String(fact.uid), { _id: fact.uid, uid: fact.uid, ts: fact.ts, duration: roll() * 90, 'id.orig_h': fact.src, 'id.orig_p': 32768 + Math.floor(roll() * 28000), 'id.resp_h': fact.dst, 'id.resp_p': fact.kind === 'dns' ? 53 : fact.kind === 'mqtt' ? 1883 : 443, proto: fact.kind === 'tls' || fact.kind === 'mqtt' ? 'tcp' : 'udp', service: fact.kind, orig_bytes: bytes, resp_bytes: bytes * 3, conn_state: 'SF', history: 'ShADadFf', first_frame: fact.frame, evidence: fact.evidence });
  }
  return [...seen.values()];
})();

const issues: Row[] = [
  { _id: '1', evidence: sha(ITEMS[0]!.path), what: 'pcapng block', why: 'trailing length 0 differs from leading length 132', frame: 1_204_331, offset: 1_048_220_160, skipped: 132 },
  { _id: '2', evidence: sha(ITEMS[0]!.path), what: 'dns message', why: 'name compression points forward', frame: 12_044, offset: 9_210_441, skipped: null },
  { _id: '3', evidence: sha(ITEMS[1]!.path), what: 'command output', why: 'not UTF-8 from byte 412', frame: null, offset: 88_412, skipped: null },
  { _id: '4', evidence: sha(ITEMS[5]!.path), what: 'deflate stream', why: 'ends within a block', frame: null, offset: 204_800, skipped: null },
];

const FRAMES = 2_104_233;
const frameAt = (number: number): Row => {
  const near = FACTS[Math.min(FACTS.length - 1, Math.floor((number - 3) / 61))] ?? FACTS[0]!;
  const back = number % 2 === 1;
  const shift = ((number - 3) % 61) * 11;
  const service = String(near.kind).toUpperCase();
  return { _id: `1:${number}`, _evidence: 1, frame: number, ts: iso(START + Math.floor((number / FRAMES) * (END - START)) + shift, 250_000), evidence: near.evidence, length: 60 + (number * 37) % 1440, captured: 60 + (number * 37) % 1440, src: back ? near.src : near.dst, dst: back ? near.dst : near.src, protocol: service, info: back ? `${service} query ${near.subject}` : `${service} response ${near.subject}`, uid: near.uid };
};

const VIEWS: Record<string, { columns: T.Column[]; about: string; rows?: () => Row[]; count?: number; at?: (index: number) => Row }> = {
  evidence: { about: 'Items of evidence and what is inside them', columns: [column('name', 'File name', 'text'), column('path', 'Where it lies', 'text'), column('kind', 'What it is', 'text'), column('reason', 'Why', 'text'), column('size', 'Size', 'bytes'), column('status', 'How far it was read', 'text'), column('sha256', 'SHA-256', 'code'), column('frames', 'Frames', 'number'), column('facts', 'Facts', 'number'), column('issues', 'Issues', 'number'), column('first_ts', 'First time in it', 'time'), column('last_ts', 'Last time in it', 'time'), column('parent', 'The container it is in', 'code'), column('verified', 'When last compared', 'text')], rows: () => items.map(evidenceRow) },
  runs: { about: 'Passes of a parser over an item', columns: [column('parser', 'Parser', 'text'), column('version', 'Version', 'text'), column('status', 'How it ended', 'text'), column('started', 'Start', 'time')], rows: () => [] },
  issues: { about: 'What could not be read', columns: [column('evidence', 'Item', 'code'), column('what', 'What was being read', 'text'), column('why', 'Why it failed', 'text'), column('frame', 'Frame', 'number'), column('offset', 'Offset', 'number'), column('skipped', 'Bytes left out', 'bytes')], rows: () => issues },
  frames: { about: 'Frames of captures', columns: [column('frame', 'Number, from 1', 'number', false), column('ts', 'When it was captured', 'time', false), column('src', 'From', 'code'), column('dst', 'To', 'code'), column('protocol', 'Highest protocol', 'text'), column('length', 'Length on the wire', 'bytes'), column('info', 'In one line', 'text', false), column('uid', 'Flow', 'code'), column('evidence', 'Item', 'code')], count: FRAMES, at: (index) => frameAt(index + 1) },
  flows: { about: 'Conversations', columns: [column('ts', 'First frame', 'time'), column('duration', 'How long', 'duration'), column('id.orig_h', 'Who opened it', 'code'), column('id.orig_p', 'Port', 'number'), column('id.resp_h', 'To whom', 'code'), column('id.resp_p', 'Port', 'number'), column('proto', 'Transport', 'text'), column('service', 'Application protocol', 'text'), column('orig_bytes', 'Payload sent', 'bytes'), column('resp_bytes', 'Payload received', 'bytes'), column('conn_state', 'How it ended', 'text'), column('history', 'What happened', 'code'), column('uid', 'Name of the flow', 'code'), column('evidence', 'Item', 'code')], rows: () => flows },
  devices: { about: 'Devices by hardware address', columns: [column('mac', 'Hardware address', 'code'), column('name', 'Best name known', 'text'), column('vendor', 'From the IEEE lists', 'text'), column('ips', 'Addresses', 'list', false), column('first_ts', 'First seen', 'time'), column('last_ts', 'Last seen', 'time'), column('frames', 'Frames', 'number'), column('bytes', 'Bytes on the wire', 'bytes'), column('protocols', 'Protocols', 'list', false), column('local', 'Locally administered', 'flag')], rows: () => devices },
  facts: { about: 'Everything that happened or was stated', columns: house.factColumns, rows: () => FACTS },
};
for (const kind of KINDS) VIEWS[kind] = { about: ABOUT[kind]!, columns: house.columnsOf(kind), rows: () => FACTS.filter((fact) => fact.kind === kind) };

function chosen(rows: Row[], select: T.Select): Row[] {
  const words = select.search.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const ts = String(row.ts ?? '');
    if (select.since && !(ts >= select.since)) return false;
    if (select.until && !(ts < select.until)) return false;
    const text = words.length ? JSON.stringify(row).toLowerCase() : '';
    return words.every((word) => text.includes(word)) && select.filters.every(({ field, op, value }) => {
      const held = row[field];
      const is = Array.isArray(held) ? held.map(String) : [String(held ?? '')];
      if (op === '=') return is.includes(value) || (field === 'evidence' && is[0]!.startsWith(value));
      if (op === '!=') return !is.includes(value);
      if (op === '~') return is.some((one) => one.toLowerCase().includes(value.toLowerCase()));
      return op === '<' ? Number(is[0]) < Number(value) : Number(is[0]) > Number(value);
    });
  });
}

const blank: T.Select = { filters: [], search: '', since: null, until: null };
const proofOf = (row: Row, hex: string | null): T.Proof => {
  const item = items.find((one) => sha(one.path) === row.evidence) ?? items[0]!;
  return { evidence_id: item.id, path: item.path, kind: item.kind, sha256: String(row.evidence), verified: item.id === 1 ? 'match' : 'unverified', run: String(row.run ?? 'capture 0.1.0'), frame: (row.frame ?? null) as number | null, offset: Number(row.offset ?? 4096), length: hex ? hex.length / 2 : Number(row.length), pieces: [], bytes: hex, problem: hex ? null : 'the file is not there any more' };
};
const range = (rows: Row[]) => ({ first_ts: (rows[0]?.ts ?? null) as string | null, last_ts: (rows.at(-1)?.ts ?? null) as string | null });

function work(name: string, at: string, total: number, unit: string, message: string, end: () => void = () => {}): T.JobId {
  const job: T.Job = { id: jobs.length + 1, name, at, done: 0, total, unit, rate: 0, state: 'running', message: '', started: iso(Date.now()) };
  jobs.push(job);
  const timer = setInterval(() => {
    if (job.state === 'running') {
      job.rate = total / 8;
      job.done = Math.min(total, job.done + Math.floor(total / 40));
      if (job.done >= total) { Object.assign(job, { state: 'done', message }); end(); }
    }
    tell({ event: 'job', job: { ...job } });
    if (job.state !== 'running') { clearInterval(timer); tell({ event: 'changed', topics: ['Evidence', 'Facts', 'Devices', 'Custody', 'Jobs', 'Case'] }); }
  }, 200);
  return { id: job.id };
}

/** A follower has come: show it work under way, if the environment asks for it. */
export function wake(): void {
  if (process.env.MOCK_JOB === '1' && jobs.length === 0) work('import', '/evidence/2026-0193/late-capture.pcapng', 9_800_000_000, 'bytes', 'read 1 item');
}

const offsets = (zone: string): T.ZonePeriod[] => {
  const name = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  const at = (ms: number) => {
    const text = name.formatToParts(ms).find((part) => part.type === 'timeZoneName')!.value;
    const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)/.exec(text) ?? [];
    return sign ? (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60) : 0;
  };
  const periods: T.ZonePeriod[] = [];
  for (let ms = Date.parse('2015-01-01'); ms < Date.parse('2035-01-01'); ms += 3_600_000 * 24 * 5) {
    if (periods.at(-1)?.offset === at(ms)) continue;
    let exact = ms;
    while (periods.length > 0 && at(exact - 3_600_000) === at(ms)) exact -= 3_600_000;
    periods.push({ from_ms: exact, offset: at(ms), abbreviation: new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'short' }).formatToParts(exact).find((part) => part.type === 'timeZoneName')!.value });
  }
  return periods;
};

const lines: Row[] = Array.from({ length: 42 }, (_, n) => ({ seq: n + 1, ts: iso(END + n * 61_000), who: 'examiner@bench-3', act: ['case_new', 'evidence_add', 'evidence_read', 'evidence_verify', 'rows_export'][n === 0 ? 0 : 1 + (n % 4)]!, what: n === 0 ? 'Hollis Street 14' : items[n % items.length]!.path, details: { sha256: sha(String(n)), bytes: 1024 * n }, prev: sha(`line ${n}`), hash: sha(`line ${n + 1}`) }));

const answers: Answers = {
  app_info: () => ({ version: '0.1.0', zones: Intl.supportedValuesOf('timeZone').concat('UTC'), tzdb: '2026a', vendors_as_of: '2026-02-01', local_zone: 'Europe/Berlin' }),
  zone_table: ({ zone }) => ({ zone, tzdb: '2026a', periods: offsets(zone) }),
  case_recent: () => [
    { dir: '/cases/hollis-street-14.lintel', name: about.name, number: about.number, opened: iso(END), evidence: items.length, bytes: 1_886_730_038, present: true },
    { dir: '/cases/harbour-lofts.lintel', name: 'Harbour Lofts', number: '2026-0171', opened: iso(START), evidence: 14, bytes: 48_200_113_920, present: true },
    { dir: '/media/usb1/training.lintel', name: 'Training: the missing lamp', number: '', opened: iso(START - 9e8), evidence: 3, bytes: 12_113_920, present: false },
  ],
  case_new: ({ dir: _, ...stated }) => { about = stated; open = true; return info(); },
  case_open: () => { open = true; return info(); },
  case_close: () => { open = false; return null; },
  case_info: () => (open ? info() : null),
  case_edit: (stated) => { about = stated; return info(); },
  evidence_detect: ({ paths }) => paths.map((path) => path.endsWith('.txt')
    ? { path, kind: 'other', reason: 'no format took it', refusals: [{ format: 'pcap', why: 'magic is 4e6f7465, not a pcap’s' }, { format: 'onhub', why: 'field 1 has wire type 6' }], size: 1204, parent: null, problem: null }
    : { path, kind: 'pcapng', reason: 'section header block at 0', refusals: [], size: 9_800_000_000, parent: null, problem: null }),
  evidence_add: ({ paths }) => work('import', paths[0] ?? '', 2_400_000_000, 'bytes', `read ${paths.length} item${paths.length === 1 ? '' : 's'}: 48 204 frames, 9 120 facts, no issues`, () => {
    items = items.concat(paths.map((path, n) => ({ ...ITEMS[0]!, id: items.length + n + 1, path, issues: 0 })));
  }),
  evidence_resume: () => work('import', interrupted[0] ?? '', 900_000_000, 'bytes', 'finished 1 import', () => (interrupted = [])),
  evidence_detail: ({ id }) => {
    const item = items.find((one) => one.id === id) ?? items[0]!;
    const hash = sha(item.path);
    return { row: evidenceRow(item), refusals: item.kind === 'other' ? [{ format: 'pcap', why: 'magic is 4e6f7465, not a pcap’s' }, { format: 'pcapng', why: 'no section header block at 0' }, { format: 'onhub', why: 'field 1 has wire type 6' }] : [], runs: [{ _id: '1', parser: item.kind, version: '0.1.0', status: 'done', started: iso(END + 7e7), frames: item.frames, facts: 12_481 }], issues: issues.filter((issue) => issue.evidence === hash), members: items.filter((one) => one.parent === id).map(evidenceRow), kinds: counts(FACTS.filter((fact) => fact.evidence === hash), 'kind', 50), interfaces: item.frames ? [{ index: 0, name: 'br-lan', link_type: 1, snap_len: 262_144, description: 'bridge', os: 'Linux 6.1.0', ticks_per_second: 1_000_000_000 }] : [] };
  },
  evidence_verify: () => work('verify', items[0]!.path, 1_886_730_038, 'bytes', 'all 6 items match their hashes'),
  watch_start: ({ dir }) => (watched = [...watched, dir]),
  watch_stop: ({ dir }) => (watched = watched.filter((one) => one !== dir)),
  watch_list: () => watched,
  views: () => Object.entries(VIEWS).map(([name, view]) => ({ name, about: view.about, kind: KINDS.includes(name), count: view.count ?? view.rows!().length })).filter((view) => !view.kind || view.count > 0),
  rows: (asked) => {
    const view = VIEWS[asked.view];
    if (!view) throw new Error(`there is no view '${asked.view}'`);
    const limit = asked.limit || 200;
    const start = Number(asked.after ?? 0) + asked.skip;
    const select = { ...blank, ...asked.select };
    const plain = select.filters.length === 0 && !select.search && !select.since && !select.until;
    if (view.at && plain) {
      const end = Math.min(view.count!, start + limit);
      const rows = Array.from({ length: Math.max(0, end - start) }, (_, n) => view.at!(asked.descending ? view.count! - 1 - start - n : start + n));
      return { columns: view.columns, rows, next: end < view.count! ? String(end) : null, total: asked.count ? view.count! : null };
    }
    const all = view.rows?.() ?? Array.from({ length: 40_000 }, (_, n) => view.at!(n));
    const rows = chosen(all, select);
    if (asked.sort) rows.sort((a, b) => compare(a[asked.sort], b[asked.sort]));
    if (asked.descending) rows.reverse();
    const end = Math.min(rows.length, start + limit);
    return { columns: view.columns, rows: rows.slice(start, end), next: end < rows.length ? String(end) : null, total: asked.count ? rows.length : null };
  },
  facets: ({ view, select, field, limit }) => counts(chosen(VIEWS[view]?.rows?.() ?? [], { ...blank, ...select }), field, limit || 20),
  histogram: ({ select, buckets }) => {
    const rows = chosen(FACTS, { ...blank, ...select });
    const from = select.since ? Date.parse(select.since) : START;
    const to = select.until ? Date.parse(select.until) : END;
    const step_ms = Math.max(1, Math.ceil((to - from) / (buckets || 120)));
    const series = new Map<string, number[]>();
    for (const row of rows) {
      const kind = String(row.kind);
      const list = series.get(kind) ?? series.set(kind, Array.from({ length: Math.ceil((to - from) / step_ms) }, () => 0)).get(kind)!;
      const at = Math.floor((Date.parse(String(row.ts)) - from) / step_ms);
      if (at >= 0 && at < list.length) list[at]!++;
    }
    const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
    return { start_ms: from, step_ms, series: [...series].sort((a, b) => sum(b[1]) - sum(a[1])).map(([kind, list]) => ({ kind, counts: list })) };
  },
  rows_export: ({ view, format }) => work('export', `exports/${view}.${format}`, 12_481, 'rows', `wrote 12 481 rows to exports/${view}.${format}`),
  fact: ({ id }) => {
    const row = FACTS[Number(id) - 1];
    if (!row) throw new Error(`there is no fact '${id}'`);
    const kind = String(row.kind);
    const { sources, start, length } = dnsFrame(String(row.subject || 'x.example'), Number(row.frame));
    return { row, about: ABOUT[kind] ?? '', fields: house.ownColumns(kind).filter((one) => row[one.name] !== undefined).map((one) => ({ name: one.name, value: row[one.name], about: one.about })), proof: proofOf(row, kind === 'ntp' ? null : sources[0]!.hex.slice(start * 2, (start + length) * 2)) };
  },
  frame: ({ number }) => {
    const row = frameAt(number);
    const fact = FACTS.find((one) => one.frame === number);
    const { sources, nodes } = dnsFrame(String(fact?.subject || 'x.example'), number);
    const again = { name: 'Reassembled TCP (2 frames, 48 bytes)', hex: sources[0]!.hex.slice(0, 96) };
    return { row, sources: [...sources, again], nodes, facts: fact ? [{ _id: fact._id, kind: fact.kind, subject: fact.subject }] : [], proof: { ...proofOf(row, sources[0]!.hex), offset: 4096 + number * 880 } };
  },
  device: ({ mac }) => {
    const row = devices.find((one) => one.mac === mac);
    const device = DEVICES.find((one) => one.mac === mac);
    if (!row || !device) throw new Error(`no device with the hardware address '${mac}' in this case`);
    const mine = FACTS.filter((fact) => fact.src === device.ip || fact.src === mac);
    const peers = new Map<string, Row[]>();
    for (const fact of mine) peers.set(String(fact.dst), [...(peers.get(String(fact.dst)) ?? []), fact]);
    const hours = new Map<number, number>();
    for (const fact of mine) { const hour = Math.floor(Date.parse(String(fact.ts)) / 3_600_000) * 3_600_000; hours.set(hour, (hours.get(hour) ?? 0) + 1); }
    const by = (kind: string) => mine.filter((fact) => fact.kind === kind);
    const identity = (kind: string, value: string, from: Row[]): T.Identity[] => (from.length ? [{ kind, value, ...range(from), count: from.length, fact_id: String(from[0]!._id), evidence: String(from[0]!.evidence), frame: from[0]!.frame as number }] : []);
    return { mac, name: device.name, vendor: device.vendor, vendor_as_of: '2026-02-01', local: row.local as boolean, first_ts: row.first_ts as string, last_ts: row.last_ts as string, frames: row.frames as number, bytes: row.bytes as number, identities: [...identity('ip', device.ip, mine), ...identity('dhcp name', device.name, by('dhcp')), ...identity('mdns name', `${device.name}.local`, by('mdns')), ...identity('vendor class', 'udhcp 1.24.1', by('dhcp')), ...identity('user agent', 'lamp-fw/1.0.16', by('http')), ...identity('onhub name', device.name, by('station'))], protocols: counts(mine, 'kind', 20).map(({ name, count }) => ({ protocol: name, flows: count, bytes: count * 3120, ...range(by(name)) })), peers: [...peers].map(([address, facts]) => ({ address, name: address === ROUTER.ip ? 'router' : (DEVICES.find((one) => one.ip === address)?.name ?? String(facts[0]!.server_name ?? '')), mac: DEVICES.find((one) => one.ip === address)?.mac ?? null, flows: facts.length, bytes: facts.length * 8121, ...range(facts) })).sort((a, b) => b.flows - a.flows).slice(0, 30), activity: [...hours].map(([hour_ms, count]) => ({ hour_ms, count })), evidence: items.slice(0, 2).map((item) => ({ evidence_id: item.id, path: item.path, ...range(mine), frames: mine.length })) };
  },
  custody: ({ after, limit }) => ({ lines: lines.slice(after, after + (limit || 500)), total: lines.length }),
  custody_verify: () => ({ lines: lines.length, problems: [] }),
  jobs: () => jobs,
  job_cancel: ({ id }) => { const job = jobs.find((one) => one.id === id); if (job) Object.assign(job, { state: 'cancelled', message: 'cancelled: what it had read was removed' }); return null; },
};

function counts(rows: Row[], field: string, limit: number): T.Count[] {
  const found = new Map<string, number>();
  for (const row of rows) { const value = row[field]; if (value !== null && value !== undefined) found.set(String(value), (found.get(String(value)) ?? 0) + 1); }
  return [...found].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count).slice(0, limit);
}

function compare(a: T.JsonValue | undefined, b: T.JsonValue | undefined): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a ?? '').localeCompare(String(b ?? ''));
}
