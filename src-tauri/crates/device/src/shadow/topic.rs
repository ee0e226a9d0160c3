//! The topics of shadows: `$aws/things/<thing>/shadow[/name/<shadow>]/<what>`.

/// What is asked of a shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Get,
    Update,
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    pub thing: &'a str,
    /// Empty: the classic shadow.
    pub name: &'a str,
    pub ask: Ask,
}

/// What a publish on this topic asks; `None`: it is not for a shadow.
pub fn asked(topic: &str) -> Option<Asked<'_>> {
    let (thing, rest) = topic.strip_prefix("$aws/things/")?.split_once("/shadow/")?;
    let (name, what) = match rest.strip_prefix("name/") {
        Some(named) => named.split_once('/').filter(|(name, _)| is_name(name))?,
        None => ("", rest),
    };
    let ask = match what {
        "get" => Ask::Get,
        "update" => Ask::Update,
        "delete" => Ask::Delete,
        _ => return None,
    };
    Some(Asked { thing, name, ask })
}

/// The topic of an answer: `get/accepted`, `update/delta`, ...
pub fn answer(thing: &str, name: &str, what: &str) -> String {
    match name {
        "" => format!("$aws/things/{thing}/shadow/{what}"),
        name => format!("$aws/things/{thing}/shadow/name/{name}/{what}"),
    }
}

/// Whether a named shadow can have this name.
pub fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b":_-".contains(&b))
}

impl Ask {
    pub fn as_str(self) -> &'static str {
        match self {
            Ask::Get => "get",
            Ask::Update => "update",
            Ask::Delete => "delete",
        }
    }
}
