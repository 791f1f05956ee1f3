//! The packet filter that the host loads at boot: Red Hat's file, Debian's or OpenRC's, found by what the host has.

use super::{Answer, line, regular};
use crate::format::iptables_save::IptablesSave;
use camino::Utf8PathBuf;

/// The saved packet filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFilter {
    /// Its file; nothing on a host without a place for one.
    pub path: Option<Utf8PathBuf>,
    /// Whether the file is there.
    pub exists: bool,
    /// What it holds.
    pub dump: IptablesSave,
}

/// OpenRC's iptables service, which says itself where its file is; a value that is more than a path is left to a person.
/// Red Hat's iptables service and Debian's iptables-persistent: where both files are there, or none, the folder that
/// only one of the two has decides.
const FIND: &str = "red_hat=/etc/sysconfig/iptables debian=/etc/iptables/rules.v4 open_rc=/etc/conf.d/iptables\n\
    if [ ! -d /run/systemd/system ] && [ -d /etc/runlevels ] && [ -e /etc/init.d/iptables ] && [ -e $open_rc ]; then\n\
    path=$(sed -n '/^[[:space:]]*IPTABLES_SAVE=/h; ${x; s/^[^=]*=\\([\"'\\'']*\\)\\(\\/[A-Za-z0-9_.\\/-]*\\)\\1[[:space:]]*\\(#.*\\)*$/\\2/p;}' $open_rc)\n\
    elif [ -e $red_hat ] && [ ! -e $debian ]; then path=$red_hat\n\
    elif [ -e $debian ] && [ ! -e $red_hat ]; then path=$debian\n\
    elif [ -d /etc/sysconfig ] && [ ! -e /etc/debian_version ]; then path=$red_hat\n\
    elif [ -d /etc/iptables ]; then path=$debian\n\
    else path=; fi\n";

/// A line with the path, one that the file is there, and its text.
pub(super) fn scripts() -> Vec<String> {
    vec![format!("{FIND}echo \"$path\"; [ ! -e \"$path\" ] || echo there\n{}", regular("$path"))]
}

pub(super) fn read(answers: Vec<Answer>) -> Result<SavedFilter, String> {
    let Ok([answer]) = <[Answer; 1]>::try_from(answers) else { return Err("the host did not answer".to_owned()) };
    let mut text = answer.into_output("cat")?;
    let (path, rest) = line(&text).ok_or("the host's answer is not ours")?;
    let path = (!path.is_empty()).then(|| Utf8PathBuf::from(path));
    let file = rest.strip_prefix(b"there\n");
    let (exists, begin) = (file.is_some(), text.len() - file.unwrap_or(rest).len());
    text.drain(..begin);
    let dump = IptablesSave::parse_file(text)
        .map_err(|malformed| format!("{}, {malformed}", path.as_deref().unwrap_or("".into())))?;
    Ok(SavedFilter { path, exists, dump })
}
