//! Gives a reader many inputs, and holds each to its bounds.
//!
//! `LINTEL_INPUTS=5000000` reads so many inputs to each reader in place of the usual number, which takes hours; `LINTEL_ONLY=dns`
//! gives them to that reader alone, `LINTEL_SECONDS=60` ends each after a minute. `-- --nocapture` shows the sums.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::meter::peak_of;
use crate::mutate::Dice;

/// No input may take longer, and the same again for each so many of its bytes: a hundred times what a slow machine needs.
const LONGEST: Duration = Duration::from_secs(2);
const BYTES_PER_LONGEST: usize = 1 << 20;
/// An input that is not done by then will never be: the process is ended.
const NEVER: Duration = Duration::from_secs(60);

/// Something that inputs are given to.
pub struct Reader<'r> {
    pub name: &'r str,
    /// How many inputs it gets in an ordinary run.
    pub usual: u64,
    /// Bytes that it may hold while it reads one.
    pub cap: usize,
}

/// Pieces of one input: datagrams, segments, frames, or one file.
pub type Input = Vec<Vec<u8>>;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

impl Reader<'_> {
    /// Makes inputs by `make` and gives them to `read`. A failure names the number of the input and shows its bytes; the same dice
    /// make it again.
    pub fn run(&self, make: impl Fn(&mut Dice) -> Input, read: impl Fn(&Input, &mut Dice)) {
        let Reader { name, usual, .. } = *self;
        if std::env::var("LINTEL_ONLY").is_ok_and(|only| only != name) {
            return;
        }
        let inputs = number("LINTEL_INPUTS").unwrap_or(usual);
        let seconds = number("LINTEL_SECONDS").map_or(Duration::MAX, Duration::from_secs);
        let (began, at) = (Instant::now(), AtomicU64::new(0));
        let (mut most, mut longest, mut done) = ((0, 0), (Duration::ZERO, 0), 0);
        let (stop, stopped) = channel::<()>();
        std::thread::scope(|scope| {
            let stop = stop; // dropped at the end of this, by a panic too
            scope.spawn(|| watch(name, &at, stopped));
            for n in 0..inputs {
                at.store(n, Ordering::Relaxed);
                let mut dice = Dice::of(name, n);
                let input = make(&mut dice);
                let (time, peak) = self.one(&input, &dice, &read).unwrap_or_else(|why| fail(name, n, &input, &why));
                most = most.max((peak, n));
                longest = longest.max((time, n));
                done = n + 1;
                if n % 1024 == 0 && began.elapsed() > seconds {
                    break;
                }
            }
            drop(stop);
        });
        let took = began.elapsed().as_secs_f64();
        let ((peak, peak_at), (longest, longest_at)) = (most, longest);
        println!(
            "{name}: {done} inputs in {took:.1} s; most memory {peak} (input {peak_at}), longest {longest:?} ({longest_at})"
        );
    }

    /// Reads one input: how long it took, and how much memory. Err: what was wrong with it.
    fn one(&self, input: &Input, dice: &Dice, read: &impl Fn(&Input, &mut Dice)) -> Result<(Duration, usize), String> {
        let bytes: usize = input.iter().map(Vec::len).sum();
        let bound = LONGEST * (1 + bytes / BYTES_PER_LONGEST) as u32;
        let mut time = Duration::ZERO;
        // A machine that was busy with something else gets a second chance.
        for _ in 0..2 {
            let (begin, mut dice) = (Instant::now(), dice.clone());
            let (result, peak) = peak_of(|| catch_unwind(AssertUnwindSafe(|| read(input, &mut dice))));
            time = begin.elapsed();
            result.map_err(|panic| said(panic.as_ref()))?;
            if peak > self.cap {
                return Err(format!("held {peak} bytes, where {} is the most", self.cap));
            }
            if time <= bound {
                return Ok((time, peak));
            }
        }
        Err(format!("took {time:?}"))
    }
}

fn fail(name: &str, n: u64, input: &Input, why: &str) -> ! {
    let hex: Vec<String> = input.iter().map(|piece| model::hex(piece)).collect();
    panic!("{name}, input {n}: {why}\n{}", hex.join("\n"));
}

fn said(panic: &dyn Any) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Ends the process when the same input is being read for too long.
fn watch(name: &str, at: &AtomicU64, stopped: Receiver<()>) {
    let (mut last, mut since) = (u64::MAX, Instant::now());
    while stopped.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
        let now = at.load(Ordering::Relaxed);
        if now != last {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() > NEVER {
            eprintln!("{name}, input {now}: not done after {NEVER:?}");
            std::process::exit(101);
        }
    }
}

#[test]
fn what_breaks_its_bounds_is_told() {
    let reader = Reader { name: "test", usual: 1, cap: 10_000 };
    let one = |read: fn(&Input, &mut Dice)| reader.one(&vec![vec![1, 2]], &Dice::of("test", 1), &read);
    assert!(one(|input, _| drop(input.concat())).unwrap().1 >= 2);
    assert_eq!(one(|_, _| panic!("at {}", 7)).unwrap_err(), "at 7");
    assert_eq!(one(|_, _| drop(vec![0_u8; 20_000])).unwrap_err(), "held 20000 bytes, where 10000 is the most");
    assert!(one(|_, _| std::thread::sleep(LONGEST + LONGEST / 10)).unwrap_err().starts_with("took 2."));
}
