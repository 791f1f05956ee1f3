//! `vsftpd`: the user's own options, within what vsftpd reads right (vsftpd.conf(5)).

use super::{Vsftpd, cluster::optional};
use crate::source::{Entry, Fault, Field, Node, Reading, Shape, Value, decimal, shown};
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

pub(super) const VSFTPD: &[Field] = &[
    Field::optional("conf", Shape::Matching(PATH), "vsftpd's configuration file; found on the host if not given"),
    Field::optional("settings", SETTINGS, "Options of your own, such as idle_session_timeout"),
];
const SETTINGS: Shape =
    Shape::MapOf("^[a-z0-9_]{1,100}$", &Shape::OneOf(&[Shape::Boolean, Shape::Number(0, u64::MAX), Shape::Text]));
/// An absolute path of a file.
pub(super) const PATH: &str = "^/.*[^/]$";

/// The longest value, in bytes; vsftpd reads no more than 100,000 bytes of its file in all.
const LONGEST_VALUE: usize = 1000;
/// The longest path, in bytes (Linux's `PATH_MAX`).
const LONGEST_PATH: usize = 4095;

/// Options that follow from the cluster: why each is not the user's to set.
const DERIVED: [(&str, &str); 7] = [
    ("pasv_min_port", "it is the low end of `passive_ports`"),
    ("pasv_max_port", "it is the high end of `passive_ports`"),
    ("pasv_address", "it is `virtual_ip`"),
    ("pasv_enable", "passive clients need it, so it is never NO"),
    ("port_enable", "active clients need it, so it is never NO"),
    ("connect_from_port_20", "the routers know active data connections by source port 20"),
    ("ftp_data_port", "the routers know active data connections by source port 20"),
];

pub(super) fn vsftpd(node: &Node, reading: &mut Reading) -> Option<Vsftpd> {
    let fields = reading.fields_of(node, "`vsftpd`", VSFTPD)?;
    let conf = optional(fields, "conf", None, reading, |node, reading| {
        path(node, "`conf`", "vsftpd's own places are /etc/vsftpd.conf and /etc/vsftpd/vsftpd.conf", reading).map(Some)
    });
    let settings = optional(fields, "settings", Vec::new(), reading, settings);
    Some(Vsftpd { conf: conf?, settings: settings? })
}

/// The absolute path of a file on a host.
pub(super) fn path(node: &Node, what: &str, hint: &str, reading: &mut Reading) -> Option<Utf8PathBuf> {
    let text = reading.text(node, what)?;
    let path = Utf8Path::new(text);
    let plain = path.components().all(|part| matches!(part, Utf8Component::RootDir | Utf8Component::Normal(_)));
    if !text.starts_with('/') || text.ends_with('/') || !plain || text.len() > LONGEST_PATH {
        return reading.refuse_with(
            node.span,
            format!("{what} must be the absolute path of a file, without `..`, not {}", shown(text)),
            hint,
        );
    }
    Some(path.to_owned())
}

fn settings(node: &Node, reading: &mut Reading) -> Option<Vec<(String, String)>> {
    let Value::Map(entries) = &node.value else {
        return reading.wrong_kind(node, "`settings`", "a map of vsftpd's options");
    };
    let settings: Vec<_> = entries.iter().map(|entry| setting(entry, reading)).collect();
    settings.into_iter().collect()
}

fn setting(entry: &Entry, reading: &mut Reading) -> Option<(String, String)> {
    let key = entry.key.as_str();
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if key.is_empty() || key.len() > 100 || !key.bytes().all(allowed) {
        let lower = key.to_lowercase();
        let fault = Fault::at(
            &reading.source().place(entry.key_span),
            format!("vsftpd's options are small letters, digits and `_`, not {}", shown(key)),
        );
        let near = lower.bytes().all(allowed) && !lower.is_empty();
        return reading.note(fault.maybe_hint(near.then(|| format!("did you mean `{lower}`?"))));
    }
    if let Some((_, why)) = DERIVED.iter().find(|(derived, _)| *derived == key) {
        return reading.refuse_with(
            entry.key_span,
            format!("`{key}` follows from the cluster: {why}"),
            "remove it from `settings`",
        );
    }
    let value = value(key, &entry.value, reading)?;
    Some((key.to_owned(), value))
}

/// The value as it will stand in vsftpd.conf. An empty one resets a string; whether the option is one, its host knows.
fn value(key: &str, node: &Node, reading: &mut Reading) -> Option<String> {
    let what = format!("the value of `{key}`");
    let text = match &node.value {
        Value::Bool(true) => "YES",
        Value::Bool(false) => "NO",
        Value::Number(number) => {
            // As written: vsftpd reads a leading 0 as octal, which is what a umask wants.
            let digits = number.strip_prefix('0').filter(|rest| !rest.is_empty()).unwrap_or(number);
            reading.fit(node.span, decimal_or_octal(digits).map_err(|why| format!("{what} {why}")))?;
            number
        }
        Value::Text(text) => reading.printable(node.span, text, &what)?,
        _ => return reading.wrong_kind(node, &what, "text, a number, or true or false"),
    };
    if text.trim() != text {
        return reading.refuse_with(
            node.span,
            format!("{what} starts or ends with a blank"),
            "vsftpd takes blanks as part of the value; remove them",
        );
    }
    if text.len() > LONGEST_VALUE {
        return reading.refuse(node.span, format!("{what} is longer than {LONGEST_VALUE} bytes"));
    }
    Some(text.to_owned())
}

fn decimal_or_octal(digits: &str) -> Result<u64, String> {
    decimal(digits.trim_start_matches('0')).or_else(
        |why| {
            if digits.bytes().all(|b| b == b'0') { Ok(0) } else { Err(why) }
        },
    )
}
