//! Google OnHub and Google Wifi reports as a format: glue around [`crate::onhub`].

use model::{Cancelled, Issue, Kind, Sink};

use crate::format::{Ending, Format, Head, Recognised};
use crate::onhub;
use crate::source::Source;

/// A longer report is not believed: it would have to be in memory.
const LONGEST: usize = 128 << 20;

/// A diagnostic report of a Google OnHub or Google Wifi router.
pub struct OnHub;

impl Format for OnHub {
    fn name(&self) -> &'static str {
        "onhub"
    }

    fn version(&self) -> &'static str {
        onhub::VERSION
    }

    fn kinds(&self) -> &'static [Kind] {
        onhub::KINDS
    }

    fn recognise(&self, head: &mut Head) -> Result<Recognised, String> {
        onhub::might_be(head.bytes())?;
        let now = head.now;
        let whole = head.whole(LONGEST).ok_or("longer than 128 MiB, which is the most that is believed")?;
        Ok(match onhub::recognise(whole, now)? {
            onhub::Recognised::Whole(reason) => reason.into(),
            onhub::Recognised::Partial(reason) => Recognised { reason: reason.clone(), doubt: Some(reason) },
        })
    }

    fn read(&self, source: &mut Source, sink: &mut dyn Sink) -> Result<Ending, Cancelled> {
        let Some(whole) = source.whole(LONGEST) else {
            return Ok(Ending::Failed("longer than 128 MiB".into()));
        };
        let mut counted = Counted { sink, issues: 0 };
        onhub::read(whole, &mut counted)?;
        Ok(if counted.issues == 0 { Ending::Complete } else { Ending::Partial })
    }
}

/// Passes everything on, and knows whether anything was left out.
struct Counted<'s> {
    sink: &'s mut dyn Sink,
    issues: u64,
}

impl Sink for Counted<'_> {
    fn interface(&mut self, interface: &model::Interface) {
        self.sink.interface(interface);
    }

    fn frame(&mut self, frame: &model::Frame) -> Result<(), Cancelled> {
        self.sink.frame(frame)
    }

    fn fact(&mut self, fact: model::Fact) -> Result<(), Cancelled> {
        self.sink.fact(fact)
    }

    fn issue(&mut self, issue: Issue) {
        self.issues += 1;
        self.sink.issue(issue);
    }

    fn sighting(&mut self, sighting: &model::Sighting) {
        self.sink.sighting(sighting);
    }
}
