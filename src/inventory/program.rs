//! Executable inventories: what a program prints for `--list`, and for `--host NAME` where the list has no `_meta`.

use super::{Programs, dynamic_shape, graph::Graph, shape, variables::Variables};
use crate::source::{Fault, Faults, Reading, Source, Value};
use camino::{Utf8Path, Utf8PathBuf};
use std::sync::Arc;

/// Adds to the graph what the program at this path says.
pub(super) fn read(path: &Utf8Path, graph: &mut Graph, programs: Programs<'_>) -> Result<(), Faults> {
    // With a slash in it: a bare name must not be looked for in PATH.
    let program = camino::absolute_utf8(path).unwrap_or_else(|_| Utf8Path::new(".").join(path));
    let source = answer(path, &program, &["--list"], programs)?;
    let tree = source.json()?;
    let mut reading = Reading::new(&source);
    let listed = match &tree.value {
        Value::Map(groups) => dynamic_shape::read(groups, true, graph, &mut reading),
        _ => reading.wrong_kind(&tree, "what an inventory program prints", "a map of groups"),
    };
    let listed = reading.finish(listed)?;
    if listed.with_variables {
        return Ok(());
    }
    for host in listed.hosts {
        let Some((name, _)) = graph.hosts.get_index(host) else { continue };
        let source = answer(path, &program, &["--host", name], programs)?;
        if source.text().trim().is_empty() {
            continue;
        }
        let tree = source.json()?;
        let mut reading = Reading::new(&source);
        let set = dynamic_shape::variables(&tree, &mut reading)
            .and_then(|entries| shape::set_host_variables(host, &Variables::of(&source, entries), graph, &mut reading));
        reading.finish(set)?;
    }
    Ok(())
}

/// What the program prints, as a source whose name is its command line.
fn answer(
    path: &Utf8Path,
    program: &Utf8Path,
    arguments: &[&str],
    programs: Programs<'_>,
) -> Result<Arc<Source>, Fault> {
    let name = Utf8PathBuf::from(format!("{path} {}", arguments.join(" ")));
    let refuse = |why: String| {
        Fault::about(&name, why).hint("an executable file is run as an inventory; take its x mode away if it is none")
    };
    let text = programs(program, arguments).map_err(refuse)?;
    match text.find(['\0', '\u{feff}']) {
        Some(at) if text[at..].starts_with('\0') => Err(Fault::about(&name, "it prints a NUL byte")),
        Some(0) => Err(Fault::about(&name, "it prints a byte order mark, which JSON does not have")),
        _ => Ok(Source::new(name, text)),
    }
}
