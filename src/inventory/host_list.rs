//! An inventory that is only a list of hosts: `-i lvs1,lvs2,`.

use super::{
    graph::{Graph, UNGROUPED},
    host_name, host_port, shape,
};
use crate::source::{Faults, Reading, Source, Span};

/// Whether a source that is no file is such a list.
pub(super) fn is_list(source: &str) -> bool {
    source.contains(',')
}

/// Adds the hosts of a list to the graph; a name that is there already stays as it is.
pub(super) fn read(list: &str, graph: &mut Graph) -> Result<(), Faults> {
    let source = Source::new("--inventory", list);
    let mut reading = Reading::new(&source);
    let mut start = 0;
    for part in list.split(',') {
        let text = part.trim();
        let at = start + (part.len() - part.trim_start().len());
        let span = Span { start: at, end: at + text.len() };
        start += part.len() + 1;
        if text.is_empty() {
            continue;
        }
        let (name, port) =
            if text.contains('[') && !text.starts_with('[') { (text, None) } else { host_port::split(text) };
        if reading.fit(span, host_name::check_host(name)).is_some() && !graph.hosts.contains_key(name) {
            let host = shape::host(name, port, span, graph, &reading);
            graph.groups[UNGROUPED].hosts.insert(host);
        }
    }
    reading.finish(Some(()))
}
