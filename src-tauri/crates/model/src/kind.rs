//! What kinds of facts there are: declared beside the code that makes them.

/// One kind of fact: what `show CASE <name>` lists, and a view of the same name in the case's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// By Zeek's log where it has one; lower case, letters, digits and `_`.
    pub name: &'static str,
    /// One sentence: what one row is.
    pub about: &'static str,
    /// Its own fields, in the order of interest.
    pub fields: &'static [FieldSpec],
}

/// A field of a kind: name (Zeek's where it has one) and what it means, with its unit.
pub type FieldSpec = (&'static str, &'static str);
