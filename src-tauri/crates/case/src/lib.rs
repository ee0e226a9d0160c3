//! A case on disk: `NAME.lintel/` with `case.db`, `custody.log`, `copies/`, `captures/`, `exports/`.
//!
//! Invariant: the only crate that knows our SQLite schema. It reads no evidence, parses no protocol and talks to no network.

mod bench;
mod captures;
mod columns;
mod coverage;
mod custody;
mod devices;
mod error;
mod evidence;
mod facts;
mod filter;
mod flow_frames;
mod flow_map;
mod folder;
mod frames;
mod live;
mod presence;
mod runs;
mod same_device;
mod schema;
mod select;
mod tables;
mod text;
mod views;
mod writer;

pub use bench::{Deletion, Scene, ShadowRow, ThingRow, Things};
pub use captures::SightingRow;
pub use coverage::{CoveredFlows, CoveredIssues, CoveredItem};
pub use custody::{Actor, Check, Custody, Entry};
pub use devices::{DeviceRow, FlowTotal, IdentityRow};
pub use error::{Error, Result};
pub use evidence::{Evidence, EvidenceId, FileTimes, NewEvidence, Stored, Verified};
pub use facts::{FactGroup, FactId, FactRow, Facts, Histogram};
pub use filter::{Block, Expr, pattern};
pub use flow_frames::FlowSpan;
pub use flow_map::{Binding, FlowPair};
pub use folder::{About, Case, Counts};
pub use frames::{FrameEntry, NO_TIME};
pub use live::{Capture, CaptureCounts, CaptureFile, CaptureId, CaptureState};
pub use presence::{Heard, PresenceSelect, QUARTER};
pub use runs::{Run, RunId, RunStatus};
pub use same_device::SameDevice;
pub use select::{Condition, Op, Select};
pub use tables::Tables;
pub use views::{Column, Page, PageRequest, Row, Shape, VIEWS, ViewSpec};
pub use writer::{Batch, FrameChunk, FrameColumns, Sighting, Writer};
