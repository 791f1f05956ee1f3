//! Whole outputs, as tests/cli/outputs has them. `UPDATE=1 cargo test --test cli` writes them anew.

/// The text is the recorded one, every blank included.
#[track_caller]
pub fn is_as_recorded(text: &str, name: &str) {
    let path = format!("{}/tests/cli/outputs/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    let diff = similar::TextDiff::from_lines(&recorded, text).unified_diff().header(name, "printed").to_string();
    assert!(recorded == text, "UPDATE=1 writes what is printed now\n{diff}");
}
