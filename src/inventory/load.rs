//! Reading an inventory from disk: files, folders of files, and the variables beside them.

use super::{Inventory, graph::Graph, shape, vars_files::VarsFiles};
use crate::source::{Fault, Faults, Kind, Source, kind_of, list_folder, read_document};
use camino::{Utf8Path, Utf8PathBuf};
use std::sync::Arc;

/// Folders are followed so deep; a loop of links ends here.
const DEEPEST: usize = 10;
/// What Ansible skips in a folder of sources.
const SKIPPED_ENDINGS: [&str; 12] =
    ["~", ".orig", ".bak", ".cfg", ".retry", ".pyc", ".pyo", ".swp", ".rpm", ".md", ".txt", ".rst"];
const SKIPPED_FOLDERS: [&str; 3] = ["group_vars", "host_vars", "vars_plugins"];

pub(super) fn load(sources: &[Utf8PathBuf], playbook_folders: &[Utf8PathBuf]) -> Result<Inventory, Faults> {
    let mut faults = Vec::new();
    let mut graph = Graph::default();
    let mut beside: Vec<Utf8PathBuf> = Vec::new();
    for path in sources {
        match read_source(path, 0, &mut graph) {
            Ok(0) => faults.push(no_file(path)),
            Ok(_) => {}
            Err(more) => faults.extend(more.into_vec()),
        }
        let folder = folder_of(path);
        beside.retain(|known| *known != folder);
        beside.push(folder);
    }
    if faults.is_empty() && graph.hosts.is_empty() {
        let path = sources.first().map_or(Utf8Path::new("inventory"), |path| path);
        let fault = Fault::about(path, "the inventory has no hosts");
        faults.push(fault.hint("name them below `hosts` of a group"));
    }
    // A folder that is both wins as the playbook's.
    beside.retain(|folder| !playbook_folders.contains(folder));
    let mut read = |folders: &[Utf8PathBuf]| -> Vec<VarsFiles> {
        let folders = folders.iter();
        folders.map(|folder| VarsFiles::below(folder, &graph, &mut faults)).collect()
    };
    let (source_folders, playbook_folders) = (read(&beside), read(playbook_folders));
    Inventory::joined(graph, source_folders, playbook_folders, faults)
}

fn no_file(path: &Utf8Path) -> Fault {
    Fault::about(path, "the folder has no inventory file").hint("put a .json or .yml file there")
}

/// The folder whose `group_vars/` and `host_vars/` belong to a source.
fn folder_of(path: &Utf8Path) -> Utf8PathBuf {
    match kind_of(path) {
        Ok(Some(Kind::Folder)) => path.to_owned(),
        _ => path.parent().unwrap_or(path).to_owned(),
    }
}

/// Reads a source and says how many files it was.
fn read_source(path: &Utf8Path, depth: usize, graph: &mut Graph) -> Result<usize, Faults> {
    match kind_of(path)? {
        Some(Kind::Folder) if depth > DEEPEST => {
            Err(Fault::about(path, format!("folders are nested deeper than {DEEPEST} levels")).into())
        }
        Some(Kind::Folder) => {
            let mut faults = Vec::new();
            let mut count = 0;
            for entry in list_folder(path)?.iter().filter(|entry| is_source(entry)) {
                match read_source(entry, depth + 1, graph) {
                    Ok(more) => count += more,
                    Err(more) => faults.extend(more.into_vec()),
                }
            }
            Faults::check(faults).map(|()| count)
        }
        Some(Kind::File { executable }) => {
            let source = readable(path, executable)?;
            shape::read(&source, graph).map_err(|faults| explained(faults, &source))?;
            Ok(1)
        }
        None => Err(Fault::about(path, "there is no such inventory").hint("name it with -i").into()),
    }
}

fn is_source(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    !name.starts_with('.')
        && !SKIPPED_FOLDERS.contains(&name)
        && !SKIPPED_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The text of an inventory file; programs and formats that are not read yet are refused, not guessed at.
fn readable(path: &Utf8Path, executable: bool) -> Result<Arc<Source>, Fault> {
    let known_ending = matches!(path.extension(), Some("json" | "yml" | "yaml"));
    if executable && !known_ending {
        let fault = Fault::about(path, "this is a program; executable inventories are not supported yet");
        return Err(fault.hint(format!("save what it prints: {path} --list > inventory.json")));
    }
    if let (false, Some(ending)) = (known_ending, path.extension()) {
        let fault = Fault::about(path, format!("`.{ending}` is not an inventory that lvs-ftp reads"));
        return Err(fault.hint("write it as JSON or YAML, in a file that ends in .json or .yml"));
    }
    read_document(path)
}

/// Says of an INI file that it is one, instead of what is wrong with it as YAML.
fn explained(faults: Faults, source: &Arc<Source>) -> Faults {
    let known_ending = source.path().extension().is_some();
    let mut lines = source.text().lines().map(str::trim);
    let looks_like_ini = lines.any(|line| {
        let name = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
        name.is_some_and(|name| !name.is_empty() && !name.contains(['"', '\'', ',', ' ', '{']))
    });
    if known_ending || !looks_like_ini {
        return faults;
    }
    Fault::about(source.path(), "this looks like an INI inventory, which is not supported yet")
        .hint("save what `ansible-inventory --list` prints as a .json file and use that")
        .into()
}
