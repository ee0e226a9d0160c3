//! Everything that the workstation can do, in one list.
//!
//! From it come the router, the HTTP routes, `lintel call`, the help, the page's types, which views ask again after a change, and
//! what is written to the custody log. To add a command: a function in its noun's file, a line here.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use ts_rs::{TS, TypeVisitor};

use crate::bench::*;
use crate::brokers::*;
use crate::capture::*;
use crate::cases::*;
use crate::custody::*;
use crate::devices::*;
use crate::error::{Error, Result};
use crate::evidence_items::*;
use crate::export_files::*;
use crate::files::*;
use crate::filter::*;
use crate::geo::*;
use crate::identity::*;
use crate::jobs::*;
use crate::network_map::*;
use crate::packets::*;
use crate::presence::*;
use crate::proof::*;
use crate::receiver::*;
use crate::rows::*;
use crate::secrets::*;
use crate::state::App;
use crate::stream::*;
use crate::verify::*;
use crate::watch::*;
use crate::zone::*;

/// What a command may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// Only looks.
    Reads,
    /// Changes the case; is written to its custody log.
    Changes,
    /// Touches the world outside this machine: refused from afar unless switched on, and always written to the custody log.
    Acts,
}

/// One thing that the workstation can do.
pub struct Command {
    pub name: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    pub effect: Effect,
    /// What it looks at, or spoils.
    pub topics: &'static [Topic],
    pub(crate) run: fn(&App, Value) -> Result<Value>,
    declare: fn(&mut Declared),
    types: fn() -> (String, String),
}

/// Nothing to ask, or nothing to say: `null`.
#[derive(Clone, Copy, Debug, Default, Serialize, TS)]
pub struct Nothing;

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Nothing, D::Error> {
        serde::de::IgnoredAny::deserialize(from).map(|_| Nothing)
    }
}

macro_rules! commands {
    ($($(#[doc = $about:literal])* $name:ident($request:ty) -> $response:ty, $effect:ident [$($topic:ident),*];)*) => {
        /// The list.
        pub static COMMANDS: &[Command] = &[$(Command {
            name: stringify!($name),
            about: concat!($($about),*),
            effect: Effect::$effect,
            topics: &[$(Topic::$topic),*],
            run: |app, request| {
                let request: $request = serde_json::from_value(request)
                    .map_err(|why| Error::invalid(format!("request to {}: {why}", stringify!($name))))?;
                let response: $response = $name(app, request)?;
                serde_json::to_value(response).map_err(|why| Error::invalid(why.to_string()))
            },
            declare: |declared| {
                declared.add::<$request>();
                declared.add::<$response>();
            },
            types: || (type_name::<$request>(), type_name::<$response>()),
        }),*];
    };
}

commands! {
    /// What this program is, and the zones it knows.
    app_info(Nothing) -> AppInfo, Reads [];
    /// How a zone's clock stood.
    zone_table(ZoneRequest) -> ZoneTable, Reads [];
    /// Cases that were open before, newest first.
    case_recent(Nothing) -> Vec<RecentCase>, Reads [Case];
    /// Make a case and open it.
    case_new(CaseNew) -> CaseInfo, Changes [Case, Evidence, Facts, Devices, Custody];
    /// Open a case.
    case_open(CaseDir) -> CaseInfo, Changes [Case, Evidence, Facts, Devices, Custody];
    /// Close the open case.
    case_close(Nothing) -> Nothing, Changes [Case, Evidence, Facts, Devices, Custody];
    /// The open case; none if none is.
    case_info(Nothing) -> Option<CaseInfo>, Reads [Case, Evidence, Facts];
    /// Change what is stated about the open case.
    case_edit(CaseAbout) -> CaseInfo, Changes [Case, Custody];
    /// What files are, with reasons; needs no case.
    evidence_detect(EvidenceDetect) -> Vec<Detected>, Reads [];
    /// Read files and folders into the open case, as a job.
    evidence_add(EvidenceAdd) -> JobId, Changes [Evidence, Facts, Devices, Custody];
    /// Finish imports that were cut off, as a job.
    evidence_resume(Nothing) -> JobId, Changes [Evidence, Facts, Devices, Custody];
    /// Everything about one item of evidence.
    evidence_detail(EvidenceId) -> EvidenceDetail, Reads [Evidence];
    /// Re-hash evidence and compare, as a job.
    evidence_verify(EvidenceVerify) -> JobId, Changes [Evidence, Custody];
    /// Watch a folder: files that appear there are added.
    watch_start(WatchDir) -> Vec<String>, Changes [Case, Custody];
    /// Stop watching a folder.
    watch_stop(WatchDir) -> Vec<String>, Changes [Case, Custody];
    /// Folders that are being watched.
    watch_list(Nothing) -> Vec<String>, Reads [Case];
    /// What there is to look at, with counts.
    views(Nothing) -> Vec<View>, Reads [Facts];
    /// A page of a view.
    rows(RowsRequest) -> RowsPage, Reads [Evidence, Facts, Devices];
    /// Counts by value.
    facets(FacetsRequest) -> Vec<Count>, Reads [Facts];
    /// Facts over time.
    histogram(HistogramRequest) -> Histogram, Reads [Facts];
    /// Write a table to the case's exports folder, as a job.
    rows_export(RowsExport) -> JobId, Changes [Custody];
    /// What could be written next in a filter, and what is wrong with it.
    filter_complete(FilterComplete) -> Completion, Reads [];
    /// Write packets to a capture in the case's exports folder, as a job.
    packets_save(PacketsSave) -> JobId, Changes [Custody];
    /// What both sides of a flow said, page by page.
    stream(StreamRequest) -> StreamPage, Reads [Facts];
    /// Write what a flow's sides said to the case's exports folder, as a job.
    stream_save(StreamSave) -> JobId, Changes [Custody];
    /// The beginning of a file that passed in the evidence.
    file_look(FileLook) -> FileContent, Reads [Facts];
    /// Write files that passed in the evidence to the case's exports folder, as a job.
    file_save(FileSave) -> JobId, Changes [Custody];
    /// Open a file of the exports folder with the program that the system has for it.
    export_open(ExportName) -> Nothing, Acts [];
    /// A fact with its proof.
    fact(FactId) -> FactDetail, Reads [Facts];
    /// What facts have masked, in the clear; the reason goes to the custody log.
    secrets_reveal(SecretsReveal) -> Revealed, Changes [Custody];
    /// A frame taken apart.
    frame(FrameId) -> FrameDetail, Reads [Facts];
    /// All that the case says of one device.
    device(DeviceId) -> Dossier, Reads [Devices];
    /// Which made-up addresses may be one device, with what speaks for and against it.
    identity_hypotheses(IdentityRequest) -> IdentityHypotheses, Reads [Facts, Devices];
    /// Take addresses for one device.
    devices_join(DevicesJoin) -> Vec<Joined>, Changes [Devices, Custody];
    /// Take an address for a device of its own again.
    devices_part(DevicesPart) -> Vec<Joined>, Changes [Devices, Custody];
    /// Addresses that are taken for one device.
    devices_joined(Nothing) -> Vec<Joined>, Reads [Devices];
    /// Who talks to whom, for a drawing.
    network_map(Nothing) -> NetworkMap, Reads [Facts, Devices, Geo];
    /// Tables of countries (MaxMind's format) that are loaded.
    geo_state(Nothing) -> GeoState, Reads [Geo];
    /// Load a table of countries or networks, an .mmdb: it is checked, and a copy is kept beside the settings.
    geo_load(GeoLoad) -> GeoState, Changes [Geo, Custody];
    /// Remove a loaded table.
    geo_remove(GeoRemove) -> GeoState, Changes [Geo, Custody];
    /// In which countries addresses are, and who announces them, as loaded tables say.
    geo_lookup(GeoAsk) -> Vec<Option<GeoPlace>>, Reads [Geo];
    /// When devices were near: lanes of a page of them.
    presence_lanes(PresenceLanesRequest) -> PresenceLanes, Reads [Facts, Devices];
    /// How many different devices were near, over time.
    presence_unique(PresenceUniqueRequest) -> PresenceUnique, Reads [Facts];
    /// How loud a device was at each observer, over time.
    presence_signal(PresenceSignalRequest) -> PresenceSignal, Reads [Facts, Devices];
    /// At which hours of the week how many were near.
    presence_heat(PresenceHeatRequest) -> PresenceHeat, Reads [Facts];
    /// How long stays are.
    presence_dwell(PresenceDwellRequest) -> PresenceDwell, Reads [Facts];
    /// Arrivals and departures, over time.
    presence_moves(PresenceMovesRequest) -> PresenceMoves, Reads [Facts];
    /// Who was probably at home when: a conclusion, with its reasons.
    presence_home(PresenceHomeRequest) -> PresenceHome, Reads [Facts, Devices];
    /// A device's signal as a time series, by granularity and time window.
    presence_average(PresenceAverageRequest) -> PresenceAverage, Reads [Facts, Devices];
    /// Write a chart of presence, or its figures, to the case's exports folder, as a job.
    presence_save(PresenceSave) -> JobId, Changes [Custody];
    /// What this machine can record, and what is in the way.
    capture_interfaces(Nothing) -> CaptureHost, Reads [];
    /// Traffic on the interfaces in the last minute.
    capture_activity(Nothing) -> CaptureActivity, Reads [];
    /// Check a capture filter.
    capture_check(CaptureCheck) -> CaptureChecked, Reads [];
    /// Record an interface into the case, as a job; stopping it seals what was recorded.
    capture_start(CaptureStart) -> CaptureStarted, Changes [Capture, Evidence, Facts, Devices, Custody];
    /// Live captures, newest first.
    captures(Nothing) -> Vec<Capture>, Reads [Capture];
    /// Stop recording, and seal what was recorded.
    capture_stop(CaptureId) -> Nothing, Changes [Capture, Custody];
    /// Note a moment of a running capture.
    capture_mark(CaptureNote) -> Nothing, Changes [Capture, Custody];
    /// Draw what a recording has brought so far.
    capture_chart(CaptureChart) -> Drawn, Reads [Capture];
    /// Seal what an interrupted recording left, as a job.
    capture_seal(CaptureNote) -> JobId, Changes [Capture, Evidence, Facts, Devices, Custody];
    /// Remember a key that presence reports are signed with, in memory alone; answers with the networks whose key is known.
    receiver_key(ReceiverKey) -> Vec<String>, Changes [Capture, Custody];
    /// Receive presence reports into the case, as a job; stopping it seals what was received.
    receiver_start(ReceiverStart) -> ReceiverState, Changes [Capture, Evidence, Facts, Devices, Custody];
    /// Stop receiving, and seal what was received.
    receiver_stop(Nothing) -> Nothing, Changes [Capture, Custody];
    /// How the receiver stands, and what came.
    receiver_state(ReceiverAsk) -> ReceiverState, Reads [Capture];
    /// Start the bench: a broker of our own, into which registered things are let, and the recording of all that passes.
    bench_start(BenchStart) -> BenchState, Acts [Bench, Capture, Custody];
    /// Send everybody away, stop the bench, and seal what was recorded.
    bench_stop(Nothing) -> BenchState, Changes [Bench, Capture, Custody];
    /// How the bench stands.
    bench_state(Nothing) -> BenchState, Reads [Bench];
    /// Allow commands that change the scene, with the reason, or forbid them again.
    bench_allow(BenchAllow) -> BenchState, Changes [Bench, Custody];
    /// Write a configuration that says the bench's rules to mosquitto.
    bench_mosquitto(BenchBundle) -> BenchFiles, Changes [Custody];
    /// Things that are registered.
    things(ThingsAsk) -> ThingsPage, Reads [Bench];
    /// One thing.
    thing(ThingId) -> ThingRow, Reads [Bench];
    /// What a thing said lately, and the numbers in it.
    thing_said(ThingId) -> ThingSeries, Reads [Bench];
    /// Register a thing: it gets a certificate, and its private key is shown once.
    thing_register(ThingNew) -> ThingKeys, Changes [Bench, Custody];
    /// Register a thing that has a certificate already.
    thing_import(ThingImport) -> ThingRow, Changes [Bench, Custody];
    /// Change what is written of a thing.
    thing_change(ThingChange) -> ThingRow, Changes [Bench, Custody];
    /// Take a thing's certificate out of use, or into use again.
    thing_status(ThingStatus) -> Nothing, Changes [Bench, Custody];
    /// Delete a thing: out of use at once, for good a little later.
    thing_delete(ThingId) -> Nothing, Changes [Bench, Custody];
    /// Bring back a thing that is not gone for good yet.
    thing_restore(ThingId) -> ThingRow, Changes [Bench, Custody];
    /// Things on their way out, and those that could not be deleted.
    thing_deletions(Nothing) -> Vec<ThingDeletion>, Reads [Bench];
    /// Try again to delete a thing that could not be deleted.
    thing_deletion_retry(ThingId) -> Nothing, Changes [Bench, Custody];
    /// Write a thing's device bundle: certificate, authority, what to connect to, and its key if that is in the vault.
    thing_bundle(ThingBundle) -> BenchFiles, Changes [Custody];
    /// Kinds of things: what they understand, and to whom they may speak.
    thing_kinds(Nothing) -> Vec<KindRow>, Reads [Bench];
    /// Add kinds of things.
    kinds_add(KindsAdd) -> Vec<KindRow>, Changes [Bench, Custody];
    /// Send a command to a thing, or say what would be sent.
    thing_command(ThingCommand) -> ThingCommanded, Acts [Bench, Custody];
    /// The shadows of a thing.
    shadows(ThingId) -> ShadowNames, Reads [Bench];
    /// A shadow, as it is or as it was.
    shadow_version(ShadowAsk) -> Option<ShadowDocument>, Reads [Bench];
    /// When the versions of a shadow came to be.
    shadow_history(ShadowAsk) -> Vec<ShadowVersionRow>, Reads [Bench];
    /// Change a shadow, as if it had been published.
    shadow_set(ShadowSet) -> ShadowDocument, Acts [Bench, Custody];
    /// Delete a shadow.
    shadow_delete(ShadowAsk) -> ShadowDocument, Acts [Bench, Custody];
    /// Scenes: timed scripts of commands.
    scenes(Nothing) -> Vec<SceneText>, Reads [Bench];
    /// Keep a scene.
    scene_save(SceneText) -> Vec<SceneText>, Changes [Bench, Custody];
    /// Forget a scene.
    scene_delete(SceneName) -> Vec<SceneText>, Changes [Bench, Custody];
    /// Play a scene, recorded with a capture beside it.
    scene_run(SceneRun) -> JobId, Acts [Bench, Jobs, Custody];
    /// Connect to a broker elsewhere and record all that passes, as a job; ending the connection seals it.
    broker_connect(BrokerConnect) -> BrokerState, Acts [Bench, Evidence, Facts, Custody];
    /// End a connection to a broker, and seal what passed.
    broker_disconnect(BrokerId) -> BrokerState, Changes [Bench, Custody];
    /// Connections to brokers elsewhere.
    brokers(Nothing) -> Vec<BrokerState>, Reads [Bench];
    /// Listen to a topic at a broker.
    broker_subscribe(BrokerSubscribe) -> BrokerAnswer, Acts [Bench, Custody];
    /// Listen to it no longer.
    broker_unsubscribe(BrokerSubscribe) -> BrokerAnswer, Acts [Bench, Custody];
    /// Publish a message at a broker; without `act` only what would be sent is shown.
    broker_publish(BrokerPublish) -> BrokerPublished, Acts [Bench, Custody];
    /// Topics at a broker: those below a level, or those that hold words.
    broker_topics(BrokerTopicsAsk) -> BrokerTopics, Reads [Bench];
    /// What was said under one topic, and its numbers over time.
    broker_topic(BrokerTopicAsk) -> BrokerTopic, Reads [Bench];
    /// Write what was said at a broker to the case's exports folder, as a job.
    broker_export(BrokerExport) -> JobId, Changes [Custody];
    /// The custody log.
    custody(CustodyRequest) -> CustodyPage, Reads [Custody];
    /// Check the custody log's chain.
    custody_verify(Nothing) -> CustodyCheck, Reads [Custody];
    /// Long work, running and lately ended.
    jobs(Nothing) -> Vec<Job>, Reads [Jobs];
    /// Stop a job; what it wrote disappears.
    job_cancel(JobId) -> Nothing, Changes [Jobs];
}

/// How a [`Row`] is declared where it stands.
const ROW: &str = "{ [key in string]: JsonValue }";

/// A command by its name.
pub fn command(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// The page's view of all this: types, the map of commands, what reads what. Committed as `ui/src/bridge/generated.ts`.
pub fn typescript() -> String {
    let mut declared = Declared::default();
    declared.add::<Event>();
    declared.add::<Error>();
    declared.add::<BytesRequest>();
    for command in COMMANDS {
        (command.declare)(&mut declared);
    }
    let mut out = String::from(
        "// Made from the list of commands (src-tauri/crates/app/src/commands.rs); `cargo test` checks it.\n\n",
    );
    out.push_str("/** One row: names to values. `_id` names it in other requests. */\n");
    let _ = writeln!(out, "export type Row = {ROW};\n");
    for declaration in declared.types.values() {
        let _ = writeln!(out, "export {}\n", declaration.replace(ROW, "Row"));
    }
    out.push_str("/** Every command: what it takes, what it gives. */\nexport interface Commands {\n");
    for command in COMMANDS {
        let (request, response) = (command.types)();
        let _ = writeln!(out, "  /** {} */\n  {}: [{request}, {response}];", command.about.trim(), command.name);
    }
    out.push_str("}\n");
    for (name, about, effect) in [
        ("READS", "What a command looks at: ask again when it changes.", Effect::Reads),
        ("CHANGES", "What a command spoils.", Effect::Changes),
        ("ACTS", "Commands that touch the world outside this machine.", Effect::Acts),
    ] {
        let _ = writeln!(
            out,
            "\n/** {about} */\nexport const {name}: Partial<Record<keyof Commands, readonly Topic[]>> = {{"
        );
        for command in COMMANDS.iter().filter(|command| command.effect == effect) {
            let topics: Vec<String> = command.topics.iter().map(|topic| format!("\"{topic:?}\"")).collect();
            let _ = writeln!(out, "  {}: [{}],", command.name, topics.join(", "));
        }
        out.push_str("};\n");
    }
    out
}

/// TypeScript declarations by name, with those that they mention.
#[derive(Default)]
struct Declared {
    types: BTreeMap<String, String>,
    seen: Vec<TypeId>,
}

impl Declared {
    fn add<T: TS + 'static + ?Sized>(&mut self) {
        self.visit::<T>();
    }
}

impl TypeVisitor for Declared {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if self.seen.contains(&TypeId::of::<T>()) {
            return;
        }
        self.seen.push(TypeId::of::<T>());
        let config = ts_rs::Config::default();
        if T::output_path().is_some() {
            self.types.insert(T::ident(&config), T::decl(&config));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

fn type_name<T: TS>() -> String {
    T::name(&ts_rs::Config::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_explained() {
        let mut names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COMMANDS.len());
        assert!(COMMANDS.iter().all(|command| command.about.trim().ends_with('.')));
    }

    #[test]
    fn the_page_knows_the_list() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../ui/src/bridge/generated.ts");
        let (want, have) = (typescript(), std::fs::read_to_string(path).unwrap_or_default());
        if have.replace("\r\n", "\n") != want {
            if std::env::var_os("CI").is_none() {
                std::fs::write(path, want).unwrap();
            }
            panic!("ui/src/bridge/generated.ts was not up to date; outside CI it is now");
        }
    }
}
