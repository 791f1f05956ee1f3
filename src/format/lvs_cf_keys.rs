//! The keys that pulse knows in lvs.cf and what it takes for each (lvs.cf(5)). With any other it reads nothing of the file.

use super::ipv4;

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    /// One word, or several in quotes.
    Text,
    /// A whole number, as strtol(3) with base 0 reads it.
    Number,
    /// 0 or 1.
    Switch,
    /// A number, or a service's name.
    Port,
    /// An address, or a host's name.
    Host,
    /// The same, and a network interface.
    HostAndDevice,
    /// An address or a mask.
    Address,
    /// One of these.
    Word(&'static [&'static str]),
    /// Words between brackets.
    List,
}

use Value::{Address, Host, HostAndDevice, List, Number, Port, Switch, Text, Word};

pub(super) const GLOBAL: &[(&str, Value)] = &[
    ("serial_no", Number),
    ("primary", Host),
    ("primary_private", Host),
    ("primary_shared", Text),
    ("backup", Host),
    ("backup_active", Switch),
    ("backup_private", Host),
    ("backup_shared", Text),
    ("reservation_conflict_action", Word(&["nothing", "preempt"])),
    ("nat_nmask", Address),
    ("nat_router", HostAndDevice),
    ("active_cmd", Text),
    ("inactive_cmd", Text),
    ("monitor_links", Number),
    ("debug_level", Text),
    ("hard_shutdown", Switch),
    ("ipvsadm", Text),
    ("keepalive", Number),
    ("deadtime", Number),
    ("rsh_command", Text),
    ("syncdaemon", Switch),
    ("syncd_iface", Text),
    ("syncd_id", Number),
    ("tcp_timeout", Number),
    ("tcpfin_timeout", Number),
    ("udp_timeout", Number),
    ("heartbeat", Switch),
    ("heartbeat_port", Port),
    ("sync", Switch),
    ("network", Word(&["direct", "nat", "tunnel"])),
    ("service", Word(&["lvs", "fos"])),
];

pub(super) const VIRTUAL: &[(&str, Value)] = &[
    ("active", Switch),
    ("address", HostAndDevice),
    ("sorry_server", Address),
    ("vip_nmask", Address),
    ("fwmark", Number),
    ("protocol", Word(&["tcp", "udp"])),
    ("port", Port),
    ("scheduler", Word(&SCHEDULERS)),
    ("persistent", Number),
    ("pmask", Text),
    ("client_monitor", Text),
    ("send_program", Text),
    ("send", Text),
    ("expect", Text),
    ("use_regex", Switch),
    ("timeout", Number),
    ("reentry", Number),
    ("load_monitor", Text),
    ("quiesce_server", Switch),
    ("start_cmd", Text),
    ("stop_cmd", Text),
    ("master", Host),
    ("dirs", List),
];

pub(super) const SERVER: &[(&str, Value)] =
    &[("address", Host), ("active", Switch), ("weight", Number), ("port", Number)];

/// Pulse's own list; the kernel may have more.
pub const SCHEDULERS: [&str; 8] = ["lc", "rr", "wlc", "wrr", "lblc", "lblcr", "dh", "sh"];

/// Why pulse would not take the words of a line `KEY = WORD…`, if it would not.
pub(super) fn fault(keys: &[(&str, Value)], words: &[String]) -> Option<&'static str> {
    let [key, rest @ ..] = words else { return None };
    let Some((_, value)) = keys.iter().find(|(known, _)| known == key) else {
        return Some("a key that pulse does not know here");
    };
    let Some((first, values)) = rest.split_first() else { return Some("a key without ` = ` behind it") };
    if first != "=" {
        return Some("a key without ` = ` behind it, with a blank on both sides");
    }
    let wanted = match value {
        List => {
            let is_list = values.first().is_some_and(|word| word == "[") && values.iter().any(|word| word == "]");
            return (!is_list).then_some("a list that is not between `[` and `]`");
        }
        HostAndDevice => 2,
        _ => 1,
    };
    if values.len() < wanted {
        return Some("fewer words than this key takes");
    }
    if values.len() > wanted {
        return Some("more words than this key takes (a comment needs a line of its own)");
    }
    let word = values[0].as_str();
    match value {
        Number if number(word).is_none() => Some("no whole number"),
        Switch if !matches!(number(word), Some(0 | 1)) => Some("neither 0 nor 1"),
        Address if ipv4::address(word).is_none() => Some("no address"),
        Word(words) if !words.contains(&word) => Some("a word that pulse does not know here"),
        Host | HostAndDevice if word.is_empty() => Some("no address"),
        _ => None,
    }
}

/// A number as strtol(3) with base 0 reads it.
pub(super) fn number(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    ipv4::number(digits).map(|number| sign * i64::from(number))
}
