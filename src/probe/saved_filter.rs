//! The packet filter that the host loads at boot: Red Hat's file or Debian's, found by what the host has.

use super::{Answer, regular};
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

/// Red Hat's iptables service and Debian's iptables-persistent. Where both files are there, or none, the folder that
/// only one of the two has decides.
const FIND: &str = "red_hat=/etc/sysconfig/iptables debian=/etc/iptables/rules.v4\n\
    if [ -e $red_hat ] && [ ! -e $debian ]; then path=$red_hat\n\
    elif [ -e $debian ] && [ ! -e $red_hat ]; then path=$debian\n\
    elif [ -d /etc/sysconfig ] && [ ! -e /etc/debian_version ]; then path=$red_hat\n\
    elif [ -d /etc/iptables ]; then path=$debian\n\
    else path=; fi\n";

pub(super) fn scripts() -> Vec<String> {
    vec![format!("{FIND}echo \"$path\"; [ -e \"$path\" ] && echo there; :"), format!("{FIND}{}", regular("$path"))]
}

pub(super) fn read(answers: &[Answer]) -> Result<SavedFilter, String> {
    let [found, text] = answers else { return Err("the host did not answer".to_owned()) };
    let found = String::from_utf8_lossy(found.output("the probe")?).into_owned();
    let mut lines = found.lines();
    let path = lines.next().filter(|path| !path.is_empty());
    let exists = lines.next().is_some();
    let text = text.output("cat")?.to_vec();
    let dump = IptablesSave::parse(text).map_err(|malformed| format!("{}, {malformed}", path.unwrap_or_default()))?;
    Ok(SavedFilter { path: path.map(Utf8PathBuf::from), exists, dump })
}
