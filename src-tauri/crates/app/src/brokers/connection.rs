//! Connections of this run of the program, each with its recording.

use std::path::PathBuf;
use std::sync::Arc;

use case::Case;
use device::record::{Event, Record, Recorder};
use device::remote::{Broker, Secret, Settings, Standing, Tls, Version};

use super::{BrokerConnect, BrokerFilter, BrokerState, BrokerTls, BrokerVersion};
use crate::bench::recording::{self, About, Place, Recording};
use crate::error::{Code, Error, Result};
use crate::state::{App, lock, now};

/// Connections that are kept, ended ones included.
const MOST: usize = 16;
const KEEP_ALIVE: u16 = 60;

/// All of them, oldest first.
#[derive(Default)]
pub(crate) struct Connections {
    list: Vec<Arc<Connection>>,
    last: u32,
}

pub(super) struct Connection {
    pub id: u32,
    pub broker: Broker,
    pub case: Arc<Case>,
    authority: String,
    recording: Arc<Recording>,
}

impl Connection {
    /// Says goodbye; what passed is sealed by the recording's job.
    pub fn end(&self) {
        self.broker.disconnect();
        let goodbye = std::time::Instant::now();
        while self.broker.state().standing != Standing::Ended && goodbye.elapsed() < std::time::Duration::from_secs(2) {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        self.recording.stop();
    }

    /// Writes into the recording, before it is done, why something is published.
    pub fn note_act(&self, topic: &str, reason: &str) {
        let fields =
            [("topic", topic.to_owned()), ("reason", reason.to_owned()), ("broker", self.broker.settings().url())];
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let thing = Some(self.broker.state().client_id).filter(|id| !id.is_empty());
        let event = Event { at: now(), between: None, act: "publish", thing, fields };
        // The packet that follows is sent when it is safe, and this with it.
        self.recording.keep(Record::Event(event));
    }

    pub fn state(&self) -> BrokerState {
        let state = self.broker.state();
        let standing = match state.standing {
            Standing::Connecting => "connecting",
            Standing::Connected => "connected",
            Standing::Waiting => "waiting",
            Standing::Ended => "ended",
        };
        let filter = |own: device::remote::Filter| BrokerFilter {
            filter: own.filter,
            qos: own.qos,
            granted: own.granted,
            refused: own.refused,
        };
        BrokerState {
            id: self.id,
            url: self.broker.settings().url(),
            standing: standing.into(),
            why: state.why,
            client_id: state.client_id,
            authority: self.authority.clone(),
            since: state.since.map(|at| at.to_string()),
            connections: state.connections,
            filters: state.filters.into_iter().map(filter).collect(),
            topics: state.sums.topics,
            messages: state.sums.messages,
            left_out: state.sums.left_out,
            published: state.published,
            recording: self.recording.state(),
        }
    }

    fn has_ended(&self) -> bool {
        self.broker.state().standing == Standing::Ended
    }
}

/// Those of the open case, oldest first.
pub(super) fn of_case(app: &App) -> Result<Vec<Arc<Connection>>> {
    let case = app.open_case()?;
    let connections = lock(&app.brokers);
    Ok(connections.list.iter().filter(|connection| Arc::ptr_eq(&connection.case, &case)).cloned().collect())
}

pub(super) fn find(app: &App, id: u32) -> Result<Arc<Connection>> {
    let found = of_case(app)?.into_iter().find(|connection| connection.id == id);
    found.ok_or_else(|| Error::missing(format!("there is no connection {id} to a broker")))
}

pub(super) fn connect(app: &App, case: &Arc<Case>, request: BrokerConnect) -> Result<BrokerState> {
    let authority = request.authority.trim().to_owned();
    let settings = settings(request)?;
    {
        let mut connections = lock(&app.brokers);
        if connections.list.len() >= MOST {
            let ended = connections.list.iter().position(|connection| connection.has_ended());
            let busy = || Error::new(Code::Busy, format!("{MOST} connections to brokers are as many as there may be"));
            connections.list.remove(ended.ok_or_else(busy)?);
        }
    }
    let url = settings.url();
    let about = About { place: Place::Elsewhere, what: format!("MQTT broker {url}"), authority: authority.clone() };
    let recording = recording::begin(app, case.clone(), about)?;
    let connected = Broker::connect(settings, recording.clone());
    let broker = connected.map_err(|why| {
        recording.stop();
        Error::new(Code::Failed, format!("connecting to {url}: {why}"))
    })?;
    let mut connections = lock(&app.brokers);
    connections.last += 1;
    let connection = Arc::new(Connection { id: connections.last, broker, case: case.clone(), authority, recording });
    connections.list.push(connection.clone());
    drop(connections);
    Ok(connection.state())
}

fn settings(request: BrokerConnect) -> Result<Settings> {
    let bad = |why: &str| Error::invalid(format!("connecting to a broker: {why}"));
    let some = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let tls = match (request.tls, some(request.ca)) {
        (BrokerTls::Off, _) => Tls::Off,
        (BrokerTls::System, _) => Tls::System,
        (BrokerTls::Own, Some(path)) => Tls::Own(path.into()),
        (BrokerTls::Own, None) => return Err(bad("an authority of one's own needs the file with its certificate")),
        (BrokerTls::Insecure, _) => Tls::Insecure,
    };
    let certificate = match (some(request.certificate), some(request.key)) {
        (Some(certificate), Some(key)) => Some((PathBuf::from(certificate), PathBuf::from(key))),
        (None, None) => None,
        _ => return Err(bad("a client certificate needs its private key, and the key its certificate")),
    };
    let websocket = some(request.websocket);
    let port = match (request.port, &websocket, &tls) {
        (0, None, Tls::Off) => 1883,
        (0, None, _) => 8883,
        (0, Some(_), Tls::Off) => 80,
        (0, Some(_), _) => 443,
        (port, ..) => port,
    };
    let id = request.client_id.trim();
    let own = id.is_empty() && !request.resume;
    Ok(Settings {
        host: request.host.trim().to_owned(),
        port,
        tls,
        certificate,
        user: some(request.user),
        password: request.password.filter(|text| !text.is_empty()).map(|text| Secret(text.into_bytes())),
        version: if request.version == BrokerVersion::V5 { Version::V5 } else { Version::V311 },
        websocket,
        alpn: some(request.alpn),
        keep_alive: request.keep_alive.unwrap_or(KEEP_ALIVE),
        clean: !request.resume,
        client_id: if own { own_id() } else { id.to_owned() },
        alone: own,
    })
}

/// A client id that no device has, so that none is thrown out by our coming.
fn own_id() -> String {
    use std::hash::{BuildHasher, Hasher};
    format!("lintel-{:016x}", std::hash::RandomState::new().build_hasher().finish())
}
