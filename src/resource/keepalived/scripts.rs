//! Scripts of keepalived's files that it does not run.

use crate::{
    format::keepalived_conf::{KeepalivedConf, Statement},
    probe::{KEEPALIVED_CONF, Keepalived},
};
use std::collections::BTreeSet;

/// A warning for each path of a script, of whoever's, that keepalived disables in the files as they shall be.
pub(super) fn disabled(found: &Keepalived, text: &[u8]) -> Vec<String> {
    let own = KeepalivedConf::parse(text).ok().map(|conf| (KEEPALIVED_CONF.to_owned(), conf));
    let mut told = BTreeSet::new();
    for (file, conf) in own.iter().chain(&found.included) {
        let paths = conf.statements.iter().flat_map(paths);
        told.extend(paths.filter(|path| found.disabled.contains(path)).map(|path| {
            format!(
                "{file}: keepalived disables scripts that begin with {path}, since a folder of that path is a link: write \
                 what `readlink -f {path}` prints"
            )
        }));
    }
    told.into_iter().collect()
}

/// The programs that a statement, or one in it, has keepalived run.
fn paths(statement: &Statement) -> Vec<String> {
    let name = statement.name();
    let is_script = statement.block.is_none() && (name.starts_with("notify") || matches!(name, "misc_path" | "script"));
    let own = statement.words.get(1).filter(|_| is_script).and_then(|words| words.split_whitespace().next());
    own.map(str::to_owned).into_iter().chain(statement.inner().iter().flat_map(paths)).collect()
}
