//! `group_vars/` and `host_vars/`: files, and folders of files, named after groups and hosts.

use super::{graph::Graph, shape, variables::Variables};
use crate::source::{Fault, Kind, Reading, kind_of, list_folder, read_text};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{HashMap, HashSet};

/// What the files beside one inventory or playbook set, by position in the graph.
#[derive(Debug, Default)]
pub(super) struct VarsFiles {
    groups: HashMap<usize, Variables>,
    hosts: HashMap<usize, Variables>,
    none: Variables,
}

/// Ansible's order: of `all`, `all.yml`, `all.yaml` and `all.json` only the first that is there is read.
const ENDINGS: [&str; 4] = ["", ".yml", ".yaml", ".json"];
/// Folders below a group's folder are followed so deep; a loop of links ends here.
const DEEPEST: usize = 10;

impl VarsFiles {
    pub(super) fn group(&self, group: usize) -> &Variables {
        self.groups.get(&group).unwrap_or(&self.none)
    }

    pub(super) fn host(&self, host: usize) -> &Variables {
        self.hosts.get(&host).unwrap_or(&self.none)
    }

    /// Reads the variables of all groups and hosts that the graph knows from below a folder.
    pub(super) fn below(folder: &Utf8Path, graph: &Graph, faults: &mut Vec<Fault>) -> Self {
        let groups = graph.groups.keys().map(String::as_str);
        let hosts = graph.hosts.keys().map(String::as_str);
        Self {
            groups: named(&folder.join("group_vars"), groups, faults),
            hosts: named(&folder.join("host_vars"), hosts, faults),
            none: Variables::default(),
        }
    }
}

fn named<'n>(
    folder: &Utf8Path,
    names: impl Iterator<Item = &'n str>,
    faults: &mut Vec<Fault>,
) -> HashMap<usize, Variables> {
    let mut found = HashMap::new();
    let listed = match kind_of(folder) {
        Ok(Some(Kind::Folder)) => list_folder(folder),
        Ok(_) => return found,
        Err(fault) => Err(fault),
    };
    let present: HashSet<Utf8PathBuf> = match listed {
        Ok(entries) => entries.into_iter().collect(),
        Err(fault) => {
            faults.push(fault);
            return found;
        }
    };
    for (position, name) in names.enumerate() {
        let path = ENDINGS.iter().map(|ending| folder.join(format!("{name}{ending}")));
        if let Some(path) = path.into_iter().find(|path| present.contains(path)) {
            let mut variables = Variables::default();
            read_path(&path, 0, &mut variables, faults);
            found.insert(position, variables);
        }
    }
    found
}

/// Reads a file, or the files of a folder in sorted order.
fn read_path(path: &Utf8Path, depth: usize, variables: &mut Variables, faults: &mut Vec<Fault>) {
    let done = match kind_of(path) {
        Ok(Some(Kind::Folder)) if depth > DEEPEST => {
            Err(vec![Fault::about(path, format!("folders are nested deeper than {DEEPEST} levels"))])
        }
        Ok(Some(Kind::Folder)) => read_folder(path, depth, variables, faults),
        Ok(_) => read_file(path, variables),
        Err(fault) => Err(vec![fault]),
    };
    if let Err(more) = done {
        faults.extend(more);
    }
}

fn read_folder(
    path: &Utf8Path,
    depth: usize,
    variables: &mut Variables,
    faults: &mut Vec<Fault>,
) -> Result<(), Vec<Fault>> {
    for entry in list_folder(path).map_err(|fault| vec![fault])? {
        let name = entry.file_name().unwrap_or_default();
        let is_folder = matches!(kind_of(&entry), Ok(Some(Kind::Folder)));
        let fits = match entry.extension() {
            None => true,
            Some(ending) => !is_folder && matches!(ending, "yml" | "yaml" | "json"),
        };
        if fits && !name.starts_with('.') && !name.ends_with('~') {
            read_path(&entry, depth + 1, variables, faults);
        }
    }
    Ok(())
}

fn read_file(path: &Utf8Path, variables: &mut Variables) -> Result<(), Vec<Fault>> {
    let source = read_text(path).map_err(|fault| vec![fault])?;
    if source.text().trim().is_empty() {
        return Ok(());
    }
    let tree = source.tree().map_err(crate::source::Faults::into_vec)?;
    let mut reading = Reading::new(&source);
    let entries = shape::variables(&tree, &mut reading);
    let entries = reading.finish(entries).map_err(crate::source::Faults::into_vec)?;
    variables.overlay(&Variables::of(&source, entries));
    Ok(())
}
