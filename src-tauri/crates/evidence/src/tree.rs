//! What structured texts of evidence say, with byte ranges: JSON and protobuf's text format read into the same tree.
//!
//! The two differ in how they repeat (a list, or the same name again); [`Node::all`] hides that.

use std::borrow::Cow;

/// A value and the bytes that state it; offsets are those of the whole item.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    pub at: usize,
    pub end: usize,
    pub value: Value<'a>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// In quotes.
    Text(Cow<'a, str>),
    /// Without quotes: a number, `true`, `null`, an enum's word.
    Word(&'a str),
    List(Vec<Node<'a>>),
    Object(Vec<Member<'a>>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    pub name: Cow<'a, str>,
    /// First byte of the name (its quote, in JSON).
    pub at: usize,
    pub value: Node<'a>,
}

/// Where and why a text stopped making sense; the tree holds what was read before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    pub at: usize,
    pub why: &'static str,
}

/// How deep values may lie in each other.
pub const DEPTH: usize = 64;
/// How many values a text may have; true ones have some hundreds, and a hostile one must not fill the memory.
pub const VALUES: usize = 200_000;

impl<'a> Node<'a> {
    pub fn members(&self) -> &[Member<'a>] {
        match &self.value {
            Value::Object(members) => members,
            _ => &[],
        }
    }

    /// The value of that name; of several, the last, as in protobuf.
    pub fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.members().iter().rev().find(|member| member.name == name).map(|member| &member.value)
    }

    /// The value at the end of a path of names.
    pub fn path(&self, names: &[&str]) -> Option<&Node<'a>> {
        names.iter().try_fold(self, |node, name| node.get(name))
    }

    /// All values of that name: members that repeat, and the items of lists.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Node<'a>> {
        self.members().iter().filter(move |member| member.name == name).flat_map(|member| match &member.value.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(&member.value),
        })
    }

    /// The text or word.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Word(word) => Some(word),
            _ => None,
        }
    }

    pub fn int(&self) -> Option<i64> {
        self.text()?.parse().ok()
    }

    pub fn flag(&self) -> Option<bool> {
        match self.text()? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// All texts of that name that are not empty.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.all(name).filter_map(Node::text).filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    /// The text of that name if it is not empty.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.get(name)?.text().filter(|text| !text.is_empty())
    }
}
