//! Pages of facts in the order in which they are shown: those whose time can be believed, then the others.
//!
//! A clock that was never set says 1970, and some facts state no time at all. They keep what is stored, but neither is where the story
//! begins: whichever way the page goes, they come behind all others, in their own order.

use rusqlite::Connection;

use super::matching::Test;
use super::scan::Scan;
use super::{FactRow, Reader};
use crate::{Case, NO_TIME, PageRequest, Result};

/// Before 1990 nothing recorded what is read here (nanoseconds since 1970 UTC).
const BELIEVABLE: i64 = 631_152_000 * 1_000_000_000;

/// At most `request.limit` facts, and whether there are more.
pub(super) fn page(
    case: &Case,
    db: &Connection,
    kind: Option<&str>,
    request: &PageRequest,
    after: Option<(i64, i64)>,
) -> Result<(Vec<FactRow>, bool)> {
    let (limit, mut skip, mut after) = (request.limit as usize, request.skip, after);
    let mut scan = Scan::new(db, Test::new(case, db, &request.select, kind)?)?;
    let spans = match after {
        _ if !scan.is_on_both_sides(BELIEVABLE) => vec![None],
        Some((ts, _)) if ts < BELIEVABLE => vec![Some((NO_TIME, BELIEVABLE))],
        _ => vec![Some((BELIEVABLE, i64::MAX)), Some((NO_TIME, BELIEVABLE))],
    };
    let mut reader = Reader::new(db)?;
    let mut rows: Vec<FactRow> = Vec::new();
    for span in spans {
        if let Some((since, until)) = span {
            scan.only(since, until);
        }
        // One more than is asked for: whether there are more.
        let wanted = limit.saturating_add(1) - rows.len();
        let found = scan.page(after, skip, wanted, request.descending)?;
        for (chunk, row) in found.iter().take(limit - rows.len()) {
            rows.push(reader.read(scan.chunk(*chunk)?, *row)?);
        }
        if found.len() == wanted {
            return Ok((rows, true));
        }
        // What is left to step over lies in the next span.
        if skip > 0 {
            skip = if found.is_empty() { skip.saturating_sub(scan.left(after, request.descending)?) } else { 0 };
        }
        after = None;
    }
    Ok((rows, false))
}
