//! Brokers elsewhere: we come to them as a client, hear what is said there, and say something only if we are asked to.
//!
//! rumqttc speaks MQTT for us (`client.rs`), but not with the broker: with our relay (`session/relay.rs`), which alone is outside (`dial.rs`). So what
//! is recorded is what passed, byte for byte. All of it goes to a [`Recorder`] first: nothing is acknowledged, and nothing of ours is sent, before it
//! is safe. What a broker says is checked before the library is handed it, and told from here, with the reasons that brokers give.
//!
//! Limits: with MQTT 5, pings come no faster than every five seconds; topic aliases, which we do not allow, end the connection; so does AUTH.

mod client;
mod dial;
mod filter;
mod session;
mod settings;
mod tls;
mod topics;
mod wire;
mod words;

use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::Time;
use tokio::sync::mpsc;

pub use settings::{Secret, Settings, Tls, Version};
pub use topics::{Level, Sums, Topic, Topics, Value};

use self::session::{Answer, Over, Session};
use crate::record::{Event, Record, Recorder};

/// How long the first connection may take, all in all.
const FIRST: Duration = Duration::from_secs(45);
/// How long a broker may take to answer.
const ANSWER: Duration = Duration::from_secs(20);
/// Between attempts: at first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// A connection that is lost sooner was brief; after so many in a row we stay away: MQTT 3.1.1 does not say that another client took over.
const BRIEF: Duration = Duration::from_secs(30);
const MOST_BRIEF: u32 = 3;
/// Subscriptions of one connection.
const MOST_FILTERS: usize = 1_000;

/// How a connection stands.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub standing: Standing,
    /// Why it is not connected, or was not before, and what can be done.
    pub why: Option<String>,
    pub client_id: String,
    pub since: Option<Time>,
    /// Connections that were made.
    pub connections: u64,
    pub filters: Vec<Filter>,
    pub sums: Sums,
    /// Messages that we published.
    pub published: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    #[default]
    Connecting,
    Connected,
    /// Lost; it is tried again.
    Waiting,
    Ended,
}

/// What we listen to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub filter: String,
    pub qos: u8,
    /// What the broker gave; `None`: it has not answered.
    pub granted: Option<u8>,
    /// Why it did not.
    pub refused: Option<String>,
}

/// A connection to a broker; it ends when this is dropped.
pub struct Broker {
    settings: Settings,
    asks: mpsc::Sender<Ask>,
    shared: Arc<Shared>,
}

/// What a connection is asked for.
enum Ask {
    End,
    Subscribe { filter: String, qos: u8, to: SyncSender<Answer> },
    Unsubscribe { filter: String, to: SyncSender<Answer> },
    Publish { topic: String, payload: Vec<u8>, qos: u8, retain: bool, to: SyncSender<Answer> },
}

/// What the connection's thread and those who ask share.
struct Shared {
    recorder: Arc<dyn Recorder>,
    state: Mutex<State>,
    filters: Mutex<BTreeMap<String, Filter>>,
    topics: Mutex<Topics>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

impl Broker {
    /// Comes to a broker; an error is a sentence that says why that was not possible, and what can be done.
    pub fn connect(settings: Settings, recorder: Arc<dyn Recorder>) -> Result<Broker, String> {
        settings.check()?;
        let tls = tls::config(&settings)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|why| format!("starting a connection: {why}"))?;
        let shared = Arc::new(Shared {
            recorder,
            state: Mutex::new(State { client_id: settings.client_id.clone(), ..State::default() }),
            filters: Mutex::default(),
            topics: Mutex::default(),
        });
        let (asks, mut asked) = mpsc::channel(1_024);
        let (first, outcome) = sync_channel(1);
        let (its, come) = (shared.clone(), settings.clone());
        let thread = std::thread::Builder::new().name("broker connection".into());
        let thread = thread.spawn(move || runtime.block_on(run(&come, tls, &its, &mut asked, first)));
        thread.map_err(|why| format!("starting a connection: {why}"))?;
        let broker = Broker { settings, asks, shared };
        match outcome.recv_timeout(FIRST) {
            Ok(Ok(())) => Ok(broker),
            Ok(Err(why)) => Err(why),
            Err(_) => Err("the broker takes too long to let us in".into()),
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn state(&self) -> State {
        let sums = lock(&self.shared.topics).sums();
        let filters = lock(&self.shared.filters).values().cloned().collect();
        State { filters, sums, ..lock(&self.shared.state).clone() }
    }

    /// What was said so far. Whoever looks keeps the connection waiting: look briefly.
    pub fn topics<T>(&self, look: impl FnOnce(&Topics) -> T) -> T {
        look(&lock(&self.shared.topics))
    }

    /// Listens to a topic, or, if wildcards are wanted, to many.
    pub fn subscribe(&self, filter: &str, qos: u8, wildcards: bool) -> Answer {
        filter::check(filter, wildcards)?;
        if qos > 2 {
            return Err("QoS is 0, 1 or 2".into());
        }
        if lock(&self.shared.filters).len() >= MOST_FILTERS {
            return Err(format!("{MOST_FILTERS} subscriptions are as many as are kept"));
        }
        self.ask(|to| Ask::Subscribe { filter: filter.to_owned(), qos, to })
    }

    pub fn unsubscribe(&self, filter: &str) -> Answer {
        filter::check(filter, true)?;
        self.ask(|to| Ask::Unsubscribe { filter: filter.to_owned(), to })
    }

    /// Says something: this changes the world outside.
    pub fn publish(&self, topic: &str, payload: &[u8], qos: u8, retain: bool) -> Answer {
        check_message(topic, payload, qos)?;
        let answer =
            self.ask(|to| Ask::Publish { topic: topic.to_owned(), payload: payload.to_vec(), qos, retain, to });
        if answer.is_ok() {
            lock(&self.shared.state).published += 1;
        }
        answer
    }

    /// Says goodbye.
    pub fn disconnect(&self) {
        let _ = self.asks.try_send(Ask::End); // it may have ended; else it ends when this is dropped
    }

    fn ask(&self, ask: impl FnOnce(SyncSender<Answer>) -> Ask) -> Answer {
        let state = lock(&self.shared.state).clone();
        if state.standing != Standing::Connected {
            let why = state.why.map_or(String::new(), |why| format!(": {why}"));
            return Err(format!("there is no connection to the broker just now{why}"));
        }
        let (to, answer) = sync_channel(1);
        self.asks.try_send(ask(to)).map_err(|_| "the connection is busy, or has ended".to_owned())?;
        answer.recv_timeout(ANSWER).unwrap_or_else(|why| match why {
            RecvTimeoutError::Timeout => {
                Err("the broker has not answered; whether it did what was asked is not known".into())
            }
            RecvTimeoutError::Disconnected => Err("the connection was lost".into()),
        })
    }
}

/// What can't be published, in a sentence.
pub fn check_message(topic: &str, payload: &[u8], qos: u8) -> Result<(), String> {
    if topic.is_empty() || topic.len() > 65_535 || topic.contains(['+', '#', '\0']) {
        return Err("a topic has 1 to 65535 bytes, and neither + nor #".into());
    }
    if payload.len() > wire::LONGEST - 128 * 1024 {
        return Err(format!("a message of {} bytes is too long", payload.len()));
    }
    if qos > 2 { Err("QoS is 0, 1 or 2".into()) } else { Ok(()) }
}

/// Connects, and connects again.
async fn run(
    settings: &Settings,
    tls: Option<Arc<tokio_rustls::rustls::ClientConfig>>,
    shared: &Arc<Shared>,
    asks: &mut mpsc::Receiver<Ask>,
    first: SyncSender<Result<(), String>>,
) {
    let (mut waits, mut first, mut brief) = (BACK_OFF.0, Some(first), 0);
    loop {
        let began = tokio::time::Instant::now();
        let (over, was_in) = once(settings, tls.clone(), shared, asks, &mut first).await;
        let lasted = began.elapsed() >= BRIEF;
        (brief, waits) = match was_in {
            true if lasted => (0, BACK_OFF.0),
            true => (brief + 1, waits),
            false => (brief, waits),
        };
        let (why, again) = match over {
            Over::Asked => (None, false),
            Over::Lost { why, again: true } if brief >= MOST_BRIEF => {
                let more =
                    "; it was so again and again, and is not tried any more: another client may have this client id";
                (Some(format!("{why}{more}")), false)
            }
            Over::Lost { why, again } => (Some(why), again),
        };
        if let Some(first) = first.take() {
            // Whoever asks for the first connection wants to know, not to wait.
            let _ = first.send(Err(why.clone().unwrap_or_default()));
            return shared.stands(Standing::Ended, why);
        }
        if !again {
            return shared.stands(Standing::Ended, why);
        }
        shared.stands(Standing::Waiting, why);
        let until = tokio::time::Instant::now() + jitter(waits);
        waits = (waits * 2).min(BACK_OFF.1);
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => break,
                ask = asks.recv() => match ask {
                    None | Some(Ask::End) => return shared.stands(Standing::Ended, None),
                    Some(Ask::Subscribe { to, .. } | Ask::Unsubscribe { to, .. } | Ask::Publish { to, .. }) => {
                        let _ = to.send(Err("there is no connection to the broker just now".into()));
                    }
                },
            }
        }
        shared.stands(Standing::Connecting, None);
    }
}

/// One connection; says why it ended, and whether the broker had let us in.
async fn once(
    settings: &Settings,
    tls: Option<Arc<tokio_rustls::rustls::ClientConfig>>,
    shared: &Arc<Shared>,
    asks: &mut mpsc::Receiver<Ask>,
    first: &mut Option<SyncSender<Result<(), String>>>,
) -> (Over, bool) {
    let link = match dial::dial(settings, tls).await {
        Ok(link) => link,
        Err(why) => {
            shared.not_reached(settings, &why);
            return (Over::Lost { why, again: true }, false);
        }
    };
    let (over, was_in) = Session::new(settings, shared, link.ends, first.clone()).run(link, asks).await;
    if was_in {
        *first = None; // they know it
    }
    (over, was_in)
}

/// Half to one and a half of it, so that many do not come at once.
fn jitter(waits: Duration) -> Duration {
    use std::hash::{BuildHasher, Hasher};
    let dice = std::hash::RandomState::new().build_hasher().finish() % 1_000;
    waits.mul_f64(0.5 + dice as f64 / 1_000.0)
}

impl Shared {
    fn stands(&self, standing: Standing, why: Option<String>) {
        let mut state = lock(&self.state);
        if standing == Standing::Connected {
            state.connections += 1;
        }
        if why.is_some() || standing == Standing::Connected {
            state.why = why;
        }
        (state.standing, state.since) = (standing, Some(now()));
    }

    fn let_in(&self, client_id: &str) {
        client_id.clone_into(&mut lock(&self.state).client_id);
    }

    /// There was no connection at all.
    fn not_reached(&self, settings: &Settings, why: &str) {
        let fields = [("broker", settings.url()), ("reason", why.to_owned())];
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let thing = Some(settings.client_id.clone()).filter(|id| !id.is_empty());
        self.recorder.keep(Record::Event(Event { at: now(), between: None, act: "unreached", thing, fields }));
    }

    fn came(&self, topic: &str, payload: &[u8], qos: u8, retained: bool) {
        lock(&self.topics).add(topic, payload, qos, retained, now());
    }

    /// What is to be listened to again.
    fn wanted(&self) -> Vec<(String, u8)> {
        let filters = lock(&self.filters);
        let wanted = filters.values().filter(|filter| filter.refused.is_none());
        wanted.map(|filter| (filter.filter.clone(), filter.qos)).collect()
    }

    fn subscribed(&self, filter: &str, qos: u8, granted: Option<u8>) {
        let own = Filter { filter: filter.to_owned(), qos, granted, refused: None };
        lock(&self.filters).insert(filter.to_owned(), own);
    }

    fn refused(&self, filter: &str, why: &str) {
        if let Some(own) = lock(&self.filters).get_mut(filter) {
            own.refused = Some(why.to_owned());
        }
    }

    fn unsubscribed(&self, filter: &str) {
        lock(&self.filters).remove(filter);
    }
}
