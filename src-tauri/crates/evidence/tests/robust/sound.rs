//! Takes what a reader says of some bytes, keeps none of it, and holds it to the rules.

use evidence::Source;
use evidence::format::{ALL, Format, Head};
use model::{Cancelled, Fact, Frame, Interface, Issue, Sink, Time};

use crate::mutate::Dice;

/// Asks the format about these bytes, in chunks of any size, and lets it read them whatever it says.
pub fn read(format: &dyn Format, bytes: &[u8], dice: &mut Dice) {
    let chunk = match dice.below(8) {
        0 => 1 + dice.below(16),
        1 => 1 + dice.below(300),
        _ => 4_096,
    };
    let mut rest = bytes;
    let mut source = Source::over_with_chunks(&mut rest, &(), chunk);
    let now = dice.one_in(2).then_some(Time(1_790_000_000_000_000_000));
    let _ = format.recognise(&mut Head::new(&mut source, now));
    let mut sound = Sound::of(bytes);
    format.read(&mut source, &mut sound).unwrap();
    sound.check(bytes.len() as u64);
    assert_eq!(source.finish().unwrap().hashes.size, bytes.len() as u64);
}

/// What was said so far.
#[derive(Default)]
pub struct Sound {
    /// Bytes of the item, if they are known.
    length: Option<u64>,
    interfaces: u32,
    frames: u64,
    facts: u64,
    issues: u64,
}

/// What any item may give, and what more for each of its bytes.
const MOST: u64 = 256;

impl Sound {
    pub fn of(bytes: &[u8]) -> Sound {
        Sound { length: Some(bytes.len() as u64), ..Sound::default() }
    }

    /// Frames, facts and issues, at the end of an item of so many bytes.
    pub fn check(&self, length: u64) {
        for (what, count) in [("frames", self.frames), ("facts", self.facts), ("issues", self.issues)] {
            assert!(count <= MOST + length, "{count} {what} of {length} bytes");
        }
        assert!(u64::from(self.interfaces) <= MOST + length, "{} interfaces of {length} bytes", self.interfaces);
    }

    fn inside(&self, what: &str, offset: u64, length: u64) {
        let end = offset.checked_add(length);
        let within = self.length.is_none_or(|all| end.is_some_and(|end| end <= all));
        assert!(end.is_some() && within, "{what} at {offset}+{length} of {:?} bytes", self.length);
    }
}

impl Sink for Sound {
    fn interface(&mut self, interface: &Interface) {
        assert_eq!(interface.index, self.interfaces);
        self.interfaces += 1;
    }

    fn frame(&mut self, frame: &Frame) -> Result<(), Cancelled> {
        self.frames += 1;
        assert_eq!(frame.number, self.frames);
        assert!(frame.interface < self.interfaces, "a frame of no interface");
        self.inside("a frame", frame.offset, frame.bytes.len() as u64);
        Ok(())
    }

    fn fact(&mut self, fact: Fact) -> Result<(), Cancelled> {
        self.facts += 1;
        let declared = ALL.iter().any(|format| format.kinds().iter().any(|kind| kind.name == fact.kind));
        assert!(declared, "{} is no kind", fact.kind);
        self.inside(fact.kind, fact.place.offset, fact.place.length);
        Ok(())
    }

    fn issue(&mut self, issue: Issue) {
        self.issues += 1;
        self.inside(&issue.why, issue.offset, 0);
    }
}
