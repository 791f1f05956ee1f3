//! What daemons that own the IPVS table do beside the virtual service: `monitor`, `vrrp`, `director_restart`.

use super::{VrrpKeys, addresses, cluster::optional, piranha};
use crate::{
    resource::keepalived::{Check, Monitor},
    source::{Field, Fields, Node, Reading, Shape},
};

pub(super) const MONITOR: &[Field] = &[
    Field::optional("check", Shape::Word(&["connection", "login"]), "What is tried; connection if not given"),
    Field::optional(
        "netrc",
        Shape::Matching("^/[A-Za-z0-9/_.-]*[A-Za-z0-9_.-]$"),
        "The file with the account of a login",
    ),
    Field::optional("interval", Shape::Number(1, 3600), "Seconds from one look to the next; 6 if not given"),
    Field::optional(
        "timeout",
        Shape::Number(1, 3600),
        "Seconds that a try may take, 3 if not given; piranha: from one look to the next as well",
    ),
    Field::optional(
        "send",
        piranha::TEXT,
        "piranha: what is sent to the control port; nothing if neither here nor in the file",
    ),
    Field::optional("expect", piranha::TEXT, "piranha: what must come back, from its first byte on"),
    Field::optional(
        "reentry",
        Shape::Number(1, 3600),
        "piranha: seconds that a failed server must be well before it is back",
    ),
    Field::optional("retries", Shape::Number(0, 100), "Tries before a server counts as failed; 1 more if not given"),
    Field::optional(
        "on_failure",
        Shape::Word(&["remove", "quiesce"]),
        "Whether a failed server is removed, or stays with weight 0; remove if not given",
    ),
];
pub(super) const VRRP: &[Field] = &[
    Field::required("router_id", Shape::Number(1, 255), "The virtual router, one to each network"),
    Field::optional("interval", Shape::Number(1, 40), "Seconds between advertisements; 1 if not given"),
    Field::optional("device", Shape::Matching(addresses::DEVICE), "Where they go; the vip's device if not given"),
];

/// The longest times, in seconds: an hour.
const LONGEST: u32 = 3600;

pub(super) fn monitor(node: &Node, reading: &mut Reading) -> Option<Monitor> {
    let fields = reading.fields_of(node, "`monitor`", MONITOR)?;
    not_of(fields, &piranha::KEYS, "piranha", reading);
    let default = Monitor::default();
    let netrc = optional(fields, "netrc", None, reading, |node, reading| netrc(node, reading).map(Some));
    let login = optional(fields, "check", false, reading, |node, reading| {
        reading.word(node, "`check`", &[("connection", false), ("login", true)])
    });
    let interval = seconds(fields, "interval", default.interval, reading);
    let timeout = seconds(fields, "timeout", default.timeout, reading);
    let retries = optional(fields, "retries", default.retries, reading, |node, reading| {
        number(node, "`retries`", 0..=100, reading)
    });
    let keeps_failed = optional(fields, "on_failure", false, reading, |node, reading| {
        reading.word(node, "`on_failure`", &[("remove", false), ("quiesce", true)])
    });
    if let (Some(false), Some(node)) = (login, fields.get("netrc")) {
        reading.refuse_with::<()>(node.span, "`netrc` is for a check that logs in", "write \"check\": \"login\" too");
    }
    Some(Monitor {
        check: if login? { Check::Login(netrc?) } else { Check::Connection },
        interval: interval?,
        timeout: timeout?,
        retries: retries?,
        keeps_failed: keeps_failed?,
    })
}

pub(super) fn vrrp(node: &Node, reading: &mut Reading) -> Option<VrrpKeys> {
    let fields = reading.fields_of(node, "`vrrp`", VRRP)?;
    let router_id = fields.require(reading, "router_id").and_then(|node| number(node, "`router_id`", 1..=255, reading));
    let interval =
        optional(fields, "interval", 1, reading, |node, reading| number(node, "`interval`", 1..=40, reading));
    let device = optional(fields, "device", None, reading, |node, reading| addresses::device(node, reading).map(Some));
    Some(VrrpKeys { router_id: router_id.and_then(|id| u8::try_from(id).ok())?, interval: interval?, device: device? })
}

pub(super) fn restart(node: &Node, reading: &mut Reading) -> Option<bool> {
    reading.word(node, "`director_restart`", &[("never", false), ("on_drift", true)])
}

/// Keys of the other director.
pub(super) fn not_of(fields: Fields<'_>, keys: &[&str], director: &str, reading: &mut Reading) {
    for node in keys.iter().filter_map(|key| fields.get(key).map(|node| (key, node))) {
        let message = format!("`{}` in `monitor` is for the director {director}", node.0);
        reading.refuse_with::<()>(node.1.span, message, "remove the key");
    }
}

fn seconds(fields: Fields<'_>, key: &'static str, default: u32, reading: &mut Reading) -> Option<u32> {
    optional(fields, key, default, reading, |node, reading| time(node, key, reading))
}

/// Seconds, an hour at most.
pub(super) fn time(node: &Node, key: &str, reading: &mut Reading) -> Option<u32> {
    number(node, &format!("`{key}`"), 1..=LONGEST, reading)
}

fn number(node: &Node, what: &str, range: std::ops::RangeInclusive<u32>, reading: &mut Reading) -> Option<u32> {
    let number = reading.number(node, what)?;
    match u32::try_from(number) {
        Ok(number) if range.contains(&number) => Some(number),
        _ => reading.refuse(node.span, format!("{what} is {} to {}, not {number}", range.start(), range.end())),
    }
}

/// A file on the routers. It stands in a command, so nothing that a shell or keepalived would read otherwise.
fn netrc(node: &Node, reading: &mut Reading) -> Option<String> {
    let text = reading.text(node, "`netrc`")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
    if !text.starts_with('/') || text.ends_with('/') || !text.chars().all(plain) {
        return reading.refuse_with(
            node.span,
            format!("`netrc` must be the absolute path of a file, not {}", crate::source::shown(text)),
            "letters, digits and `_.-/` are allowed, such as /etc/keepalived/ftp.netrc",
        );
    }
    Some(text.to_owned())
}
