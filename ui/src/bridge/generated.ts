// Written by `cargo test`; do not edit.

export type JsonValue = number | string | boolean | Array<JsonValue> | { [key in string]?: JsonValue } | null;
/** One row: names to values, times as RFC 3339 UTC with nine digits. `_id` names it in other requests. */
export type Row = { [key in string]?: JsonValue };
export type Topic = 'Case' | 'Evidence' | 'Facts' | 'Devices' | 'Custody' | 'Jobs';

export type CaseAbout = { name: string; number: string; examiner: string; agency: string; zone: string; notes: string };
export type CaseNew = { dir: string } & CaseAbout;
export type CaseDir = { dir: string };
export type CaseInfo = {
  dir: string;
  created: string;
  counts: CaseCounts;
  interrupted: Array<string>;
  custody_problem: string | null;
  first_ts: string | null;
  last_ts: string | null;
} & CaseAbout;
export type CaseCounts = {
  evidence: number;
  frames: number;
  facts: number;
  flows: number;
  devices: number;
  issues: number;
  bytes: number;
};
export type RecentCase = {
  dir: string;
  name: string;
  number: string;
  opened: string;
  evidence: number;
  bytes: number;
  present: boolean;
};

export type EvidenceAdd = { paths: Array<string>; copy: boolean };
export type EvidenceDetect = { paths: Array<string> };
export type Refusal = { format: string; why: string };
export type Detected = {
  path: string;
  kind: string;
  reason: string;
  refusals: Array<Refusal>;
  size: number | null;
  parent: string | null;
  problem: string | null;
};
export type EvidenceId = { id: number };
export type Count = { name: string; count: number };
export type EvidenceDetail = {
  row: Row;
  refusals: Array<Refusal>;
  runs: Array<Row>;
  issues: Array<Row>;
  members: Array<Row>;
  kinds: Array<Count>;
  interfaces: Array<Row>;
};
export type EvidenceVerify = { ids: number[] };
export type WatchDir = { dir: string };

export type RowsRequest = {
  view: string;
  select: Select;
  sort: string;
  descending: boolean;
  after: string | null;
  skip: number;
  limit: number;
  count: boolean;
};
export type Select = { filters: Array<Filter>; search: string; since: string | null; until: string | null };
export type Op = '=' | '!=' | '~' | '<' | '>';
export type Filter = { field: string; op: Op; value: string };
export type RowsPage = { columns: Array<Column>; rows: Array<Row>; next: string | null; total: number | null };
export type Shape = 'text' | 'code' | 'time' | 'number' | 'bytes' | 'duration' | 'flag' | 'list';
export type Column = { name: string; about: string; shape: Shape; sortable: boolean };
export type View = { name: string; about: string; kind: boolean; count: number };
export type FacetsRequest = { view: string; select: Select; field: string; limit: number };
export type HistogramRequest = { select: Select; buckets: number };
export type Series = { kind: string; counts: Array<number> };
export type Histogram = { start_ms: number; step_ms: number; series: Array<Series> };
export type RowsExport = { view: string; select: Select; format: string };

export type FactId = { id: string };
export type FieldNote = { name: string; value: unknown; about: string };
export type PieceRef = { frame: number; offset: number; length: number };
export type Proof = {
  evidence_id: number;
  path: string;
  kind: string;
  sha256: string;
  verified: string;
  run: string;
  frame: number | null;
  offset: number;
  length: number;
  pieces: Array<PieceRef>;
  bytes: string | null;
  problem: string | null;
};
export type FactDetail = { row: Row; about: string; fields: Array<FieldNote>; proof: Proof };
export type FrameId = { evidence_id: number; number: number };
export type ByteSource = { name: string; hex: string };
export type TreeNode = {
  name: string;
  label: string;
  text: string;
  start: number;
  end: number;
  source: number;
  depth: number;
  level: string | null;
};
export type FrameDetail = {
  row: Row;
  sources: Array<ByteSource>;
  nodes: Array<TreeNode>;
  facts: Array<Row>;
  proof: Proof;
};
export type BytesRequest = { evidence_id: number; offset: number; length: number };

export type DeviceId = { mac: string };
export type Identity = {
  kind: string;
  value: string;
  first_ts: string | null;
  last_ts: string | null;
  count: number;
  fact_id: string | null;
  evidence: string;
  frame: number | null;
};
export type Spoken = { protocol: string; flows: number; bytes: number; first_ts: string | null; last_ts: string | null };
export type Peer = {
  address: string;
  name: string;
  mac: string | null;
  flows: number;
  bytes: number;
  first_ts: string | null;
  last_ts: string | null;
};
export type Activity = { hour_ms: number; count: number };
export type SeenIn = { evidence_id: number; path: string; first_ts: string | null; last_ts: string | null; frames: number };
export type Dossier = {
  mac: string;
  name: string;
  vendor: string;
  vendor_as_of: string;
  local: boolean;
  first_ts: string | null;
  last_ts: string | null;
  frames: number;
  bytes: number;
  identities: Array<Identity>;
  protocols: Array<Spoken>;
  peers: Array<Peer>;
  activity: Array<Activity>;
  evidence: Array<SeenIn>;
};

export type CustodyRequest = { after: number; limit: number };
export type CustodyPage = { lines: Array<Row>; total: number };
export type CustodyCheck = { lines: number; problems: Array<string> };

export type JobState = 'running' | 'done' | 'differs' | 'cancelled' | 'failed';
export type Job = {
  id: number;
  name: string;
  at: string;
  done: number;
  total: number;
  unit: string;
  rate: number;
  state: JobState;
  message: string;
  started: string;
};
export type JobId = { id: number };
export type Event = { event: 'changed'; topics: Array<Topic> } | { event: 'job'; job: Job };

export type ZoneRequest = { zone: string };
export type ZonePeriod = { from_ms: number; offset: number; abbreviation: string };
export type ZoneTable = { zone: string; tzdb: string; periods: Array<ZonePeriod> };
export type AppInfo = {
  version: string;
  zones: Array<string>;
  tzdb: string;
  vendors_as_of: string;
  local_zone: string;
};

export interface Commands {
  app_info: [null, AppInfo];
  zone_table: [ZoneRequest, ZoneTable];
  case_recent: [null, Array<RecentCase>];
  case_new: [CaseNew, CaseInfo];
  case_open: [CaseDir, CaseInfo];
  case_close: [null, null];
  case_info: [null, CaseInfo | null];
  case_edit: [CaseAbout, CaseInfo];
  evidence_detect: [EvidenceDetect, Array<Detected>];
  evidence_add: [EvidenceAdd, JobId];
  evidence_resume: [null, JobId];
  evidence_detail: [EvidenceId, EvidenceDetail];
  evidence_verify: [EvidenceVerify, JobId];
  watch_start: [WatchDir, Array<string>];
  watch_stop: [WatchDir, Array<string>];
  watch_list: [null, Array<string>];
  views: [null, Array<View>];
  rows: [RowsRequest, RowsPage];
  facets: [FacetsRequest, Array<Count>];
  histogram: [HistogramRequest, Histogram];
  rows_export: [RowsExport, JobId];
  fact: [FactId, FactDetail];
  frame: [FrameId, FrameDetail];
  device: [DeviceId, Dossier];
  custody: [CustodyRequest, CustodyPage];
  custody_verify: [null, CustodyCheck];
  jobs: [null, Array<Job>];
  job_cancel: [JobId, null];
}

export const READS: { [name: string]: Topic[] } = {
  app_info: [],
  zone_table: [],
  case_recent: ['Case'],
  case_info: ['Case', 'Evidence', 'Facts'],
  evidence_detect: [],
  evidence_detail: ['Evidence'],
  watch_list: ['Case'],
  views: ['Facts'],
  rows: ['Evidence', 'Facts', 'Devices'],
  facets: ['Facts'],
  histogram: ['Facts'],
  fact: ['Facts'],
  frame: ['Facts'],
  device: ['Devices'],
  custody: ['Custody'],
  custody_verify: ['Custody'],
  jobs: ['Jobs'],
};

export const CHANGES: { [name: string]: Topic[] } = {
  case_new: ['Case', 'Evidence', 'Facts', 'Devices', 'Custody'],
  case_open: ['Case', 'Evidence', 'Facts', 'Devices', 'Custody'],
  case_close: ['Case', 'Evidence', 'Facts', 'Devices', 'Custody'],
  case_edit: ['Case', 'Custody'],
  evidence_add: ['Evidence', 'Facts', 'Devices', 'Custody'],
  evidence_resume: ['Evidence', 'Facts', 'Devices', 'Custody'],
  evidence_verify: ['Evidence', 'Custody'],
  watch_start: ['Case', 'Custody'],
  watch_stop: ['Case', 'Custody'],
  rows_export: ['Custody'],
  job_cancel: ['Jobs'],
};
