//! The IPVS table that the host loads at boot: Red Hat's file, or Debian's file with its switch.

use super::{Answer, line, regular};
use crate::format::ipvs_file::IpvsFile;
use camino::Utf8PathBuf;

/// The saved IPVS table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedIpvs {
    /// Its file; nothing on a host without a place for one.
    pub path: Option<Utf8PathBuf>,
    /// Its text; nothing when there is no file.
    pub text: Option<Vec<u8>>,
    /// What it holds.
    pub file: IpvsFile,
    /// Debian's /etc/default/ipvsadm, where AUTO says whether the table is loaded; nothing on other hosts.
    pub defaults: Option<Vec<u8>>,
}

/// Debian's switch.
pub const DEFAULTS: &str = "/etc/default/ipvsadm";

const FIND: &str = "if [ -e /etc/ipvsadm.rules ] || [ -e /etc/default/ipvsadm ]; then path=/etc/ipvsadm.rules\n\
    elif [ -d /etc/sysconfig ]; then path=/etc/sysconfig/ipvsadm\n\
    else path=; fi\n";

/// A line with the path, one for each of the two files whether it is there, and the text of the first.
pub(super) fn scripts() -> Vec<String> {
    vec![
        format!(
            "{FIND}echo \"$path\"; if [ -e \"$path\" ]; then echo there; else echo absent; fi; \
             if [ -e {DEFAULTS} ]; then echo there; else echo absent; fi\n{}",
            regular("$path")
        ),
        regular(DEFAULTS),
    ]
}

pub(super) fn read(answers: &[Answer]) -> Result<SavedIpvs, String> {
    let [found, defaults] = answers else { return Err("the host did not answer".to_owned()) };
    let mut rest = found.output("cat")?;
    let mut next = || {
        let (line, behind) = line(rest).ok_or("the host's answer is not ours")?;
        rest = behind;
        Ok::<_, &str>(line)
    };
    let (path, table, switch) = (next()?, next()?, next()?);
    let text = rest;
    let file = IpvsFile::parse(text).map_err(|malformed| format!("{path}, {malformed}"))?;
    Ok(SavedIpvs {
        path: Some(path).filter(|path| !path.is_empty()).map(Utf8PathBuf::from),
        text: (table == "there").then(|| text.to_vec()),
        file,
        defaults: if switch == "there" { Some(defaults.output("cat")?.to_vec()) } else { None },
    })
}
