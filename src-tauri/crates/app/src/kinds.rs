//! Every kind of fact that any part of the program makes.

use model::Kind;

/// All kinds, in the order of the parts that declare them.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    let layers = dissect::layers::KINDS.iter();
    let protocols = dissect::protocols::ALL.iter().flat_map(|protocol| protocol.kinds());
    let formats = evidence::format::ALL.iter().flat_map(|format| format.kinds());
    let mut seen: Vec<&str> = Vec::new();
    layers.chain(protocols).chain(formats).filter(move |kind| {
        let new = !seen.contains(&kind.name);
        seen.push(kind.name);
        new
    })
}

pub(crate) fn kind(name: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.name == name)
}
