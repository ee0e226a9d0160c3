// Made from the list of commands (src-tauri/crates/app/src/commands.rs); `cargo test` checks it.

/** One row: names to values. `_id` names it in other requests. */
export type Row = { [key in string]: JsonValue };

export type Activity = { 
/**
 * Start of the hour, milliseconds since 1970 UTC.
 */
hour_ms: number, count: number, };

export type Alias = { mac: string, first_ts: string, last_ts: string, probes: number, 
/**
 * The first and the last probe request.
 */
facts: [string, string], 
/**
 * That it follows the one before; none for the first.
 */
probability: number | null, reasons: Array<Reason>, };

export type AppInfo = { version: string, zones: Array<string>, tzdb: string, 
/**
 * Date of the IEEE vendor lists.
 */
vendors_as_of: string, 
/**
 * The machine's own zone, if it can be told; else UTC.
 */
local_zone: string, };

export type BenchAllow = { 
/**
 * The legal basis; empty: nothing may be changed from now on.
 */
reason: string, };

export type BenchBundle = { 
/**
 * A folder; made if it is not there.
 */
folder: string, };

export type BenchCa = { subject: string, 
/**
 * Of its certificate.
 */
sha256: string, 
/**
 * RFC 3339 UTC.
 */
not_after: string, 
/**
 * PEM.
 */
certificate: string, };

export type BenchFiles = { files: Array<string>, 
/**
 * What is missing and why, or nothing.
 */
note: string, };

export type BenchRecording = { running: boolean, 
/**
 * In the case folder.
 */
path: string, job: number | null, 
/**
 * MQTT packets.
 */
packets: number, 
/**
 * Of these, those that went no further.
 */
refused: number, 
/**
 * What happened beside them.
 */
events: number, 
/**
 * Of the file.
 */
bytes: number, 
/**
 * Once it is sealed.
 */
sha256: string | null, 
/**
 * Why nothing more can be kept.
 */
problem: string | null, };

export type BenchStart = { 
/**
 * Address and port; empty: this machine alone, port 8883.
 */
listen: string, 
/**
 * Names and addresses by which devices reach it, beside that one: the broker's certificate says them.
 */
names: Array<string>, 
/**
 * By whose leave, on what ground: it is written to the custody log.
 */
authority: string, };

export type BenchState = { running: boolean, 
/**
 * Where devices come to.
 */
listen: string, authority: string, 
/**
 * Why things may be changed; `None`: they may not.
 */
allowed: string | null, ca: BenchCa | null, recording: BenchRecording | null, 
/**
 * Things that are there now.
 */
connected: number, };

export type BrokerAnswer = { text: string, };

export type BrokerConnect = { 
/**
 * A name or an address.
 */
host: string, 
/**
 * 0: 1883, 8883 with TLS, 80 and 443 over WebSocket.
 */
port: number, tls: BrokerTls, 
/**
 * With `own`: a file (PEM) with the authority's certificate.
 */
ca: string | null, 
/**
 * Files (PEM) with our certificate and its private key. Both or neither.
 */
certificate: string | null, key: string | null, user: string | null, 
/**
 * In memory only; masked in what is recorded.
 */
password: string | null, version: BrokerVersion, 
/**
 * Over WebSocket, at this path: `/mqtt`.
 */
websocket: string | null, 
/**
 * `x-amzn-mqtt-ca` for AWS IoT on port 443.
 */
alpn: string | null, 
/**
 * Seconds; none: 60; 0: never.
 */
keep_alive: number | null, 
/**
 * Take up the session that the broker remembers of this client id.
 */
resume: boolean, 
/**
 * Empty: one that nobody else has.
 */
client_id: string, 
/**
 * By whose leave, on what ground: it is written to the custody log.
 */
authority: string, };

export type BrokerExport = { id: number, 
/**
 * This topic and those below it; none: all.
 */
path: string | null, format: BrokerFormat, };

export type BrokerFilter = { filter: string, qos: number, 
/**
 * What the broker gave; none: it has not answered.
 */
granted: number | null, refused: string | null, };

export type BrokerFormat = "csv" | "jsonl";

export type BrokerId = { id: number, };

export type BrokerLevel = { name: string, path: string, 
/**
 * Something was said under exactly this.
 */
is_topic: boolean, 
/**
 * There are levels below.
 */
has_more: boolean, 
/**
 * Topics here and below.
 */
topics: number, 
/**
 * Messages here and below.
 */
messages: number, 
/**
 * The beginning of what was said last.
 */
last: string | null, last_ts: string | null, 
/**
 * Messages a second, over the last ten.
 */
rate: number, retained: boolean, };

export type BrokerPoint = { ts: string, value: number, };

export type BrokerPublish = { id: number, topic: string, 
/**
 * As text.
 */
text: string | null, 
/**
 * Or as hex; exactly one of the two, or neither: nothing, as a retained message is erased.
 */
hex: string | null, qos: number, retain: boolean, 
/**
 * It is meant: this changes the scene.
 */
act: boolean, 
/**
 * Why, and by whose leave; without one nothing is sent. It is written to the custody log and the recording.
 */
reason: string, };

export type BrokerPublished = { sent: boolean, topic: string, 
/**
 * The payload's bytes.
 */
hex: string, length: number, qos: number, retain: boolean, 
/**
 * The broker's answer; before: what will happen, in a sentence.
 */
text: string, };

export type BrokerState = { id: number, 
/**
 * `mqtts://broker.example:8883`
 */
url: string, 
/**
 * `connecting`, `connected`, `waiting` (lost; it is tried again) or `ended`
 */
standing: string, 
/**
 * Why it is not connected, or was not before, and what can be done.
 */
why: string | null, client_id: string, authority: string, 
/**
 * RFC 3339 UTC.
 */
since: string | null, 
/**
 * How often it was connected.
 */
connections: number, filters: Array<BrokerFilter>, topics: number, messages: number, 
/**
 * Messages under topics that are too many to be told apart here; the recording has them.
 */
left_out: number, 
/**
 * Messages that we published.
 */
published: number, recording: BenchRecording, };

export type BrokerSubscribe = { id: number, filter: string, qos: number, 
/**
 * `#` and `+` are meant: they bring what other people's devices say, too.
 */
wildcards: boolean, };

export type BrokerTls = "off" | "system" | "own" | "insecure";

export type BrokerTopic = { topic: string, messages: number, 
/**
 * Messages that are not kept here any more; the recording has them.
 */
dropped: number, 
/**
 * RFC 3339 UTC.
 */
first: string, last: string, rate: number, qos: number, retained: boolean, 
/**
 * Newest first.
 */
values: Array<BrokerValue>, 
/**
 * Paths (RFC 6901) of numbers in the last value.
 */
numbers: Array<string>, 
/**
 * Oldest first.
 */
series: Array<BrokerPoint>, };

export type BrokerTopicAsk = { id: number, topic: string, 
/**
 * A number in what was said, for a series; one of `numbers`.
 */
number: string | null, 
/**
 * Values, newest first; 0: 50.
 */
limit: number, };

export type BrokerTopics = { levels: Array<BrokerLevel>, 
/**
 * For the next page's `after`; none: this was the last.
 */
next: string | null, };

export type BrokerTopicsAsk = { id: number, 
/**
 * Topics below this one; none: the first level.
 */
path: string | null, 
/**
 * Whole topics whose name or last value holds all these words instead.
 */
search: string, 
/**
 * `next` of an earlier page.
 */
after: string | null, 
/**
 * 0: 200.
 */
limit: number, };

export type BrokerValue = { ts: string, qos: number, 
/**
 * The broker had kept it: it was said before we came.
 */
retained: boolean, length: number, 
/**
 * `json`, `text`, `cbor`, `msgpack`, `gzip`, `zlib`, a type of file, or `binary`
 */
kind: string, 
/**
 * As text, if it is some, or can be said so.
 */
text: string | null, 
/**
 * The first 64 KiB.
 */
hex: string, };

export type BrokerVersion = "3.1.1" | "5";

export type ByteSource = { 
/**
 * `Frame (74 bytes)`, `Reassembled (2 pieces, 1802 bytes)`, `Decrypted (320 bytes)`, `Followed (41 bytes)`.
 */
name: string, 
/**
 * All its bytes, hex.
 */
hex: string, };

export type BytesRequest = { evidence_id: number, offset: number, 
/**
 * At most 1 MiB.
 */
length: number, 
/**
 * Instead of evidence: a file of the case's `exports` folder, by its name.
 */
export?: string, };

export type Candidate = { text: string, 
/**
 * What it means.
 */
about: string, };

export type Capture = { id: number, 
/**
 * Interface, or file that is played.
 */
interface: string, filter: string, authority: string, 
/**
 * `recording`, `sealing`, `sealed`, `interrupted` or `failed`
 */
state: string, 
/**
 * Why it ended.
 */
why: string, files: Array<CaptureFile>, 
/**
 * RFC 3339 UTC.
 */
started: string, ended: string | null, packets: number, bytes: number, 
/**
 * As the system counted; none: it did not.
 */
received: number | null, dropped: number | null, if_dropped: number | null, 
/**
 * How much of `bytes` has been taken apart.
 */
analysed_bytes: number, limits: CaptureLimits, 
/**
 * Notes that were made.
 */
marks: number, 
/**
 * Whether there are charts of it.
 */
charted: boolean, };

export type CaptureActivity = { interfaces: Array<InterfaceActivity>, };

export type CaptureChart = { id: number, chart: CaptureChartKind, 
/**
 * The last so many; 0: all of it.
 */
seconds: number, width: number, height: number, theme: Theme, 
/**
 * IANA name; empty: UTC.
 */
zone: string, };

export type CaptureChartKind = "packets" | "bytes" | "protocols" | "devices";

export type CaptureCheck = { interface: string, filter: string, };

export type CaptureChecked = { valid: boolean, 
/**
 * Why not.
 */
why: string | null, };

export type CaptureFile = { 
/**
 * In the case folder.
 */
path: string, 
/**
 * Its id among the evidence.
 */
evidence: number | null, 
/**
 * Once it is sealed.
 */
sha256: string | null, bytes: number | null, };

export type CaptureHost = { 
/**
 * Path of the capture program.
 */
program: string | null, 
/**
 * What is in the way, in a sentence.
 */
problem: string | null, 
/**
 * A command that mends it.
 */
mend: string | null, interfaces: Array<CaptureInterface>, };

export type CaptureId = { id: number, };

export type CaptureInterface = { name: string, description: string | null, addresses: Array<string>, 
/**
 * `ethernet`, `wifi`, `loopback`, `bluetooth`, `usb`, `virtual` or `other`
 */
kind: string, link_types: Array<CaptureLinkType>, up: boolean, running: boolean, 
/**
 * Whether it can listen to all frames of the air.
 */
monitor: boolean, 
/**
 * Whether it can be recorded now.
 */
opens: boolean, 
/**
 * Why not.
 */
why: string | null, };

export type CaptureLimits = { seconds: number | null, packets: number | null, bytes: number | null, };

export type CaptureLinkType = { dlt: number, name: string, description: string | null, };

export type CaptureNote = { id: number, note: string, };

export type CaptureReplay = { path: string, 
/**
 * 1: as it was; 10: ten times as fast; 0: as fast as it goes.
 */
speed: number, };

export type CaptureStart = { 
/**
 * Its name; a pipe's path; `-`: what comes on the program's standard input.
 */
interface: string, 
/**
 * Play a capture file at its own pace instead, for training.
 */
replay: CaptureReplay | null, 
/**
 * BPF, as tcpdump takes it; empty: everything.
 */
filter: string, 
/**
 * Bytes of a packet that are kept.
 */
snap: number | null, 
/**
 * Also what is for others.
 */
promiscuous: boolean, 
/**
 * All frames of the air, where the adapter can.
 */
monitor: boolean, 
/**
 * Of the system's buffer.
 */
buffer_mib: number | null, 
/**
 * Stop after so many seconds.
 */
seconds: number | null, 
/**
 * Stop after so many packets.
 */
packets: number | null, 
/**
 * Stop after so many bytes.
 */
bytes: number | null, 
/**
 * Go on in a new file after so many bytes.
 */
file_bytes: number | null, 
/**
 * Go on in a new file after so many seconds.
 */
file_seconds: number | null, 
/**
 * By whose leave, on what ground: it is written to the custody log.
 */
authority: string, };

export type CaptureStarted = { capture: number, job: number, };

export type CaseAbout = { name: string, number: string, examiner: string, agency: string, 
/**
 * IANA name of the zone in which times are shown; empty: UTC.
 */
zone: string, notes: string, };

export type CaseCounts = { evidence: number, frames: number, facts: number, flows: number, devices: number, issues: number, 
/**
 * Bytes of top-level evidence.
 */
bytes: number, };

export type CaseDir = { dir: string, };

export type CaseInfo = { dir: string, 
/**
 * RFC 3339 UTC.
 */
created: string, counts: CaseCounts, 
/**
 * Imports that were cut off (a crash, a power failure), by evidence path: offer to finish them.
 */
interrupted: Array<string>, 
/**
 * Whether the custody log's chain holds; the sentence says what is wrong if not.
 */
custody_problem: string | null, 
/**
 * Earliest and latest time of any fact or frame; RFC 3339 UTC.
 */
first_ts: string | null, last_ts: string | null, name: string, number: string, examiner: string, agency: string, 
/**
 * IANA name of the zone in which times are shown; empty: UTC.
 */
zone: string, notes: string, };

export type CaseNew = { 
/**
 * The folder to make; `.lintel` is added to its name if missing.
 */
dir: string, name: string, number: string, examiner: string, agency: string, 
/**
 * IANA name of the zone in which times are shown; empty: UTC.
 */
zone: string, notes: string, };

export type Code = "invalid" | "missing" | "noCase" | "busy" | "refused" | "cancelled" | "failed";

export type Column = { name: string, about: string, shape: Shape, sortable: boolean, };

export type Completion = { 
/**
 * Bytes that a candidate takes the place of.
 */
start: number, end: number, 
/**
 * The likeliest first; at most fifty.
 */
candidates: Array<Candidate>, 
/**
 * What is wrong with the filter as it stands; nothing: it can be used.
 */
problem: string | null, 
/**
 * Where, in bytes.
 */
problem_start: number, problem_end: number, };

export type Count = { name: string, count: number, };

export type CustodyCheck = { lines: number, 
/**
 * What is wrong, each naming its line; empty: the chain holds.
 */
problems: Array<string>, };

export type CustodyPage = { 
/**
 * Each line as it stands in the log.
 */
lines: Array<Row>, total: number, };

export type CustodyRequest = { 
/**
 * Lines after this sequence number.
 */
after: number, 
/**
 * 0: 500.
 */
limit: number, };

export type Detected = { path: string, 
/**
 * `pcap`, `pcapng`, `snoop`, `onhub`, a container, ..., or `other`.
 */
kind: string, reason: string, refusals: Array<Refusal>, size: number | null, 
/**
 * Path of the container that it is in.
 */
parent: string | null, 
/**
 * What could not be looked into, and why.
 */
problem: string | null, };

export type DeviceId = { 
/**
 * `18:b4:30:00:00:07`
 */
mac: string, };

export type DevicesJoin = { 
/**
 * The device goes by the first.
 */
macs: Array<string>, 
/**
 * Why; goes to the custody log.
 */
why: string, };

export type DevicesPart = { mac: string, why: string, };

export type Dossier = { 
/**
 * As in the view `devices`.
 */
row: Row, mac: string, 
/**
 * The best name known, else empty.
 */
name: string, 
/**
 * From the IEEE lists; empty when unknown or locally administered.
 */
vendor: string, 
/**
 * The date of the lists.
 */
vendor_as_of: string, 
/**
 * Locally administered: made up by software, perhaps for a short time.
 */
local: boolean, first_ts: string | null, last_ts: string | null, frames: number, bytes: number, identities: Array<Identity>, protocols: Array<Spoken>, peers: Array<Peer>, 
/**
 * Facts per hour that it sent or that are about it.
 */
activity: Array<Activity>, 
/**
 * Items of evidence that know it.
 */
evidence: Array<SeenIn>, };

export type Drawn = { 
/**
 * To be shown as an image: never as part of a page.
 */
svg: string, columns: Array<string>, rows: Array<Array<string>>, };

export type Error = { code: Code, 
/**
 * What was being done, to what, and why it failed.
 */
message: string, };

export type Event = { "event": "changed", topics: Array<Topic>, } | { "event": "job", job: Job, };

export type EvidenceAdd = { paths: Array<string>, 
/**
 * Copy into the case folder (verified by hash) rather than refer to it where it is.
 */
copy: boolean, };

export type EvidenceDetail = { 
/**
 * As in the view `evidence`.
 */
row: Row, refusals: Array<Refusal>, 
/**
 * As in the view `runs`, newest first.
 */
runs: Array<Row>, 
/**
 * As in the view `issues`, the first 200.
 */
issues: Array<Row>, 
/**
 * As in the view `evidence`: what is inside it.
 */
members: Array<Row>, 
/**
 * How many facts of each kind.
 */
kinds: Array<Count>, 
/**
 * Interfaces of a capture.
 */
interfaces: Array<Row>, };

export type EvidenceDetect = { paths: Array<string>, };

export type EvidenceId = { id: number, };

export type EvidenceVerify = { ids: number[], };

export type ExportName = { name: string, };

export type FacetsRequest = { view: string, select: Select, 
/**
 * `kind`, `evidence`, `src`, `dst`, `subject`, ...
 */
field: string, 
/**
 * At most so many values, most frequent first; 0: 20.
 */
limit: number, };

export type FactDetail = { 
/**
 * As in the view of its kind.
 */
row: Row, 
/**
 * What one row of this kind is.
 */
about: string, 
/**
 * Its own fields in the declared order, with what each means.
 */
fields: Array<FieldNote>, proof: Proof, };

export type FactId = { id: string, };

export type FieldNote = { name: string, value: unknown, about: string, };

export type FileContent = { 
/**
 * Its first bytes, unpacked, hex.
 */
hex: string, 
/**
 * These are all.
 */
whole: boolean, 
/**
 * Why there are no more, if there should be.
 */
problem: string | null, };

export type FileLook = { 
/**
 * `_id` of a fact of the kind `files`.
 */
fact: string, 
/**
 * At most so many bytes; 0: 65536.
 */
limit: number, };

export type FileSave = { 
/**
 * `_id` of one fact of the kind `files`; empty: all that `select` selects.
 */
fact: string, 
/**
 * As for the view `files`.
 */
select: Select, };

export type Filter = { field: string, op: Op, value: string, };

export type FilterComplete = { text: string, 
/**
 * Where the caret stands, in bytes (UTF-8); beyond the end: at the end.
 */
caret: number, 
/**
 * `facts`, `flows`, `frames`, a kind of fact, ...
 */
view: string, };

export type FrameDetail = { 
/**
 * As in the view `frames`.
 */
row: Row, 
/**
 * The frame, then each message that was put together from several frames, then what key logs open of it.
 */
sources: Array<ByteSource>, 
/**
 * In order; a node's children follow it with a larger depth.
 */
nodes: Array<TreeNode>, 
/**
 * `_id`, kind and subject of the facts that it holds.
 */
facts: Array<Row>, proof: Proof, };

export type FrameId = { evidence_id: number, 
/**
 * From 1.
 */
number: number, };

export type GeoAsk = { 
/**
 * At most 1000.
 */
addresses: Array<string>, };

export type GeoLoad = { 
/**
 * An .mmdb, or one packed with gzip.
 */
path: string, };

export type GeoPlace = { 
/**
 * ISO 3166: `DE`; empty: not known.
 */
code: string, 
/**
 * As the table calls it.
 */
country: string, 
/**
 * Of the autonomous system.
 */
organisation: string, as_number: number | null, 
/**
 * Which tables say so, with their dates.
 */
by: Array<string>, };

export type GeoRemove = { sha256: string, };

export type GeoState = { 
/**
 * Asked in this order: what the first says, the next does not change.
 */
tables: Array<GeoTable>, };

export type GeoTable = { 
/**
 * Of the file that was loaded.
 */
name: string, 
/**
 * What it says it is: `GeoLite2-Country`.
 */
kind: string, 
/**
 * When it was made; RFC 3339 UTC.
 */
built: string | null, size: number, sha256: string, 
/**
 * Why it is not asked.
 */
problem: string | null, };

export type Histogram = { 
/**
 * Start of the first bucket, milliseconds since 1970 UTC.
 */
start_ms: number, 
/**
 * Width of a bucket, milliseconds.
 */
step_ms: number, 
/**
 * One for each kind, most frequent first.
 */
series: Array<Series>, };

export type HistogramRequest = { select: Select, 
/**
 * About so many buckets; 0: 120.
 */
buckets: number, };

export type Hypothesis = { addresses: Array<Alias>, 
/**
 * Of its weakest step, 0 to 1. Not a proof: what speaks for and against stands with each address.
 */
probability: number, 
/**
 * Networks that it asked for by name.
 */
ssids: Array<string>, 
/**
 * Fingerprint of its elements.
 */
elements: string, 
/**
 * The analyst has put them together already.
 */
joined: boolean, };

export type Identity = { 
/**
 * `ip`, `dhcp name`, `mdns name`, `onhub name`, `vendor class`, `user agent`, `mqtt client`, `station id`, ...
 */
kind: string, value: string, first_ts: string | null, last_ts: string | null, count: number, 
/**
 * A fact (or frame) that proves it.
 */
fact_id: string | null, evidence: string, evidence_id: number, frame: number | null, };

export type IdentityHypotheses = { 
/**
 * The likeliest first.
 */
hypotheses: Array<Hypothesis>, 
/**
 * Addresses that asked for networks, and how many of them are made up.
 */
addresses: number, randomised: number, probes: number, 
/**
 * Probe requests that were too many to look at.
 */
left_out: number, 
/**
 * What counted how much.
 */
weights: Weights, };

export type IdentityRequest = { select: Select, weights: Weights, };

export type InterfaceActivity = { name: string, packets: number[], bytes: number[], };

export type Job = { id: number, 
/**
 * `import`, `verify`, `export`, `index`
 */
name: string, 
/**
 * What it is at: a path, a step.
 */
at: string, done: number, 
/**
 * 0: not known.
 */
total: number, 
/**
 * Of `done` and `total`: `bytes`, `rows`.
 */
unit: string, 
/**
 * Units a second, lately.
 */
rate: number, state: JobState, 
/**
 * When ended: one sentence that says what came of it.
 */
message: string, 
/**
 * RFC 3339 UTC.
 */
started: string, };

export type JobId = { id: number, };

export type JobState = "running" | "done" | "differs" | "cancelled" | "failed";

export type Joined = { mac: string, device: string, why: string, at: string, };

export type JsonValue = number | string | boolean | Array<JsonValue> | Row | null;

export type KindRow = { name: string, label: string, 
/**
 * By name: the JSON object that is sent.
 */
commands: { [key in string]: unknown }, command_topic: string, qos: number, publish: Array<string>, subscribe: Array<string>, shadow: boolean, 
/**
 * Which field of what it says tells whether it is on.
 */
state: string | null, };

export type KindsAdd = { json: string, };

export type MapLink = { a: string, b: string, flows: number, bytes: number, services: Array<string>, };

export type MapNode = { 
/**
 * Hardware address of a device; address of what is outside.
 */
id: string, name: string, role: MapRole, bytes: number, 
/**
 * Of what is outside, as loaded tables say.
 */
place: GeoPlace | null, };

export type MapRole = "router" | "hub" | "leaf" | "outside";

export type NetworkMap = { 
/**
 * Those with the most bytes first.
 */
nodes: Array<MapNode>, links: Array<MapLink>, 
/**
 * Devices and addresses that were too many to draw.
 */
left_out: number, };

export type Nothing = null;

export type Op = "=" | "!=" | "~" | "<" | ">";

export type PacketsSave = { 
/**
 * As for the view `frames`; `uid=` selects a flow's.
 */
select: Select, 
/**
 * Only frames of these numbers, in one item of evidence; empty: all that are selected.
 */
frames: number[], };

export type Peer = { address: string, 
/**
 * A name known for it, else empty.
 */
name: string, 
/**
 * Hardware address, when it is a device of the house.
 */
mac: string | null, flows: number, bytes: number, first_ts: string | null, last_ts: string | null, };

export type PieceRef = { frame: number, offset: number, length: number, };

export type PresenceAverage = { buckets: Array<PresenceAveraged>, 
/**
 * Where the window ends, RFC 3339 UTC.
 */
now: string, 
/**
 * What that is: `given`, `clock`, `newest sighting`
 */
now_is: string, };

export type PresenceAverageRequest = { 
/**
 * Its address or pseudonym.
 */
device: string, value: PresenceValue, 
/**
 * `all` (if empty), `second minute fifteen_minute thirty_minute hour day week month quarter year`
 */
granularity: string, 
/**
 * `12h`, `90m`, `30s`: so long before now. Empty: since 1970.
 */
time_window: string, 
/**
 * RFC 3339; none: the clock's while something is being recorded or received, else the time of the case's newest sighting.
 */
now: string | null, };

export type PresenceAveraged = { 
/**
 * `2024-05-01T13:00:00.000Z`: where the bucket begins; of `all`, the newest value.
 */
time_stamp: string, result: number, data_points: number, };

export type PresenceBar = { from_ms: number, to_ms: number, sightings: number, };

export type PresenceChart = { "kind": "lanes", "request": PresenceLanesRequest } | { "kind": "home", "request": PresenceHomeRequest } | { "kind": "unique", "request": PresenceUniqueRequest } | { "kind": "signal", "request": PresenceSignalRequest } | { "kind": "heat", "request": PresenceHeatRequest } | { "kind": "dwell", "request": PresenceDwellRequest } | { "kind": "moves", "request": PresenceMovesRequest };

export type PresenceCount = { from_ms: number, to_ms: number, 
/**
 * Different devices whose address isn't made up.
 */
devices: number, 
/**
 * Different made-up addresses: one device may have several of them.
 */
randomised: number, };

export type PresenceDay = { name: string, hours: Array<PresenceHour>, };

export type PresenceDevice = { 
/**
 * Its address, or the pseudonym by which the source knows it.
 */
id: string, 
/**
 * The best name that the case has for it, else empty.
 */
name: string, 
/**
 * Locally administered: made up, perhaps for a single scan.
 */
randomised: boolean, };

export type PresenceDwell = { picture: PresencePicture | null, classes: Array<PresenceStayClass>, 
/**
 * Stays in all, and those that touch the beginning or the end of the time that is looked at: they may have been longer.
 */
stays: number, cut: number, table: PresenceTable, };

export type PresenceDwellRequest = { scope: PresenceScope, look: PresenceLook, 
/**
 * A stay ends where more than so many seconds pass unheard.
 */
gap_s: number, };

export type PresenceFormat = "svg" | "png" | "csv";

export type PresenceHeat = { picture: PresencePicture | null, 
/**
 * Monday first, each with 24 hours.
 */
days: Array<PresenceDay>, table: PresenceTable, };

export type PresenceHeatRequest = { scope: PresenceScope, look: PresenceLook, };

export type PresenceHome = { picture: PresencePicture | null, from_ms: number, to_ms: number, 
/**
 * Devices in all.
 */
devices: number, 
/**
 * How high a lane is, in CSS pixels; the first begins at the picture's top.
 */
lane_height: number, lanes: Array<PresenceHomeLane>, 
/**
 * As they were used.
 */
thresholds: PresenceThresholds, table: PresenceTable, };

export type PresenceHomeLane = { device: PresenceDevice, stays: Array<PresenceStay>, };

export type PresenceHomeRequest = { scope: PresenceScope, 
/**
 * The height is that of the lanes.
 */
look: PresenceLook, thresholds: PresenceThresholds, 
/**
 * Devices to step over, and how many there are to be: those come first of whom most can be said.
 */
skip: number, limit: number, };

export type PresenceHour = { 
/**
 * Different devices in such an hour, on average; none: the time that is looked at has no such hour.
 */
average: number | null, 
/**
 * How many such hours there were. Of an hour that a change of the clock leaves out, one less; of one that it repeats, one more.
 */
hours: number, 
/**
 * Devices in all of them together, each counted once an hour.
 */
devices: number, };

export type PresenceLane = { device: PresenceDevice, first_ms: number, last_ms: number, 
/**
 * Seconds of all its bars at the threshold.
 */
total_s: number, sightings: number, bars: Array<PresenceBar>, };

export type PresenceLanes = { picture: PresencePicture | null, from_ms: number, to_ms: number, 
/**
 * Devices in all.
 */
devices: number, 
/**
 * How high a lane is, in CSS pixels; the first begins at the picture's top.
 */
lane_height: number, lanes: Array<PresenceLane>, 
/**
 * Gaps of fewer seconds than this are not shown: because of the threshold, or because there is no room for them.
 */
joined_s: number, 
/**
 * Drawn from single sightings; else from quarter hours, in which gaps are not seen.
 */
exact: boolean, table: PresenceTable, };

export type PresenceLanesRequest = { scope: PresenceScope, 
/**
 * The height is that of the lanes.
 */
look: PresenceLook, 
/**
 * What is heard again within so many seconds is one bar.
 */
gap_s: number, sort: PresenceSort, descending: boolean, 
/**
 * Devices to step over, and how many there are to be.
 */
skip: number, limit: number, };

export type PresenceLook = { 
/**
 * In CSS pixels; 0: figures alone.
 */
width: number, height: number, theme: Theme, };

export type PresenceMove = { from_ms: number, to_ms: number, arrivals: number, departures: number, };

export type PresenceMoves = { picture: PresencePicture | null, from_ms: number, to_ms: number, step: PresenceStep, buckets: Array<PresenceMove>, 
/**
 * Near when the time that is looked at begins, and when it ends: they neither came nor went in it.
 */
there_before: number, there_after: number, table: PresenceTable, };

export type PresenceMovesRequest = { scope: PresenceScope, look: PresenceLook, 
/**
 * A stay ends where more than so many seconds pass unheard.
 */
gap_s: number, step: PresenceStep, };

export type PresenceNode = { 
/**
 * Who heard it; its id is empty where the source doesn't say.
 */
node: PresenceDevice, points: Array<PresencePoint>, };

export type PresencePicture = { 
/**
 * To be shown as an image: never as part of a page.
 */
svg: string, left: number, right: number, top: number, bottom: number, };

export type PresencePoint = { from_ms: number, to_ms: number, min: number, average: number, max: number, values: number, };

export type PresenceSave = { chart: PresenceChart, format: PresenceFormat, };

export type PresenceScope = { 
/**
 * RFC 3339; from this time on. None: from the first sighting.
 */
since: string | null, 
/**
 * RFC 3339; before this time. None: to the last sighting.
 */
until: string | null, 
/**
 * IANA name; empty: the case's.
 */
zone: string, 
/**
 * Addresses, or the pseudonyms by which sources know devices; none: everybody.
 */
devices: Array<string>, 
/**
 * Observers; none: all.
 */
nodes: Array<string>, 
/**
 * Without made-up addresses.
 */
without_randomised: boolean, };

export type PresenceSignal = { picture: PresencePicture | null, from_ms: number, to_ms: number, step: PresenceStep, 
/**
 * Those with most values first.
 */
nodes: Array<PresenceNode>, 
/**
 * Observers beyond those that are told apart.
 */
more_nodes: number, table: PresenceTable, };

export type PresenceSignalRequest = { 
/**
 * Names one device.
 */
scope: PresenceScope, look: PresenceLook, step: PresenceStep, };

export type PresenceSort = "first_seen" | "total_time" | "name";

export type PresenceStay = { from_ms: number, to_ms: number, 
/**
 * 0 to 1.
 */
confidence: number, 
/**
 * `probably at home`, ...
 */
conclusion: string, reasons: Array<string>, };

export type PresenceStayClass = { name: string, 
/**
 * At least so long, and shorter than that; 0: no limit.
 */
from_s: number, to_s: number, devices: number, 
/**
 * Of made-up addresses.
 */
randomised: number, };

export type PresenceStep = "auto" | "quarter" | "hour" | "six_hours" | "day" | "week" | "month";

export type PresenceTable = { columns: Array<string>, rows: Array<Array<string>>, };

export type PresenceThresholds = { 
/**
 * One who is heard again within so many seconds never left.
 */
gap_s: number, 
/**
 * As many frames in a quarter hour, on average, are traffic; fewer are probes.
 */
traffic_frames: number, 
/**
 * How sure it is of one that joined the network,
 */
associated: number, 
/**
 * of one that had traffic,
 */
traffic: number, 
/**
 * of one that only probed.
 */
probes: number, 
/**
 * A made-up address that never joined counts so much of that.
 */
randomised: number, 
/**
 * dBm: at least as strong adds to it, weaker than the other takes from it; the mean counts.
 */
near_dbm: number, far_dbm: number, near: number, far: number, 
/**
 * From here on it is "probably", and "perhaps".
 */
probably: number, perhaps: number, };

export type PresenceUnique = { picture: PresencePicture | null, from_ms: number, to_ms: number, 
/**
 * How long the steps are.
 */
step: PresenceStep, buckets: Array<PresenceCount>, table: PresenceTable, };

export type PresenceUniqueRequest = { scope: PresenceScope, look: PresenceLook, step: PresenceStep, };

export type PresenceValue = "average" | "sum" | "min" | "max" | "count";

export type Proof = { evidence_id: number, path: string, kind: string, sha256: string, 
/**
 * `unverified`, `match`, `changed`, `missing`, `unreadable`: when last looked at.
 */
verified: string, 
/**
 * Parser and version that made it.
 */
run: string, frame: number | null, offset: number, length: number, 
/**
 * Further pieces, when it was put together from several places.
 */
pieces: Array<PieceRef>, 
/**
 * The bytes (at most the first 4096), hex; or why they can't be shown.
 */
bytes: string | null, problem: string | null, };

export type Reason = { 
/**
 * Positive: for it.
 */
bits: number, 
/**
 * In a sentence.
 */
why: string, };

export type ReceiverAsk = { 
/**
 * The last note that is known already; 0: none.
 */
after: number, };

export type ReceiverKey = { 
/**
 * CloudTrax: the network's number. `meraki`: the secret that stands in the reports.
 */
network: string, 
/**
 * As it was typed in.
 */
secret: string | null, 
/**
 * A file that holds it; a line break at its end does not count.
 */
file: string | null, 
/**
 * An environment variable that holds it.
 */
variable: string | null, };

export type ReceiverNote = { 
/**
 * Counted from 1.
 */
number: number, 
/**
 * RFC 3339 UTC.
 */
at: string, peer: string, accepted: boolean, 
/**
 * What it was, or why it was refused.
 */
text: string, };

export type ReceiverStart = { 
/**
 * Address and port; empty: this machine alone, any port that is free.
 */
listen: string, 
/**
 * Also keep reports without a signature, as unverified.
 */
accept_unsigned: boolean, 
/**
 * What Meraki's cloud is told when it asks whether it has come to the right place.
 */
meraki_validator: string | null, 
/**
 * Files (PEM) with a certificate, its issuers after it, and its private key: reports come over TLS. Both or neither.
 */
tls_certificate: string | null, tls_key: string | null, 
/**
 * By whose leave, on what ground: it is written to the custody log.
 */
authority: string, };

export type ReceiverState = { running: boolean, 
/**
 * Where it listens.
 */
listen: string, 
/**
 * Its own pages, for whoever has the token.
 */
url: string, 
/**
 * Networks whose key is known.
 */
networks: Array<string>, accept_unsigned: boolean, 
/**
 * Reports that were kept.
 */
accepted: number, 
/**
 * Of these, without a right signature.
 */
unverified: number, refused: number, 
/**
 * Sealed files, in the case folder.
 */
sealed: Array<string>, job: number | null, notes: Array<ReceiverNote>, };

export type RecentCase = { dir: string, name: string, number: string, 
/**
 * RFC 3339 UTC.
 */
opened: string, 
/**
 * Items of evidence, when last seen.
 */
evidence: number, 
/**
 * Bytes of the evidence, when last seen.
 */
bytes: number, 
/**
 * Its folder is still there.
 */
present: boolean, };

export type Refusal = { format: string, why: string, };

export type Revealed = { 
/**
 * Those of the wanted facts that have something masked.
 */
facts: Array<RevealedFact>, };

export type RevealedFact = { 
/**
 * `_id` of its row.
 */
id: string, 
/**
 * What the row has masked, by name.
 */
values: Row, };

export type RowsExport = { view: string, select: Select, 
/**
 * `csv`, `json` (one object a line) or `sqlite` (a table for each kind of fact, with what its columns mean).
 */
format: string, };

export type RowsPage = { columns: Array<Column>, rows: Array<Row>, 
/**
 * For the next page's `after`; none: this was the last.
 */
next: string | null, 
/**
 * Rows that match, if asked for.
 */
total: number | null, };

export type RowsRequest = { 
/**
 * `evidence runs issues frames flows devices identities facts presence coverage`, or a kind of fact.
 */
view: string, select: Select, 
/**
 * A column of the view; empty: its natural order (time, then place).
 */
sort: string, descending: boolean, 
/**
 * `next` of an earlier page.
 */
after: string | null, 
/**
 * Rows to step over from there.
 */
skip: number, 
/**
 * At most so many rows; 0: 200.
 */
limit: number, 
/**
 * Also count all rows that match.
 */
count: boolean, };

export type SceneName = { name: string, };

export type SceneRun = { name: string, 
/**
 * The interface that is recorded beside it; empty: none.
 */
interface: string, };

export type SceneStep = { 
/**
 * Milliseconds after the scene began.
 */
after: number, 
/**
 * The thing's id.
 */
thing: string, command: string, };

export type SceneText = { name: string, steps: Array<SceneStep>, 
/**
 * RFC 3339 UTC; when saving it is not looked at.
 */
changed: string, };

export type SecretsReveal = { 
/**
 * Facts by their `_id`; empty: those of `view` that `select` selects.
 */
facts: Array<string>, 
/**
 * `facts` or a kind of fact.
 */
view: string, select: Select, 
/**
 * Written to the custody log, with the facts; never what they hold.
 */
reason: string, };

export type SeenIn = { evidence_id: number, path: string, first_ts: string | null, last_ts: string | null, frames: number, };

export type Select = { filters: Array<Filter>, 
/**
 * Words that occur in the row's texts (prefixes count).
 */
search: string, 
/**
 * RFC 3339; from this time on.
 */
since: string | null, 
/**
 * RFC 3339; before this time.
 */
until: string | null, 
/**
 * In the words of Wireshark's display filters; empty: all.
 */
filter: string, };

export type Series = { kind: string, 
/**
 * One number for each bucket.
 */
counts: Array<number>, };

export type ShadowAsk = { id: string, 
/**
 * Empty: the classic one, which has no name.
 */
name: string, 
/**
 * `null`: the newest.
 */
version: number | null, };

export type ShadowDocument = { version: number, 
/**
 * RFC 3339 UTC.
 */
at: string, 
/**
 * `{"state":{"desired":...,"reported":...},"metadata":...}`; `null`: deleted with this version.
 */
document: unknown, };

export type ShadowNames = { 
/**
 * The classic one first, as an empty text.
 */
names: Array<string>, };

export type ShadowSet = { id: string, name: string, 
/**
 * JSON text.
 */
document: string, };

export type ShadowVersionRow = { version: number, 
/**
 * RFC 3339 UTC.
 */
at: string, };

export type Shape = "text" | "code" | "time" | "number" | "bytes" | "duration" | "flag" | "list";

export type Spoken = { protocol: string, flows: number, bytes: number, first_ts: string | null, last_ts: string | null, };

export type StreamPage = { uid: string, evidence_id: number, proto: string, service: string | null, 
/**
 * Address and port of who opened it.
 */
orig: string, 
/**
 * Of who answered.
 */
resp: string, 
/**
 * Payload in all, what is missing included.
 */
orig_bytes: number, resp_bytes: number, parts: Array<StreamPart>, 
/**
 * For the next page's `after`; none: this was the last.
 */
next: string | null, };

export type StreamPart = { from_orig: boolean, frame: number, ts: string | null, 
/**
 * Position in what this side said.
 */
at: number, 
/**
 * Bytes that no frame holds; then there is no hex.
 */
missing: number, hex: string, };

export type StreamRequest = { uid: string, 
/**
 * SHA-256, a prefix of it, or path; only needed if several items hold the flow.
 */
evidence: string, 
/**
 * `next` of an earlier page.
 */
after: string | null, 
/**
 * About so many bytes of payload; 0: 65536.
 */
limit: number, };

export type StreamSave = { uid: string, 
/**
 * As for `stream`.
 */
evidence: string, 
/**
 * `orig`, `resp`; empty: both, in the order of capture.
 */
side: string, };

export type Theme = "light" | "dark";

export type ThingBundle = { id: string, 
/**
 * A folder; made if it is not there.
 */
folder: string, };

export type ThingChange = { id: string, name: string, note: string, exhibit: string, };

export type ThingCommand = { id: string, 
/**
 * From its kind's dictionary.
 */
command: string, 
/**
 * Only says what would be sent.
 */
dry: boolean, };

export type ThingCommanded = { id: string, topic: string, qos: number, 
/**
 * The bytes, which are UTF-8.
 */
payload: string, command: unknown, sent: boolean, 
/**
 * The thing was there when it was sent; nobody keeps it for one that was not.
 */
connected: boolean, };

export type ThingConnectivity = { connected: boolean, 
/**
 * RFC 3339 UTC: of its last coming or going.
 */
at: string | null, 
/**
 * Why it went.
 */
reason: string | null, };

export type ThingDeletion = { thing: string, name: string, 
/**
 * RFC 3339 UTC: when it is tried (again).
 */
due: string, tries: number, 
/**
 * Why the last try failed.
 */
why: string, 
/**
 * It was tried often enough; it waits for whoever looks into it.
 */
dead: boolean, };

export type ThingId = { id: string, };

export type ThingImport = { kind: string, name: string, note: string, exhibit: string, 
/**
 * Its MQTT client id; empty: a new one.
 */
id: string, 
/**
 * PEM, or the path of a file that holds it.
 */
certificate: string, };

export type ThingKeys = { id: string, 
/**
 * PEM, as all of these.
 */
certificate: string, public_key: string, private_key: string, topics: Array<string>, 
/**
 * The files of the device bundle, if one was asked for.
 */
files: Array<string>, };

export type ThingNew = { 
/**
 * Empty: a light.
 */
kind: string, name: string, note: string, exhibit: string, 
/**
 * The private key is also kept in the system's vault, so that a device bundle can be written later.
 */
keep_key: boolean, 
/**
 * A folder into which the device bundle, private key included, is written at once.
 */
bundle: string | null, };

export type ThingRow = { id: string, kind: string, name: string, note: string, exhibit: string, 
/**
 * RFC 3339 UTC.
 */
created: string, 
/**
 * SHA-256 of its certificate.
 */
sha256: string, 
/**
 * PEM.
 */
certificate: string, 
/**
 * RFC 3339 UTC: its certificate's end.
 */
not_after: string, 
/**
 * Its certificate is not of the case's own authority.
 */
imported: boolean, 
/**
 * `ACTIVE` or `INACTIVE`.
 */
status: string, 
/**
 * `null`: it never came.
 */
connectivity: ThingConnectivity | null, 
/**
 * Whether it says that it is on.
 */
on: boolean | null, 
/**
 * What it said last, since the bench was started.
 */
last: ThingSaid | null, 
/**
 * What it publishes to, then what it listens to.
 */
topics: Array<string>, 
/**
 * Commands that it understands.
 */
commands: Array<string>, };

export type ThingSaid = { 
/**
 * RFC 3339 UTC.
 */
at: string, topic: string, 
/**
 * Its beginning, as text; what is no UTF-8 is U+FFFD.
 */
text: string, 
/**
 * Of all of it.
 */
bytes: number, };

export type ThingSeries = { 
/**
 * Since the bench was started.
 */
count: number, 
/**
 * The latest last.
 */
said: Array<ThingSaid>, 
/**
 * By the name of the JSON member: (milliseconds since 1970 UTC, value).
 */
series: Array<[string, Array<[number, number]>]>, };

export type ThingStatus = { id: string, active: boolean, };

export type ThingsAsk = { 
/**
 * A part of name, id, note or exhibit.
 */
search: string, 
/**
 * Where it begins: `next` of the page before.
 */
after: string | null, 
/**
 * 0: a hundred; at most 500.
 */
limit: number, };

export type ThingsPage = { things: Array<ThingRow>, next: string | null, total: number, };

export type Topic = "Case" | "Evidence" | "Facts" | "Devices" | "Custody" | "Jobs" | "Capture" | "Bench" | "Geo";

export type TreeNode = { 
/**
 * Wireshark's filter name where there is one.
 */
name: string, label: string, 
/**
 * Worded for people.
 */
text: string, start: number, end: number, 
/**
 * Index into `sources`.
 */
source: number, depth: number, 
/**
 * `note`, `warn` or `error`.
 */
level: string | null, };

export type View = { name: string, about: string, 
/**
 * A kind of fact (else one of the fixed views).
 */
kind: boolean, 
/**
 * How many rows the open case has of it.
 */
count: number, };

export type WatchDir = { dir: string, };

export type Weights = { 
/**
 * Seconds after which an address is no longer looked for under another name.
 */
horizon: number, 
/**
 * Seconds between two scans of a device, about: the longer ago an address was heard last, the less likely it is to be the one before.
 */
pause: number, 
/**
 * Sequence numbers that a device uses up in a second beside what was heard.
 */
sequence_rate: number, 
/**
 * How many devices begin a new count with a new address.
 */
sequence_restarts: number, 
/**
 * The most that equal elements may count.
 */
elements_most: number, 
/**
 * The most that one shared network name may count.
 */
name_most: number, 
/**
 * Against, where both ask for networks by name, and none is the same.
 */
names_differ: number, 
/**
 * Standard deviation in dB: of what is heard of one device, a little later; and of different ones.
 */
signal_same: number, signal_other: number, 
/**
 * How likely an address is a newcomer's, before anything is known of it.
 */
newcomer: number, 
/**
 * From this probability on two addresses are put into one group.
 */
least: number, };

export type ZonePeriod = { 
/**
 * Milliseconds since 1970 UTC.
 */
from_ms: number, 
/**
 * Seconds east of UTC.
 */
offset: number, 
/**
 * `CEST`
 */
abbreviation: string, };

export type ZoneRequest = { 
/**
 * IANA name.
 */
zone: string, };

export type ZoneTable = { zone: string, 
/**
 * Version of the zone database.
 */
tzdb: string, 
/**
 * In order; each holds until the next. The first holds since ever.
 */
periods: Array<ZonePeriod>, };

/** Every command: what it takes, what it gives. */
export interface Commands {
  /** What this program is, and the zones it knows. */
  app_info: [Nothing, AppInfo];
  /** How a zone's clock stood. */
  zone_table: [ZoneRequest, ZoneTable];
  /** Cases that were open before, newest first. */
  case_recent: [Nothing, Array<RecentCase>];
  /** Make a case and open it. */
  case_new: [CaseNew, CaseInfo];
  /** Open a case. */
  case_open: [CaseDir, CaseInfo];
  /** Close the open case. */
  case_close: [Nothing, Nothing];
  /** The open case; none if none is. */
  case_info: [Nothing, CaseInfo | null];
  /** Change what is stated about the open case. */
  case_edit: [CaseAbout, CaseInfo];
  /** What files are, with reasons; needs no case. */
  evidence_detect: [EvidenceDetect, Array<Detected>];
  /** Read files and folders into the open case, as a job. */
  evidence_add: [EvidenceAdd, JobId];
  /** Finish imports that were cut off, as a job. */
  evidence_resume: [Nothing, JobId];
  /** Everything about one item of evidence. */
  evidence_detail: [EvidenceId, EvidenceDetail];
  /** Re-hash evidence and compare, as a job. */
  evidence_verify: [EvidenceVerify, JobId];
  /** Watch a folder: files that appear there are added. */
  watch_start: [WatchDir, Array<string>];
  /** Stop watching a folder. */
  watch_stop: [WatchDir, Array<string>];
  /** Folders that are being watched. */
  watch_list: [Nothing, Array<string>];
  /** What there is to look at, with counts. */
  views: [Nothing, Array<View>];
  /** A page of a view. */
  rows: [RowsRequest, RowsPage];
  /** Counts by value. */
  facets: [FacetsRequest, Array<Count>];
  /** Facts over time. */
  histogram: [HistogramRequest, Histogram];
  /** Write a table to the case's exports folder, as a job. */
  rows_export: [RowsExport, JobId];
  /** What could be written next in a filter, and what is wrong with it. */
  filter_complete: [FilterComplete, Completion];
  /** Write packets to a capture in the case's exports folder, as a job. */
  packets_save: [PacketsSave, JobId];
  /** What both sides of a flow said, page by page. */
  stream: [StreamRequest, StreamPage];
  /** Write what a flow's sides said to the case's exports folder, as a job. */
  stream_save: [StreamSave, JobId];
  /** The beginning of a file that passed in the evidence. */
  file_look: [FileLook, FileContent];
  /** Write files that passed in the evidence to the case's exports folder, as a job. */
  file_save: [FileSave, JobId];
  /** Open a file of the exports folder with the program that the system has for it. */
  export_open: [ExportName, Nothing];
  /** A fact with its proof. */
  fact: [FactId, FactDetail];
  /** What facts have masked, in the clear; the reason goes to the custody log. */
  secrets_reveal: [SecretsReveal, Revealed];
  /** A frame taken apart. */
  frame: [FrameId, FrameDetail];
  /** All that the case says of one device. */
  device: [DeviceId, Dossier];
  /** Which made-up addresses may be one device, with what speaks for and against it. */
  identity_hypotheses: [IdentityRequest, IdentityHypotheses];
  /** Take addresses for one device. */
  devices_join: [DevicesJoin, Array<Joined>];
  /** Take an address for a device of its own again. */
  devices_part: [DevicesPart, Array<Joined>];
  /** Addresses that are taken for one device. */
  devices_joined: [Nothing, Array<Joined>];
  /** Who talks to whom, for a drawing. */
  network_map: [Nothing, NetworkMap];
  /** Tables of countries (MaxMind's format) that are loaded. */
  geo_state: [Nothing, GeoState];
  /** Load a table of countries or networks, an .mmdb: it is checked, and a copy is kept beside the settings. */
  geo_load: [GeoLoad, GeoState];
  /** Remove a loaded table. */
  geo_remove: [GeoRemove, GeoState];
  /** In which countries addresses are, and who announces them, as loaded tables say. */
  geo_lookup: [GeoAsk, Array<GeoPlace | null>];
  /** When devices were near: lanes of a page of them. */
  presence_lanes: [PresenceLanesRequest, PresenceLanes];
  /** How many different devices were near, over time. */
  presence_unique: [PresenceUniqueRequest, PresenceUnique];
  /** How loud a device was at each observer, over time. */
  presence_signal: [PresenceSignalRequest, PresenceSignal];
  /** At which hours of the week how many were near. */
  presence_heat: [PresenceHeatRequest, PresenceHeat];
  /** How long stays are. */
  presence_dwell: [PresenceDwellRequest, PresenceDwell];
  /** Arrivals and departures, over time. */
  presence_moves: [PresenceMovesRequest, PresenceMoves];
  /** Who was probably at home when: a conclusion, with its reasons. */
  presence_home: [PresenceHomeRequest, PresenceHome];
  /** A device's signal as a time series, by granularity and time window. */
  presence_average: [PresenceAverageRequest, PresenceAverage];
  /** Write a chart of presence, or its figures, to the case's exports folder, as a job. */
  presence_save: [PresenceSave, JobId];
  /** What this machine can record, and what is in the way. */
  capture_interfaces: [Nothing, CaptureHost];
  /** Traffic on the interfaces in the last minute. */
  capture_activity: [Nothing, CaptureActivity];
  /** Check a capture filter. */
  capture_check: [CaptureCheck, CaptureChecked];
  /** Record an interface into the case, as a job; stopping it seals what was recorded. */
  capture_start: [CaptureStart, CaptureStarted];
  /** Live captures, newest first. */
  captures: [Nothing, Array<Capture>];
  /** Stop recording, and seal what was recorded. */
  capture_stop: [CaptureId, Nothing];
  /** Note a moment of a running capture. */
  capture_mark: [CaptureNote, Nothing];
  /** Draw what a recording has brought so far. */
  capture_chart: [CaptureChart, Drawn];
  /** Seal what an interrupted recording left, as a job. */
  capture_seal: [CaptureNote, JobId];
  /** Remember a key that presence reports are signed with, in memory alone; answers with the networks whose key is known. */
  receiver_key: [ReceiverKey, Array<string>];
  /** Receive presence reports into the case, as a job; stopping it seals what was received. */
  receiver_start: [ReceiverStart, ReceiverState];
  /** Stop receiving, and seal what was received. */
  receiver_stop: [Nothing, Nothing];
  /** How the receiver stands, and what came. */
  receiver_state: [ReceiverAsk, ReceiverState];
  /** Start the bench: a broker of our own, into which registered things are let, and the recording of all that passes. */
  bench_start: [BenchStart, BenchState];
  /** Send everybody away, stop the bench, and seal what was recorded. */
  bench_stop: [Nothing, BenchState];
  /** How the bench stands. */
  bench_state: [Nothing, BenchState];
  /** Allow commands that change the scene, with the reason, or forbid them again. */
  bench_allow: [BenchAllow, BenchState];
  /** Write a configuration that says the bench's rules to mosquitto. */
  bench_mosquitto: [BenchBundle, BenchFiles];
  /** Things that are registered. */
  things: [ThingsAsk, ThingsPage];
  /** One thing. */
  thing: [ThingId, ThingRow];
  /** What a thing said lately, and the numbers in it. */
  thing_said: [ThingId, ThingSeries];
  /** Register a thing: it gets a certificate, and its private key is shown once. */
  thing_register: [ThingNew, ThingKeys];
  /** Register a thing that has a certificate already. */
  thing_import: [ThingImport, ThingRow];
  /** Change what is written of a thing. */
  thing_change: [ThingChange, ThingRow];
  /** Take a thing's certificate out of use, or into use again. */
  thing_status: [ThingStatus, Nothing];
  /** Delete a thing: out of use at once, for good a little later. */
  thing_delete: [ThingId, Nothing];
  /** Bring back a thing that is not gone for good yet. */
  thing_restore: [ThingId, ThingRow];
  /** Things on their way out, and those that could not be deleted. */
  thing_deletions: [Nothing, Array<ThingDeletion>];
  /** Try again to delete a thing that could not be deleted. */
  thing_deletion_retry: [ThingId, Nothing];
  /** Write a thing's device bundle: certificate, authority, what to connect to, and its key if that is in the vault. */
  thing_bundle: [ThingBundle, BenchFiles];
  /** Kinds of things: what they understand, and to whom they may speak. */
  thing_kinds: [Nothing, Array<KindRow>];
  /** Add kinds of things. */
  kinds_add: [KindsAdd, Array<KindRow>];
  /** Send a command to a thing, or say what would be sent. */
  thing_command: [ThingCommand, ThingCommanded];
  /** The shadows of a thing. */
  shadows: [ThingId, ShadowNames];
  /** A shadow, as it is or as it was. */
  shadow_version: [ShadowAsk, ShadowDocument | null];
  /** When the versions of a shadow came to be. */
  shadow_history: [ShadowAsk, Array<ShadowVersionRow>];
  /** Change a shadow, as if it had been published. */
  shadow_set: [ShadowSet, ShadowDocument];
  /** Delete a shadow. */
  shadow_delete: [ShadowAsk, ShadowDocument];
  /** Scenes: timed scripts of commands. */
  scenes: [Nothing, Array<SceneText>];
  /** Keep a scene. */
  scene_save: [SceneText, Array<SceneText>];
  /** Forget a scene. */
  scene_delete: [SceneName, Array<SceneText>];
  /** Play a scene, recorded with a capture beside it. */
  scene_run: [SceneRun, JobId];
  /** Connect to a broker elsewhere and record all that passes, as a job; ending the connection seals it. */
  broker_connect: [BrokerConnect, BrokerState];
  /** End a connection to a broker, and seal what passed. */
  broker_disconnect: [BrokerId, BrokerState];
  /** Connections to brokers elsewhere. */
  brokers: [Nothing, Array<BrokerState>];
  /** Listen to a topic at a broker. */
  broker_subscribe: [BrokerSubscribe, BrokerAnswer];
  /** Listen to it no longer. */
  broker_unsubscribe: [BrokerSubscribe, BrokerAnswer];
  /** Publish a message at a broker; without `act` only what would be sent is shown. */
  broker_publish: [BrokerPublish, BrokerPublished];
  /** Topics at a broker: those below a level, or those that hold words. */
  broker_topics: [BrokerTopicsAsk, BrokerTopics];
  /** What was said under one topic, and its numbers over time. */
  broker_topic: [BrokerTopicAsk, BrokerTopic];
  /** Write what was said at a broker to the case's exports folder, as a job. */
  broker_export: [BrokerExport, JobId];
  /** The custody log. */
  custody: [CustodyRequest, CustodyPage];
  /** Check the custody log's chain. */
  custody_verify: [Nothing, CustodyCheck];
  /** Long work, running and lately ended. */
  jobs: [Nothing, Array<Job>];
  /** Stop a job; what it wrote disappears. */
  job_cancel: [JobId, Nothing];
}

/** What a command looks at: ask again when it changes. */
export const READS: Partial<Record<keyof Commands, readonly Topic[]>> = {
  app_info: [],
  zone_table: [],
  case_recent: ["Case"],
  case_info: ["Case", "Evidence", "Facts"],
  evidence_detect: [],
  evidence_detail: ["Evidence"],
  watch_list: ["Case"],
  views: ["Facts"],
  rows: ["Evidence", "Facts", "Devices"],
  facets: ["Facts"],
  histogram: ["Facts"],
  filter_complete: [],
  stream: ["Facts"],
  file_look: ["Facts"],
  fact: ["Facts"],
  frame: ["Facts"],
  device: ["Devices"],
  identity_hypotheses: ["Facts", "Devices"],
  devices_joined: ["Devices"],
  network_map: ["Facts", "Devices", "Geo"],
  geo_state: ["Geo"],
  geo_lookup: ["Geo"],
  presence_lanes: ["Facts", "Devices"],
  presence_unique: ["Facts"],
  presence_signal: ["Facts", "Devices"],
  presence_heat: ["Facts"],
  presence_dwell: ["Facts"],
  presence_moves: ["Facts"],
  presence_home: ["Facts", "Devices"],
  presence_average: ["Facts", "Devices"],
  capture_interfaces: [],
  capture_activity: [],
  capture_check: [],
  captures: ["Capture"],
  capture_chart: ["Capture"],
  receiver_state: ["Capture"],
  bench_state: ["Bench"],
  things: ["Bench"],
  thing: ["Bench"],
  thing_said: ["Bench"],
  thing_deletions: ["Bench"],
  thing_kinds: ["Bench"],
  shadows: ["Bench"],
  shadow_version: ["Bench"],
  shadow_history: ["Bench"],
  scenes: ["Bench"],
  brokers: ["Bench"],
  broker_topics: ["Bench"],
  broker_topic: ["Bench"],
  custody: ["Custody"],
  custody_verify: ["Custody"],
  jobs: ["Jobs"],
};

/** What a command spoils. */
export const CHANGES: Partial<Record<keyof Commands, readonly Topic[]>> = {
  case_new: ["Case", "Evidence", "Facts", "Devices", "Custody"],
  case_open: ["Case", "Evidence", "Facts", "Devices", "Custody"],
  case_close: ["Case", "Evidence", "Facts", "Devices", "Custody"],
  case_edit: ["Case", "Custody"],
  evidence_add: ["Evidence", "Facts", "Devices", "Custody"],
  evidence_resume: ["Evidence", "Facts", "Devices", "Custody"],
  evidence_verify: ["Evidence", "Custody"],
  watch_start: ["Case", "Custody"],
  watch_stop: ["Case", "Custody"],
  rows_export: ["Custody"],
  packets_save: ["Custody"],
  stream_save: ["Custody"],
  file_save: ["Custody"],
  secrets_reveal: ["Custody"],
  devices_join: ["Devices", "Custody"],
  devices_part: ["Devices", "Custody"],
  geo_load: ["Geo", "Custody"],
  geo_remove: ["Geo", "Custody"],
  presence_save: ["Custody"],
  capture_start: ["Capture", "Evidence", "Facts", "Devices", "Custody"],
  capture_stop: ["Capture", "Custody"],
  capture_mark: ["Capture", "Custody"],
  capture_seal: ["Capture", "Evidence", "Facts", "Devices", "Custody"],
  receiver_key: ["Capture", "Custody"],
  receiver_start: ["Capture", "Evidence", "Facts", "Devices", "Custody"],
  receiver_stop: ["Capture", "Custody"],
  bench_stop: ["Bench", "Capture", "Custody"],
  bench_allow: ["Bench", "Custody"],
  bench_mosquitto: ["Custody"],
  thing_register: ["Bench", "Custody"],
  thing_import: ["Bench", "Custody"],
  thing_change: ["Bench", "Custody"],
  thing_status: ["Bench", "Custody"],
  thing_delete: ["Bench", "Custody"],
  thing_restore: ["Bench", "Custody"],
  thing_deletion_retry: ["Bench", "Custody"],
  thing_bundle: ["Custody"],
  kinds_add: ["Bench", "Custody"],
  scene_save: ["Bench", "Custody"],
  scene_delete: ["Bench", "Custody"],
  broker_disconnect: ["Bench", "Custody"],
  broker_export: ["Custody"],
  job_cancel: ["Jobs"],
};

/** Commands that touch the world outside this machine. */
export const ACTS: Partial<Record<keyof Commands, readonly Topic[]>> = {
  export_open: [],
  bench_start: ["Bench", "Capture", "Custody"],
  thing_command: ["Bench", "Custody"],
  shadow_set: ["Bench", "Custody"],
  shadow_delete: ["Bench", "Custody"],
  scene_run: ["Bench", "Jobs", "Custody"],
  broker_connect: ["Bench", "Evidence", "Facts", "Custody"],
  broker_subscribe: ["Bench", "Custody"],
  broker_unsubscribe: ["Bench", "Custody"],
  broker_publish: ["Bench", "Custody"],
};
