//! Reading an inventory from disk: files, folders of files, and the variables beside them.

use super::{
    Inputs, Inventory, Programs, extra_vars, graph::Graph, host_list, ini, program, shape, variables::Variables,
    vars_files::VarsFiles,
};
use crate::source::{Fault, Faults, Kind, is_program, kind_of, list_folder, read_document, read_text};
use camino::{Utf8Path, Utf8PathBuf};

/// Folders are followed so deep; a loop of links ends here.
const DEEPEST: usize = 10;
/// What Ansible skips in a folder of sources: its default of `INVENTORY_IGNORE_EXTS`.
const SKIPPED_ENDINGS: [&str; 12] =
    ["~", ".orig", ".bak", ".cfg", ".retry", ".pyc", ".pyo", ".swp", ".rpm", ".md", ".txt", ".rst"];
const SKIPPED_FOLDERS: [&str; 3] = ["group_vars", "host_vars", "vars_plugins"];

pub(super) fn load(inputs: &Inputs<'_>) -> Result<Inventory, Faults> {
    let Inputs { sources, playbook_folders, extra_vars, programs } = *inputs;
    let mut faults = Vec::new();
    let mut graph = Graph::default();
    let mut beside: Vec<Utf8PathBuf> = Vec::new();
    for path in sources {
        if kind_of(path)?.is_none() && host_list::is_list(path.as_str()) {
            if let Err(more) = host_list::read(path.as_str(), &mut graph) {
                faults.extend(more.into_vec());
            }
            continue;
        }
        match read_source(path, 0, &mut graph, programs) {
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
    let extra = extra_vars::read(extra_vars).unwrap_or_else(|more| {
        faults.extend(more.into_vec());
        Variables::default()
    });
    Inventory::joined(graph, source_folders, playbook_folders, extra, faults)
}

fn no_file(path: &Utf8Path) -> Fault {
    Fault::about(path, "the folder has no inventory file")
        .hint("put an inventory there, such as hosts.json or hosts.yml")
}

/// The folder whose `group_vars/` and `host_vars/` belong to a source.
fn folder_of(path: &Utf8Path) -> Utf8PathBuf {
    match kind_of(path) {
        Ok(Some(Kind::Folder)) => path.to_owned(),
        _ => path.parent().unwrap_or(path).to_owned(),
    }
}

/// Reads a source and says how many files it was.
fn read_source(path: &Utf8Path, depth: usize, graph: &mut Graph, programs: Programs<'_>) -> Result<usize, Faults> {
    match kind_of(path)? {
        Some(Kind::Folder) if depth > DEEPEST => {
            Err(Fault::about(path, format!("folders are nested deeper than {DEEPEST} levels")).into())
        }
        Some(Kind::Folder) => {
            let mut faults = Vec::new();
            let mut count = 0;
            let listed = list_folder(path)?;
            let sources: Vec<&Utf8PathBuf> = listed.iter().filter(|entry| is_source(entry)).collect();
            let is_ini = |entry: &&Utf8PathBuf| entry.extension() == Some("ini");
            let all_ini = sources.iter().all(is_ini);
            for entry in sources {
                if is_ini(&entry) && !all_ini {
                    faults.push(ini_in_folder(entry));
                    continue;
                }
                match read_source(entry, depth + 1, graph, programs) {
                    Ok(more) => count += more,
                    Err(more) => faults.extend(more.into_vec()),
                }
            }
            Faults::check(faults).map(|()| count)
        }
        Some(Kind::File { executable }) => {
            read_file(path, executable, graph, programs)?;
            Ok(1)
        }
        None => Err(Fault::about(path, "there is no such inventory").hint("name it with -i").into()),
    }
}

/// The versions of Ansible differ on such a file: one that was left there must not add hosts. Where a folder has no other
/// sources they are what is meant.
fn ini_in_folder(path: &Utf8Path) -> Fault {
    Fault::about(path, "Ansible up to 2.18 skips a folder's .ini files, and later ones read them beside the others")
        .hint("give it a name without an ending if it is an inventory, or one such as .bak if it is none")
}

fn is_source(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    !name.starts_with('.')
        && !SKIPPED_FOLDERS.contains(&name)
        && !SKIPPED_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Reads a file by its ending, as Ansible does: whatever is no JSON or YAML by name is INI.
fn read_file(path: &Utf8Path, executable: bool, graph: &mut Graph, programs: Programs<'_>) -> Result<(), Faults> {
    if executable && is_program(path)? {
        return program::read(path, graph, programs);
    }
    match path.extension() {
        Some("json" | "yml" | "yaml") => shape::read(&read_document(path)?, graph),
        Some("toml") => {
            let fault = Fault::about(path, "TOML is not an inventory that lvs-ftp reads");
            Err(fault.hint("save what `ansible-inventory --list` prints as a .json file and use that").into())
        }
        None => shape::read_either(&read_text(path)?, graph),
        Some(_) => ini::read(&read_text(path)?, graph),
    }
}
