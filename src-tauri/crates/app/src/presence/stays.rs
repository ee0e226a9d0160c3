//! Stays: what was heard of a device, joined where the gap is short.
//!
//! Inside a quarter hour the case keeps the first and the last moment alone, so that gaps in it are not seen.

use case::Heard;

/// A time in which a device was near.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stay {
    /// Seconds since 1970 UTC: the first and the last in which it was heard.
    pub from: i64,
    pub to: i64,
    pub sightings: u64,
    pub frames: u64,
    /// Sightings with a signal, the sum of their means, and the strongest.
    pub signals: u64,
    pub signal_sum: i64,
    pub signal_max: Option<i8>,
    pub associated: Option<bool>,
    pub randomised: bool,
}

impl Stay {
    pub fn seconds(&self) -> i64 {
        self.to - self.from
    }

    fn begin(heard: &Heard, from: i64) -> Stay {
        Stay { from, to: from, randomised: heard.randomised, ..Stay::default() }
    }

    fn add(&mut self, heard: &Heard, to: i64) {
        self.to = self.to.max(to);
        self.sightings += u64::from(heard.sightings);
        self.frames += u64::from(heard.frames);
        self.signals += u64::from(heard.signals);
        self.signal_sum += i64::from(heard.signal_sum);
        if heard.signals > 0 {
            self.signal_max = self.signal_max.max(Some(heard.signal_max));
        }
        self.associated = self.associated.max(heard.associated);
    }
}

/// Hears records in the order in which the case gives them, and tells of each stay that has ended.
pub(super) struct Stays {
    gap: i64,
    span: (i64, i64),
    /// By the devices' numbers, which go from 1 without holes.
    open: Vec<Option<Stay>>,
    most: usize,
}

impl Stays {
    /// `gap`: seconds that may pass unheard. `devices`: the highest number there is.
    pub fn new(gap: i64, span: (i64, i64), devices: usize) -> Stays {
        Stays { gap, span, open: Vec::new(), most: devices }
    }

    pub fn hear(&mut self, heard: &Heard, ended: &mut impl FnMut(u32, Stay)) {
        let device = heard.device as usize;
        if device > self.most {
            return; // none of ours
        }
        if self.open.len() <= device {
            self.open.resize(device + 1, None);
        }
        let Some(slot) = self.open.get_mut(device) else { return };
        // What begins before the time that is looked at is looked at from there.
        let (from, to) = (heard.first_second().max(self.span.0), heard.last_second().min(self.span.1 - 1));
        if from > to {
            return;
        }
        if let Some(stay) = slot.take_if(|stay| from - stay.to > self.gap) {
            ended(heard.device, stay);
        }
        let stay = slot.get_or_insert_with(|| Stay::begin(heard, from));
        stay.from = stay.from.min(from); // another observer's, of the same quarter hour
        stay.add(heard, to);
    }

    /// Those that nothing has ended, in order of the devices' numbers.
    pub fn end(self, ended: &mut impl FnMut(u32, Stay)) {
        for (device, stay) in self.open.into_iter().enumerate() {
            if let Some(stay) = stay {
                ended(device as u32, stay);
            }
        }
    }
}

impl super::Scope {
    /// All stays of the scope; of one device in order of time.
    pub(super) fn stays(&self, gap: i64, mut ended: impl FnMut(u32, Stay)) -> crate::Result<()> {
        let Some(span) = self.span else { return Ok(()) };
        let mut stays = Stays::new(gap.max(0), span, self.case.presence_most()?);
        self.case.presence(&self.select, |heard| stays.hear(heard, &mut ended))?;
        stays.end(&mut ended);
        Ok(())
    }
}
