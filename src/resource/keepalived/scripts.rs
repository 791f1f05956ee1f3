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

/// A warning where the first script comes into files without `enable_script_security`: a test of them that passed before
/// ends with 6 from then on. It is told once, with the edit.
pub(super) fn ends_with_6(found: &Keepalived, text: &[u8]) -> Option<String> {
    let statements = |text: &[u8]| KeepalivedConf::parse(text).map(|conf| conf.statements).unwrap_or_default();
    let old = statements(found.text.as_deref().unwrap_or_default());
    let included: Vec<&Statement> = found.included.iter().flat_map(|(_, conf)| &conf.statements).collect();
    let has_scripts = |all: &[Statement]| all.iter().any(|one| !paths(one).is_empty());
    let had = has_scripts(&old) || included.iter().any(|one| !paths(one).is_empty());
    let is_secure = |one: &Statement| {
        one.name() == "enable_script_security" || one.inner().iter().any(|one| one.name() == "enable_script_security")
    };
    let is_told = !had && has_scripts(&statements(text)) && !old.iter().chain(included).any(is_secure);
    is_told.then(|| {
        format!(
            "{KEEPALIVED_CONF} gets its first scripts, so `keepalived -t` exits with 6 from now on, which is no fault: it asks \
             for enable_script_security in global_defs"
        )
    })
}

/// The programs that a statement, or one in it, has keepalived run.
fn paths(statement: &Statement) -> Vec<String> {
    let name = statement.name();
    let is_script = statement.block.is_none() && (name.starts_with("notify") || matches!(name, "misc_path" | "script"));
    let own = statement.words.get(1).filter(|_| is_script).and_then(|words| words.split_whitespace().next());
    own.map(str::to_owned).into_iter().chain(statement.inner().iter().flat_map(paths)).collect()
}
