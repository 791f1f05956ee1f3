//! `config_line`: a line of a text file, with the names of Ansible's lineinfile.

use super::{STATE, only_present, present};
use crate::playbook::{cluster::optional, settings};
use crate::resource::StatedLine;
use crate::source::{Field, Node, Reading, Shape, shown};
use camino::{Utf8Path, Utf8PathBuf};
use regex::bytes::{Regex, RegexBuilder};

pub(super) const FIELDS: &[Field] = &[
    Field::required("path", Shape::Matching(settings::PATH), "The file, absolute"),
    Field::optional("line", LINE, "The line; needed unless it is absent"),
    Field::optional(
        "regexp",
        Shape::Text,
        "The last line that it matches anywhere is replaced by `line`; absent: all lines that it matches go",
    ),
    Field::optional("state", STATE, "Whether the line is there"),
    Field::optional("create", Shape::Boolean, "Whether a file that is not there is made; false if not given"),
];

/// Text with tabs, but no other control characters.
const LINE: Shape = Shape::Matching(r"^[^\x00-\x08\x0a-\x1f\x7f-\x9f]{1,4000}$");

/// The longest line and the longest expression, in bytes.
const LONGEST: usize = 4000;

/// Files that are kept by their meaning: what else keeps each.
const KEPT: [(&str, &str); 7] = [
    ("/etc/sysconfig/iptables", "iptables_rule"),
    ("/etc/iptables/rules.v4", "iptables_rule"),
    ("/etc/sysconfig/ipvsadm", "ipvs_service"),
    ("/etc/ipvsadm.rules", "ipvs_service"),
    ("/etc/default/ipvsadm", "ipvs_service"),
    ("/etc/sysctl.conf", "sysctl"),
    ("/etc/sysctl.d", "sysctl"),
];

pub(super) fn read(node: &Node, reading: &mut Reading) -> Option<(StatedLine, String)> {
    let fields = reading.fields_of(node, "`config_line`", FIELDS)?;
    let path = fields.require(reading, "path").and_then(|node| path(node, reading));
    let present = present(fields, reading);
    let line = optional(fields, "line", None, reading, |node, reading| line(node, reading).map(Some));
    let pattern = optional(fields, "regexp", None, reading, |node, reading| pattern(node, reading).map(Some));
    let create = optional(fields, "create", false, reading, |node, reading| reading.boolean(node, "`create`"));
    let (present, line, pattern) = (present?, line?, pattern?);
    match (present, &line, &pattern) {
        (true, None, _) => {
            fields.require(reading, "line")?;
        }
        (false, None, None) => {
            return reading.refuse(node.start(), "`config_line` needs `line` or `regexp`, to say which lines go");
        }
        (true, Some(line), Some(pattern)) if !pattern.is_match(line.as_bytes()) => {
            let at = fields.get("regexp").map_or(node.start(), |node| node.span);
            return reading.refuse_with(
                at,
                format!("`regexp` does not match `line`: {}", shown(line)),
                "it must, or the next run would not know the line again",
            );
        }
        _ => {}
    }
    if !present {
        only_present(fields, &["create"], reading)?;
    }
    let path = path?;
    let about = path.to_string();
    Some((StatedLine { path, line, pattern, present, create: create? }, about))
}

fn path(node: &Node, reading: &mut Reading) -> Option<Utf8PathBuf> {
    let path = settings::path(node, "`path`", "such as /etc/hosts.allow", reading)?;
    if let Some((_, kind)) = KEPT.iter().find(|(kept, _)| Utf8Path::new(&path).starts_with(kept)) {
        let message = format!("{path} is kept by what its lines mean, not by single lines");
        return reading.refuse_with(node.span, message, format!("write a task of the kind `{kind}`"));
    }
    Some(path)
}

fn line(node: &Node, reading: &mut Reading) -> Option<String> {
    // A tab may stand in a line, but nothing else that is not seen.
    let crate::source::Value::Text(text) = &node.value else {
        return reading.text(node, "`line`").map(str::to_owned);
    };
    reading.printable(node.span, &text.replace('\t', " "), "`line`")?;
    if text.is_empty() || text.len() > LONGEST {
        return reading.refuse(node.span, format!("`line` is 1 to {LONGEST} bytes"));
    }
    Some(text.clone())
}

/// Works on bytes: `.` is any but a line's end, and classes such as `\d` are ASCII.
fn pattern(node: &Node, reading: &mut Reading) -> Option<Regex> {
    let text = reading.text(node, "`regexp`")?;
    if text.is_empty() || text.len() > LONGEST {
        return reading.refuse(node.span, format!("`regexp` is 1 to {LONGEST} bytes"));
    }
    match RegexBuilder::new(text).unicode(false).size_limit(1 << 20).build() {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let said = error.to_string();
            let why = said.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let hint = "it is read as by Rust's regex: as in Python, but without look-around and back references";
            reading.refuse_with(node.span, format!("`regexp` is not an expression that can be used: {why}"), hint)
        }
    }
}
