//! A file of text: whether it is there, and every byte of it.

use super::{Answer, regular};
use crate::format::sh;
use camino::Utf8Path;

pub(super) fn scripts(path: &Utf8Path) -> Vec<String> {
    let path = sh::word(path.as_str());
    vec![format!("[ ! -e {path} ] || echo there"), format!("file={path}; {}", regular("$file"))]
}

/// Its text; nothing when there is no such file.
pub(super) fn read(answers: &[Answer]) -> Result<Option<Vec<u8>>, String> {
    let [there, text] = answers else { return Err("the host did not answer".to_owned()) };
    let is_there = !there.output("the probe")?.is_empty();
    let text = text.output("cat")?;
    Ok(is_there.then(|| text.to_vec()))
}
