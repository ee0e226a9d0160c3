//! From a path to items: folders, files, and what is in them.

use std::any::Any;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use model::{Cancelled, Issue, Sink};

use crate::container::{self, Account, Container, Entry, Gate, Stop, Take, Unpack};
use crate::file::{self, Times};
use crate::format::{self, Ending, Format, Head, OTHER, Recognised, Refusal};
use crate::name;
use crate::options::Options;
use crate::source::{Finished, Hashes, Source, Watch};

/// The caller's number for an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub u64);

/// An item of evidence that is about to be read: a file, or a member of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// As given, with the names of members behind `!/`; see [`crate::name`].
    pub path: String,
    /// The last part of it.
    pub name: String,
    /// The container that it is in.
    pub parent: Option<ItemId>,
    /// In bytes, as the file system or the container claims.
    pub size: Option<u64>,
    /// Of a file; a member has at most a time of modification.
    pub times: Times,
    /// The name of its format or container; [`OTHER`] if none knows it.
    pub kind: &'static str,
    /// Of the format's reader; empty for [`OTHER`].
    pub version: &'static str,
    /// Why it is taken for that.
    pub reason: String,
    /// Why it was not taken for what was asked before that; for [`OTHER`] all of them.
    pub refusals: Vec<Refusal>,
}

/// How an item turned out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Of all its bytes; where reading failed (an issue says so), of those that could be read. `None` when nothing was to be hashed.
    pub hashes: Option<Hashes>,
    pub ending: Ending,
}

/// Takes what the walk finds. Items nest: a container begins before its members and ends after them.
pub trait Host {
    /// Whether the file needs no reading: it is known already. Asked before it is opened.
    fn known(&mut self, _path: &str, _size: u64, _times: &Times) -> Result<bool, Cancelled> {
        Ok(false)
    }
    /// An item, before anything is read from it.
    fn begin(&mut self, item: &NewItem) -> Result<ItemId, Cancelled>;
    /// Where the item's frames, facts and issues go.
    fn sink(&mut self, item: ItemId) -> &mut dyn Sink;
    /// The item is done. Not called for items that a cancellation has left open.
    fn end(&mut self, item: ItemId, outcome: &Outcome) -> Result<(), Cancelled>;
    /// Something that is no item: a link, a device, a file that cannot be opened.
    fn skip(&mut self, path: &str, why: &str) -> Result<(), Cancelled>;
}

/// Reads a file, or all files of a folder in the order of their names, into `host`. What goes wrong with one of them is told there
/// and does not end the walk.
pub fn read_path(path: &Path, host: &mut dyn Host, options: &Options, watch: &dyn Watch) -> Result<(), Cancelled> {
    Walk { host, options, watch, reading: true }.path(path)
}

/// Reads a capture while it is being written at `path`: `read` gives its bytes as they come, and ends when the capture has.
pub fn read_live(
    path: &Path,
    read: &mut dyn Read,
    host: &mut dyn Host,
    options: &Options,
    watch: &dyn Watch,
) -> Result<(), Cancelled> {
    let about = About {
        name: path.file_name().map(Path::new).map(name::escape_path).unwrap_or_default(),
        path: name::escape_path(path),
        parent: None,
        size: None,
        times: Times::default(),
        depth: 0,
        account: &Account::new(&options.limits, 0),
    };
    Walk { host, options, watch, reading: true }.item(Source::live(read, watch), about, None)
}

/// The same walk, but items are only recognised (members of containers too), neither hashed nor read.
pub fn detect(path: &Path, host: &mut dyn Host, options: &Options, watch: &dyn Watch) -> Result<(), Cancelled> {
    Walk { host, options, watch, reading: false }.path(path)
}

/// How many files, and bytes in them, [`read_path`] would find: for progress.
pub fn measure(path: &Path) -> (u64, u64) {
    let mut sum = (0, 0);
    each_file(path, &mut |_, found| {
        if let Ok(metadata) = found {
            sum = (sum.0 + 1, sum.1 + metadata.len());
        }
        Ok(())
    })
    .unwrap_or_default();
    sum
}

pub(crate) type EachFile<'e> = &'e mut dyn FnMut(&Path, Result<fs::Metadata, String>) -> Result<(), Cancelled>;

/// Every regular file under `path`, folders in the order of names; everything else with why it is none.
pub(crate) fn each_file(path: &Path, each: EachFile) -> Result<(), Cancelled> {
    // What the analyst names may be a link; what lies in a folder may lead anywhere.
    let mut waiting = vec![(path.to_owned(), fs::metadata(path))];
    while let Some((path, metadata)) = waiting.pop() {
        let metadata = match metadata {
            Ok(metadata) => metadata,
            Err(error) => {
                each(&path, Err(format!("reading its metadata: {error}")))?;
                continue;
            }
        };
        if metadata.is_file() {
            each(&path, Ok(metadata))?;
        } else if metadata.is_symlink() {
            let to = fs::read_link(&path).map(|to| name::escape_path(&to)).unwrap_or_default();
            each(&path, Err(format!("a symbolic link to '{to}', which is not followed")))?;
        } else if !metadata.is_dir() {
            each(&path, Err("a device, pipe or socket".into()))?;
        } else if path.extension().is_some_and(|extension| extension == "lintel") {
            each(&path, Err("a case folder".into()))?;
        } else {
            match entries(&path) {
                Ok(entries) => waiting.extend(entries.into_iter().rev().map(|path| {
                    let metadata = fs::symlink_metadata(&path);
                    (path, metadata)
                })),
                Err(error) => each(&path, Err(format!("listing the folder: {error}")))?,
            }
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

struct Walk<'h> {
    host: &'h mut dyn Host,
    options: &'h Options,
    watch: &'h dyn Watch,
    /// Else only recognising.
    reading: bool,
}

/// What is known of an item before it is read.
struct About<'a> {
    path: String,
    name: String,
    parent: Option<ItemId>,
    size: Option<u64>,
    times: Times,
    depth: usize,
    account: &'a Account<'a>,
}

impl<'h> Walk<'h> {
    fn path(&mut self, path: &Path) -> Result<(), Cancelled> {
        each_file(path, &mut |path, found| match found {
            Ok(metadata) => self.file(path, &metadata),
            Err(why) => self.host.skip(&name::escape_path(path), &why),
        })
    }

    fn file(&mut self, path: &Path, metadata: &fs::Metadata) -> Result<(), Cancelled> {
        let text = name::escape_path(path);
        if self.reading && self.host.known(&text, metadata.len(), &Times::of(metadata))? {
            return self.watch.advance(metadata.len());
        }
        let opened = file::open(path).and_then(|file| {
            let again = file.try_clone()?;
            Ok((file, again))
        });
        let (file, again) = match opened {
            Ok(both) => both,
            Err(error) => return self.host.skip(&text, &format!("opening it: {error}")),
        };
        let about = About {
            name: path.file_name().map_or_else(|| text.clone(), |name| name::escape_path(Path::new(name))),
            path: text,
            parent: None,
            size: Some(metadata.len()),
            times: Times::of(metadata),
            depth: 0,
            account: &Account::new(&self.options.limits, metadata.len()),
        };
        let mut top = TopFile { file: again, before: metadata };
        if self.reading {
            self.item(Source::of_file(file, self.watch), about, Some(&mut top))
        } else {
            let mut file = file; // no reading ahead, which would move the place that both handles share
            self.item(self.source(&mut file), about, Some(&mut top))
        }
    }

    fn source<'a>(&self, read: &'a mut dyn Read) -> Source<'a>
    where
        'h: 'a,
    {
        if self.reading { Source::over(read, self.watch) } else { Source::again(read, self.watch) }
    }

    /// One item, and all that is in it.
    fn item(&mut self, mut source: Source, about: About, mut top: Option<&mut TopFile>) -> Result<(), Cancelled> {
        let found = self.recognise(&mut source, about.depth);
        if source.cancelled() {
            return Err(Cancelled);
        }
        let item = self.host.begin(&NewItem {
            path: about.path.clone(),
            name: about.name.clone(),
            parent: about.parent,
            size: about.size,
            times: about.times,
            kind: found.kind,
            version: found.version,
            reason: found.reason,
            refusals: found.refusals,
        })?;
        let (mut ending, finished) = match found.reader {
            Reader::Container(container) => self.container(container, source, &about, item, top.as_deref_mut())?,
            Reader::Format(format) if self.reading => {
                let ending = format.read(&mut source, self.host.sink(item))?;
                (ending, self.finish(source)?)
            }
            Reader::Format(_) | Reader::Nobody => (Ending::Complete, self.finish(source)?),
        };
        let sink = self.host.sink(item);
        let mut partial = |issue: Issue| {
            sink.issue(issue);
            if ending == Ending::Complete {
                ending = Ending::Partial;
            }
        };
        if let Some(doubt) = found.doubt {
            partial(Issue::new(found.kind, doubt, 0));
        }
        if let Some(error) = finished.as_ref().and_then(|finished| finished.error.as_ref()) {
            partial(Issue::new(
                "bytes",
                format!("reading ended early: {error}"),
                finished.as_ref().map_or(0, |f| f.hashes.size),
            ));
        }
        if top.is_some_and(|top| top.has_changed()) {
            partial(Issue::new("file", "changed while it was read", 0));
        }
        let hashes = finished.map(|finished| finished.hashes);
        self.host.end(item, &Outcome { hashes, ending })
    }

    fn container(
        &mut self,
        container: &'static Container,
        mut source: Source,
        about: &About,
        item: ItemId,
        top: Option<&mut TopFile>,
    ) -> Result<(Ending, Option<Finished>), Cancelled> {
        match (&container.unpack, top) {
            (Unpack::Streaming(unpack), _) => {
                let name = name::unescape(&about.name);
                let ending = self.members(container, about, item, |gate| unpack(&mut source, &name, gate))?;
                Ok((ending, self.finish(source)?))
            }
            (Unpack::Seeking(unpack), Some(top)) => {
                let finished = self.finish(source)?;
                let ending = match top.file.seek(SeekFrom::Start(0)) {
                    Ok(_) => {
                        self.members(container, about, item, |gate| unpack(&mut BufReader::new(&top.file), gate))?
                    }
                    Err(error) => Ending::Failed(format!("going back to its start: {error}")),
                };
                Ok((ending, finished))
            }
            (Unpack::Seeking(unpack), None) => {
                let spool = container::spool(&mut source, self.options.limits.spool_bytes);
                let finished = self.finish(source)?;
                let ending = match spool {
                    Ok(mut spool) => self.members(container, about, item, |gate| unpack(&mut spool, gate))?,
                    Err(error) => Ending::Failed(format!("laying it into a temporary file: {error}")),
                };
                Ok((ending, finished))
            }
        }
    }

    /// Lets `unpack` hand over the members of `item`.
    fn members(
        &mut self,
        container: &'static Container,
        about: &About,
        item: ItemId,
        unpack: impl FnOnce(&mut Gate) -> Result<Ending, Stop>,
    ) -> Result<Ending, Cancelled> {
        let watch = self.watch;
        let mut members = Members { walk: self, about, item, panic: None };
        let mut gate = Gate::new(container.name, about.account, &mut members);
        let unpacked = catch_unwind(AssertUnwindSafe(|| unpack(&mut gate)));
        if let Some(panic) = members.panic {
            resume_unwind(panic);
        }
        watch.advance(0)?; // a cancellation looks like damage to a decoder
        match unpacked {
            Ok(Ok(ending)) => Ok(ending),
            Ok(Err(Stop::Enough)) => Ok(Ending::Partial),
            Ok(Err(Stop::Cancelled)) => Err(Cancelled),
            Err(_) => Ok(Ending::Failed(format!("the {} decoder gave up", container.name))),
        }
    }

    /// Reads what is left, for the hashes; `None` if nothing is hashed.
    fn finish(&self, source: Source) -> Result<Option<Finished>, Cancelled> {
        if self.reading {
            return source.finish().map(Some);
        }
        if source.cancelled() { Err(Cancelled) } else { Ok(None) }
    }

    fn recognise(&self, source: &mut Source, depth: usize) -> Found {
        let mut refusals = Vec::new();
        for container in container::ALL {
            let answer = if depth < self.options.limits.depth {
                (container.recognise)(&mut Head::new(source, self.options.now))
            } else {
                Err(format!("containers in each other are opened to a depth of {depth}"))
            };
            match answer {
                Ok(yes) => {
                    return Found::new(Reader::Container(container), container.name, container.version, yes, refusals);
                }
                Err(why) => refusals.push(Refusal { format: container.name, why }),
            }
        }
        for format in format::ALL {
            match format.recognise(&mut Head::new(source, self.options.now)) {
                Ok(yes) => return Found::new(Reader::Format(*format), format.name(), format.version(), yes, refusals),
                Err(why) => refusals.push(Refusal { format: format.name(), why }),
            }
        }
        let reason = if source.head().is_empty() { "empty" } else { "no format knows it" };
        Found::new(Reader::Nobody, OTHER, "", reason.to_owned().into(), refusals)
    }
}

/// A file on the disk, for a second look.
struct TopFile<'a> {
    file: File,
    before: &'a fs::Metadata,
}

impl TopFile<'_> {
    fn has_changed(&self) -> bool {
        self.file
            .metadata()
            .is_ok_and(|after| after.len() != self.before.len() || after.modified().ok() != self.before.modified().ok())
    }
}

/// Who reads an item, and why.
struct Found {
    reader: Reader,
    kind: &'static str,
    version: &'static str,
    reason: String,
    doubt: Option<String>,
    refusals: Vec<Refusal>,
}

enum Reader {
    Container(&'static Container),
    Format(&'static dyn Format),
    Nobody,
}

impl Found {
    fn new(
        reader: Reader,
        kind: &'static str,
        version: &'static str,
        yes: Recognised,
        refusals: Vec<Refusal>,
    ) -> Found {
        Found { reader, kind, version, reason: yes.reason, doubt: yes.doubt, refusals }
    }
}

/// Takes the members of one container.
struct Members<'m, 'h> {
    walk: &'m mut Walk<'h>,
    about: &'m About<'m>,
    item: ItemId,
    /// Ours, not the decoder's: goes on where the decoder has been left.
    panic: Option<Box<dyn Any + Send>>,
}

impl Take for Members<'_, '_> {
    fn take(&mut self, name: &str, entry: &Entry, content: &mut dyn Read) -> Result<(), Stop> {
        let about = About {
            path: name::join(&self.about.path, name),
            name: name::last(name).to_owned(),
            parent: Some(self.item),
            size: entry.size,
            times: Times { modified: entry.modified, ..Times::default() },
            depth: self.about.depth + 1,
            account: self.about.account,
        };
        let walk = &mut *self.walk;
        let source = walk.source(content);
        match catch_unwind(AssertUnwindSafe(|| walk.item(source, about, None))) {
            Ok(done) => Ok(done?),
            Err(panic) => {
                self.panic = Some(panic);
                Err(Stop::Enough)
            }
        }
    }

    fn issue(&mut self, issue: Issue) {
        self.walk.host.sink(self.item).issue(issue);
    }
}
