//! `lintel-capture record`: from a source, through a recording, until something ends it.

mod live;
mod piped;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::args::Record;
use crate::event::{Event, Failure, tell};
use crate::output::{Output, Target};
use crate::pcapng::{Interface, Section};
use crate::recording::Recording;
use crate::{clock, open, system};

/// Records until something ends it, and gives the exit code. Failures are told on the way.
pub fn record(wanted: &Record) -> u8 {
    start(wanted).unwrap_or_else(|failure| {
        failure.tell();
        failure.code
    })
}

fn start(wanted: &Record) -> Result<u8, Failure> {
    if wanted.write.is_none() && io::stdout().is_terminal() {
        return Err(Failure::wrong(
            "a capture is nothing for a terminal: name a file with --write, or a program with |",
        ));
    }
    if wanted.until_closed && wanted.interface.as_deref() == Some("-") {
        return Err(Failure::wrong("--until-closed and --interface - cannot both have standard input"));
    }
    match (&wanted.interface, &wanted.replay) {
        (_, Some(file)) => piped::record(file, Some(wanted.speed), wanted),
        (Some(name), None) if open::is_pipe(name) => piped::record(name, None, wanted),
        (Some(name), None) => live::record(name, wanted),
        (None, None) => Err(Failure::wrong("name what to record with --interface, or a file with --replay")),
    }
}

/// What stands in the file about an interface that `name` was opened as.
struct About<'a> {
    name: &'a str,
    link_type: pcap::Linktype,
    snap_len: u32,
    nanoseconds: bool,
    promiscuous: bool,
    offline: bool,
}

/// Opens the output, tells that it begins, and begins. What takes privileges is done.
fn begin(about: &About, wanted: &Record) -> Result<(Recording, Stop), Failure> {
    let stop = Stop::on_signals(wanted.until_closed)?;
    let limits = wanted.limits();
    let output = Output::start(match &wanted.write {
        Some(path) => Target::Files { path: path.clone(), numbered: limits.of_files(), keep: wanted.keep },
        None => Target::Stream(stdout()?),
    })?;
    let link_type = open::link_type_name(about.link_type);
    tell(&Event::Started {
        interface: about.name,
        link_type: &link_type,
        snap_len: about.snap_len,
        filter: &wanted.filter,
        nanoseconds: about.nanoseconds,
        promiscuous: about.promiscuous,
        at: clock::now(),
    });
    let section = Section {
        hardware: system::hardware(),
        os: system::os(),
        application: concat!("lintel-capture ", env!("CARGO_PKG_VERSION")).into(),
        comments: wanted.comment.clone(),
    };
    let (card, description) = match about.offline {
        true => (system::Card::default(), String::new()),
        false => (system::card(about.name), system::description(about.name)),
    };
    let interface = Interface {
        name: about.name.into(),
        description,
        filter: wanted.filter.clone(),
        os: section.os.clone(),
        hardware: card.hardware,
        mac: card.mac,
        link_type: open::in_files(about.link_type),
        snap_len: about.snap_len,
        nanoseconds: about.nanoseconds,
    };
    Ok((Recording::start(section, interface, limits, about.offline, output), stop))
}

/// Standard output without the buffer by lines, and as large a pipe as there may be.
fn stdout() -> Result<Box<dyn Write + Send>, Failure> {
    #[cfg(unix)]
    use std::os::fd::AsFd;
    #[cfg(windows)]
    use std::os::windows::io::AsHandle;

    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(io::stdout().as_fd(), 1 << 20);
    #[cfg(unix)]
    let own = io::stdout().as_fd().try_clone_to_owned();
    #[cfg(windows)]
    let own = io::stdout().as_handle().try_clone_to_owned();
    let own = own.map_err(|error| Failure::failed(format!("opening standard output: {error}")))?;
    Ok(Box::new(std::fs::File::from(own)))
}

/// Whether somebody wants it to end.
#[derive(Clone)]
struct Stop(Arc<AtomicBool>);

impl Stop {
    fn on_signals(until_closed: bool) -> Result<Stop, Failure> {
        let stop = Stop(Arc::new(AtomicBool::new(false)));
        let asked = stop.clone();
        // A second time, it ends at once.
        ctrlc::set_handler(move || {
            if asked.0.swap(true, Ordering::SeqCst) {
                std::process::exit(3);
            }
        })
        .map_err(|error| Failure::failed(format!("listening for signals: {error}")))?;
        if until_closed {
            let closed = stop.clone();
            thread::spawn(move || {
                let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
                closed.0.store(true, Ordering::SeqCst);
            });
        }
        Ok(stop)
    }

    fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
