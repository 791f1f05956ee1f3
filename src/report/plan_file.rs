//! A plan as a file: what `--check` announces, for `apply --plan` to make exactly that.
//!
//! Planning is a function of the inputs and of what was observed. So a plan holds while both have the digests that are
//! in its file; its changes are there for people, and are compared all the same.

use super::json;
use crate::{
    run::Outcome,
    source::{Fault, Faults, Fields, Node, Reading, Source},
};
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// The file's version: it grows when a field changes its meaning or goes.
const VERSION: u64 = 1;

/// A plan for all hosts of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanFile {
    version: u64,
    lvs_ftp: String,
    made: String,
    inputs: String,
    hosts: Vec<Planned>,
}

/// A plan for one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Planned {
    host: String,
    observed: BTreeMap<String, String>,
    changes: Vec<Value>,
}

impl PlanFile {
    /// The plan of these outcomes, before any of their changes is made; an error names what could not be observed.
    /// `made` is when they were, and `inputs` the digest of what the inputs mean.
    pub fn of(outcomes: &[Outcome], inputs: String, made: String) -> Result<Self, Vec<String>> {
        let trouble: Vec<String> = outcomes
            .iter()
            .filter_map(|outcome| Some(format!("{}: {}", outcome.host, outcome.trouble.as_ref()?.text())))
            .collect();
        if !trouble.is_empty() {
            return Err(trouble);
        }
        let planned = |outcome: &Outcome| Planned {
            host: outcome.host.clone(),
            observed: outcome.observed.clone(),
            changes: json::changes_with_commands(outcome),
        };
        Ok(Self {
            version: VERSION,
            lvs_ftp: env!("CARGO_PKG_VERSION").to_owned(),
            made,
            inputs,
            hosts: outcomes.iter().map(planned).collect(),
        })
    }

    /// The file's text.
    #[must_use]
    pub fn render(&self) -> String {
        serde_json::to_value(self).map(|value| format!("{value:#}\n")).unwrap_or_default()
    }

    /// Reads a file's text; all that is wrong with it is told with its place.
    pub fn read(source: &Arc<Source>) -> Result<Self, Faults> {
        let tree = source.tree()?;
        let mut reading = Reading::new(source);
        let plan = plan(&tree, &mut reading);
        reading.finish(plan)
    }

    /// What has moved between this plan and one that was made now; empty when they are one.
    #[must_use]
    pub fn moved(&self, now: &Self) -> Vec<String> {
        let mut moved = Vec::new();
        if self.lvs_ftp != now.lvs_ftp {
            moved.push(format!("the plan was made by lvs-ftp {}, and this is {}", self.lvs_ftp, now.lvs_ftp));
        }
        if self.inputs != now.inputs {
            moved.push("inventory, playbook or options mean something else than when the plan was made".to_owned());
        }
        for planned in &self.hosts {
            match now.hosts.iter().find(|host| host.host == planned.host) {
                Some(host) => moved.extend(planned.moved(host)),
                None => moved.push(format!("{}: it is in the plan, and not among the hosts of this run", planned.host)),
            }
        }
        for host in now.hosts.iter().filter(|host| self.hosts.iter().all(|planned| planned.host != host.host)) {
            moved.push(format!("{}: it is not in the plan", host.host));
        }
        moved
    }
}

impl Planned {
    fn moved(&self, now: &Self) -> Vec<String> {
        let mut names: Vec<&String> = self.observed.keys().chain(now.observed.keys()).collect();
        names.sort();
        names.dedup();
        names.retain(|name| self.observed.get(*name) != now.observed.get(*name));
        if names.is_empty() && self.changes != now.changes {
            return vec![format!("{}: what is to be done is not what the plan says", self.host)];
        }
        names.into_iter().map(|name| format!("{}: {name} changed since the plan was made", self.host)).collect()
    }
}

fn plan(tree: &Node, reading: &mut Reading) -> Option<PlanFile> {
    let fields = reading.fields(tree, "a plan", &["version", "lvs_ftp", "made", "inputs", "hosts"])?;
    let node = fields.require(reading, "version")?;
    let version = reading.number(node, "`version`")?;
    if version != VERSION {
        let message =
            format!("this plan has version {version}, and lvs-ftp {} reads {VERSION}", env!("CARGO_PKG_VERSION"));
        return reading.refuse_with(node.span, message, "make it anew: lvs-ftp apply --check --out FILE");
    }
    let mut text = |key: &str| text(fields, key, reading);
    let (lvs_ftp, made, inputs) = (text("lvs_ftp"), text("made"), text("inputs"));
    let node = fields.require(reading, "hosts")?;
    let mut hosts: Vec<Planned> = Vec::new();
    for node in reading.list(node, "`hosts`")? {
        let Some(host) = host(node, reading) else { continue };
        if hosts.iter().any(|known| known.host == host.host) {
            reading.refuse::<()>(node.start(), format!("the host `{}` is here twice", host.host));
        }
        hosts.push(host);
    }
    Some(PlanFile { version, lvs_ftp: lvs_ftp?, made: made?, inputs: inputs?, hosts })
}

fn host(node: &Node, reading: &mut Reading) -> Option<Planned> {
    let fields = reading.fields(node, "a host of a plan", &["host", "observed", "changes"])?;
    let host = text(fields, "host", reading);
    let observed = json_value(fields, "observed", reading);
    let changes = json_value(fields, "changes", reading);
    Some(Planned { host: host?, observed: observed?, changes: changes? })
}

fn text(fields: Fields<'_>, key: &str, reading: &mut Reading) -> Option<String> {
    let node = fields.require(reading, key)?;
    reading.text(node, &format!("`{key}`")).map(str::to_owned)
}

/// A part of the file that is only compared: any JSON of this shape.
fn json_value<T: serde::de::DeserializeOwned>(fields: Fields<'_>, key: &str, reading: &mut Reading) -> Option<T> {
    let node = fields.require(reading, key)?;
    let written = reading.source().text().get(node.span.start..node.span.end).unwrap_or_default();
    serde_json::from_str(written).map_err(|error| error.to_string()).map_or_else(
        |error| {
            let said = error.split(" at line ").next().unwrap_or_default();
            let fault = Fault::at(&reading.source().place(node.start()), format!("`{key}` is not a plan's: {said}"));
            reading.note(fault.hint("make the plan anew: lvs-ftp apply --check --out FILE"))
        },
        Some,
    )
}

#[cfg(test)]
#[path = "plan_file_tests.rs"]
mod tests;
