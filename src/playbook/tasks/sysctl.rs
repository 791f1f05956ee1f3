//! `sysctl`: a kernel parameter, with the names of Ansible's module.

use super::{STATE, only_present, present};
use crate::playbook::SysctlValue;
use crate::source::{Field, Node, Reading, Shape, Value, shown};

/// A parameter's name: words, parted by dots or by slashes.
const NAME: &str = r"^[A-Za-z0-9_][A-Za-z0-9_@:-]*([./][A-Za-z0-9_][A-Za-z0-9_@:-]*)+$";

pub(super) const FIELDS: &[Field] = &[
    Field::required("name", Shape::Matching(NAME), "The parameter, such as net.ipv4.ip_forward"),
    Field::optional(
        "value",
        Shape::OneOf(&[Shape::Number(0, u64::MAX), Shape::Text]),
        "Its value, now and at boot; lists of numbers as text",
    ),
    Field::optional(
        "state",
        STATE,
        "absent: no file of the administrator's sets it at boot; the kernel's value is left alone",
    ),
];

/// The longest value, in bytes: the kernel takes a page.
const LONGEST: usize = 1000;

pub(super) fn read(node: &Node, reading: &mut Reading) -> Option<(SysctlValue, String)> {
    let fields = reading.fields_of(node, "`sysctl`", FIELDS)?;
    let name = fields.require(reading, "name").and_then(|node| name(node, reading));
    let present = present(fields, reading);
    let value = if present? {
        fields.require(reading, "value").and_then(|node| value(node, reading)).map(Some)
    } else {
        only_present(fields, &["value"], reading).map(|()| None)
    };
    let name = name?;
    Some((SysctlValue { name: name.clone(), value: value? }, name))
}

fn name(node: &Node, reading: &mut Reading) -> Option<String> {
    let text = reading.text(node, "`name`")?;
    let mut words = text.split(['.', '/']);
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "_@:-".contains(c))
    };
    if text.contains(['.', '/']) && text.len() <= 200 && words.all(is_word) {
        return Some(text.to_owned());
    }
    let message = format!("{} is not the name of a kernel parameter", shown(text));
    reading.refuse_with(node.span, message, "names look like net.ipv4.ip_forward; a dot within a word is written /")
}

fn value(node: &Node, reading: &mut Reading) -> Option<String> {
    let text = match &node.value {
        Value::Number(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            if number.len() > 1 && number.starts_with('0') {
                return reading.refuse(
                    node.span,
                    format!("`value` looks octal: {}; write it without leading zeros", shown(number)),
                );
            }
            number.as_str()
        }
        Value::Number(number) => {
            let message = format!("`value` is a whole number of 0 or more, or text, not {}", shown(number));
            return reading.refuse_with(node.span, message, format!("put it in quotes: \"{number}\""));
        }
        Value::Text(text) => reading.printable(node.span, text, "`value`")?,
        _ => return reading.wrong_kind(node, "`value`", "text or a number"),
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() || text.trim() != text || text.len() > LONGEST {
        let message = format!("`value` is 1 to {LONGEST} bytes, without blanks at its ends");
        return reading.refuse(node.span, message);
    }
    Some(words.join(" "))
}
