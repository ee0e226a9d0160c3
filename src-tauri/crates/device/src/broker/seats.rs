//! Who is connected. Each thing has one seat; whoever comes to a taken one sends away who sits there.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::leaving::Leaving;
use crate::home::Connectivity;

/// How long the former one has to go.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Default)]
pub struct Seats {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    next: u64,
    taken: HashMap<String, Taken>,
    /// As it was told last, and by which seat.
    known: HashMap<String, (u64, Connectivity)>,
}

struct Taken {
    number: u64,
    certificate: [u8; 32],
    kick: watch::Sender<Option<Leaving>>,
    gone: watch::Receiver<()>,
}

/// Held as long as the connection lasts.
pub struct Seat {
    pub number: u64,
    /// Becomes something when it has to go.
    pub kicked: watch::Receiver<Option<Leaving>>,
    _gone: watch::Sender<()>,
}

impl Seats {
    /// Takes a thing's seat, once the one before has left it.
    pub async fn take(&self, thing: &str, certificate: [u8; 32]) -> Seat {
        let (kick, kicked) = watch::channel(None);
        let (gone, going) = watch::channel(());
        let (number, before) = {
            let mut inside = self.lock();
            inside.next += 1;
            let number = inside.next;
            let taken = Taken { number, certificate, kick, gone: going };
            (number, inside.taken.insert(thing.to_owned(), taken))
        };
        if let Some(mut before) = before {
            before.kick.send_replace(Some(Leaving::Duplicate));
            // Its end is the error that is waited for.
            let _ = timeout(PATIENCE, before.gone.changed()).await;
        }
        Seat { number, kicked, _gone: gone }
    }

    /// Gives a seat back, unless another has taken it.
    pub fn leave(&self, thing: &str, number: u64) {
        let mut inside = self.lock();
        if inside.taken.get(thing).is_some_and(|taken| taken.number == number) {
            inside.taken.remove(thing);
        }
    }

    /// Says how it is with a thing. False: a later seat has said something already.
    pub fn say(&self, thing: &str, seat: &Seat, now: &Connectivity) -> bool {
        let mut inside = self.lock();
        if inside.known.get(thing).is_some_and(|(number, _)| *number > seat.number) {
            return false;
        }
        inside.known.insert(thing.to_owned(), (seat.number, now.clone()));
        true
    }

    pub fn connectivity(&self, thing: &str) -> Option<Connectivity> {
        self.lock().known.get(thing).map(|(_, known)| known.clone())
    }

    /// Sends away all that this is not true of.
    pub fn keep_only(&self, good: impl Fn(&str, &[u8; 32]) -> bool) {
        let taken: Vec<_> = {
            let inside = self.lock();
            inside.taken.iter().map(|(thing, taken)| (thing.clone(), taken.certificate, taken.kick.clone())).collect()
        };
        for (thing, certificate, kick) in taken {
            if !good(&thing, &certificate) {
                kick.send_replace(Some(Leaving::Server));
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.lock().taken.is_empty()
    }

    /// Nothing that is done under the lock can fail half-way.
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
