//! A file of text: whether it is there, and every byte of it.

use super::{Answer, regular};
use crate::format::sh;
use camino::Utf8Path;

pub(super) fn scripts(path: &Utf8Path) -> Vec<String> {
    let path = sh::word(path.as_str());
    vec![format!("file={path}; [ ! -e \"$file\" ] || echo there\n{}", regular("$file"))]
}

/// Its text; nothing when there is no such file.
pub(super) fn read(answers: &[Answer]) -> Result<Option<Vec<u8>>, String> {
    let [answer] = answers else { return Err("the host did not answer".to_owned()) };
    Ok(answer.output("cat")?.strip_prefix(b"there\n").map(<[u8]>::to_vec))
}
