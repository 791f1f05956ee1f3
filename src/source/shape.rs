//! What a file may say, as data: the reader takes its keys from these tables, and the JSON Schemas are made from them.

/// A key of a map.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// Whether the map needs it.
    pub required: bool,
    /// What its value may be.
    pub shape: Shape,
    /// What it means, for editors.
    pub says: &'static str,
}

/// What a value may be. Rules between values are not in it.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text without control characters.
    Text,
    /// Text that this regular expression matches, of those that ECMA 262 and Rust read alike.
    Matching(&'static str),
    /// A whole number, both ends included.
    Number(u64, u64),
    /// True or false.
    Boolean,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of one or more.
    List(&'static Shape),
    /// A list that may be empty.
    AnyList(&'static Shape),
    /// A map of these keys and no others.
    Map(&'static [Field]),
    /// A map whose keys this regular expression matches.
    MapOf(&'static str, &'static Shape),
    /// A map of these keys, and of just one of the second ones.
    Choice(&'static [Field], &'static [Field]),
    /// One of these.
    OneOf(&'static [Shape]),
}

impl Field {
    /// A key that must be there.
    #[must_use]
    pub const fn required(key: &'static str, shape: Shape, says: &'static str) -> Self {
        Self { key, required: true, shape, says }
    }

    /// A key that may be left out.
    #[must_use]
    pub const fn optional(key: &'static str, shape: Shape, says: &'static str) -> Self {
        Self { key, required: false, shape, says }
    }
}
