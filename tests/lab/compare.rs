//! Whole texts against whole texts, with a diff where they differ.

/// Why two texts differ; nothing when they are the same.
pub fn difference(what: &str, expected: &str, found: &str) -> Option<String> {
    (expected != found).then(|| {
        let diff = similar::TextDiff::from_lines(expected, found);
        format!("{what}:\n{}", diff.unified_diff().header("expected", "found"))
    })
}

/// Panics when two texts differ.
pub fn same(what: &str, expected: &str, found: &str) {
    if let Some(difference) = difference(what, expected, found) {
        panic!("{difference}");
    }
}

/// Lines, each with its end.
pub fn lines<T: AsRef<str>>(all: impl IntoIterator<Item = T>) -> String {
    all.into_iter().map(|line| line.as_ref().to_owned() + "\n").collect()
}
