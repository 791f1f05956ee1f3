//! The IPVS table that the host loads at boot holds our services, with the weights that are wanted: never a drain's 0.

use super::{Kind, Resource, VirtualService, mark_rules};
use crate::{
    format::{cksum::cksum, ipvs::ServiceKey},
    lvs::FirewallMark,
    plan::{Action, Change, Diff, Proof, Stage, Step},
    probe::{Facts, IPVS_DEFAULTS, Probe, Unknown},
};
use camino::Utf8PathBuf;

/// The saved services of all plays on a host: they share one file.
#[derive(Debug, Clone, Default)]
pub struct SavedIpvs {
    /// Services that it shall hold.
    pub services: Vec<VirtualService>,
    /// Marks whose services it shall not hold.
    pub gone: Vec<FirewallMark>,
}

const NO_PLACE: &str = "there is no place for a saved IPVS table, neither /etc/sysconfig nor Debian's /etc/default/ipvsadm: install ipvsadm";

impl Resource for SavedIpvs {
    fn kind(&self) -> Kind {
        Kind::SavedIpvs
    }

    fn probes(&self) -> Vec<Probe> {
        let running =
            self.services.iter().flat_map(Resource::probes).filter(|probe| matches!(probe, Probe::PacketFilter(_)));
        let filter = self.services.iter().any(|service| service.play.is_some()).then_some(Probe::SavedFilter);
        std::iter::once(Probe::SavedIpvs).chain(filter).chain(running).collect()
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let found = facts.saved_ipvs()?;
        let Some(path) = &found.path else {
            let is_wanted = !self.services.is_empty();
            return Ok(if is_wanted { Diff::for_a_person(NO_PLACE) } else { Diff::default() });
        };
        let mut file = found.file.clone();
        for service in &self.services {
            let wanted = service.saved(&file);
            file.set(&wanted);
            // The running rules may tell no more of an older mark when a run ended before the boot files.
            let mut older = service.older(facts)?;
            if service.play.is_some() {
                let saved = facts.saved_filter()?.dump.rules(mark_rules::TABLE, mark_rules::CHAIN);
                older.extend(service.older_in(&saved));
            }
            for older in older {
                file.remove(&ServiceKey::mark(older));
            }
        }
        for mark in &self.gone {
            file.remove(&ServiceKey::mark(mark.get()));
        }
        let (before, after) = (found.text.clone().unwrap_or_default(), file.render());
        let mut diff = Diff::default();
        if after != before || (found.text.is_none() && !self.services.is_empty()) {
            diff.changes.push(change(path, found.text.clone(), after, "services and destinations as wanted"));
        }
        if let Some(defaults) = found.defaults.as_ref().filter(|_| !self.services.is_empty()) {
            diff.changes.extend(
                switched_on(defaults).map(|text| {
                    change(&Utf8PathBuf::from(IPVS_DEFAULTS), Some(defaults.clone()), text, "AUTO -> true")
                }),
            );
        }
        Ok(diff)
    }
}

fn change(path: &Utf8PathBuf, before: Option<Vec<u8>>, after: Vec<u8>, what: &str) -> Change {
    Change {
        needs: Vec::new(),
        drain: None,
        stage: Stage::Persist,
        action: if before.is_some() { Action::Edit } else { Action::Add },
        summary: format!("{path}: {what}"),
        before: before.clone().unwrap_or_default(),
        after: after.clone(),
        step: Step::File {
            path: path.clone(),
            observed: before.map(|text| cksum(&text)),
            text: after,
            proof: Proof::None,
        },
    }
}

/// Debian's defaults file with AUTO="true"; nothing when it says so already. It is shell text: the last line counts. One
/// that is more than a plain assignment is left as it is, and overruled by a new last line.
fn switched_on(text: &[u8]) -> Option<Vec<u8>> {
    const ON: &[u8] = b"AUTO=\"true\"";
    let mut lines: Vec<Vec<u8>> = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let last = lines.iter().rposition(|line| is_about_auto(line));
    match last.and_then(|last| Some((last, plain_value(&lines[last])?))) {
        Some((_, b"true" | b"\"true\"" | b"'true'")) => return None,
        Some((last, value)) => {
            let behind = b"AUTO=".len() + value.len();
            lines[last] = [ON, &lines[last][behind..]].concat();
        }
        None => {
            if let Some(last) = lines.last_mut().filter(|line| !line.ends_with(b"\n")) {
                last.push(b'\n');
            }
            lines.push([ON, b"\n"].concat());
        }
    }
    Some(lines.concat())
}

/// Whether a line assigns to AUTO, in whatever way.
fn is_about_auto(line: &[u8]) -> bool {
    let code = line.split(|byte| *byte == b'#').next().unwrap_or_default();
    code.windows(b"AUTO=".len()).any(|words| words == b"AUTO=")
}

/// The value of a line that is `AUTO=WORD` and nothing more than a comment behind it, quotes included.
fn plain_value(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"AUTO=")?;
    let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
    let (word, behind) = rest.split_at(end);
    let quoted = |quote: &[u8]| word.strip_prefix(quote).and_then(|word| word.strip_suffix(quote));
    let bare = quoted(b"\"").or_else(|| quoted(b"'")).unwrap_or(word);
    let is_alone = matches!(behind.trim_ascii_start().first(), None | Some(b'#'));
    (is_alone && bare.iter().all(u8::is_ascii_alphanumeric)).then_some(word)
}
