//! What lvs.cf needs beside the cluster: `vip_device`, `vip_netmask`, `nat_router`, `primary`, `backup`, and its own keys of
//! `monitor`.

use super::{NatRouter, PiranhaKeys, addresses::host_address, cluster::optional, director, network};
use crate::{
    resource::piranha::Checks,
    source::{Field, Fields, Node, Reading, Shape},
};

/// A network interface, or a label of one, as ifconfig takes it.
pub(super) const LABEL: &str = "^(?=.{1,15}$)[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_]+)?$";
pub(super) const NAT_ROUTER: &[Field] = &[
    Field::required("address", super::cluster::ADDRESS, "The address"),
    Field::required("device", Shape::Matching(LABEL), "Where it comes up, such as eth1:1"),
];
/// What lvs.cf can have between double quotes, with the escapes that it knows.
pub(super) const TEXT: Shape = Shape::Matching(r"^([ !#-\[\]-~]|\\[nrt\\']){1,255}$");
/// The keys of `monitor` that only Piranha has.
pub(super) const KEYS: [&str; 3] = ["send", "expect", "reentry"];
/// Those that it has not.
const OTHERS: [&str; 5] = ["check", "netrc", "interval", "retries", "on_failure"];
/// Piranha's own limit, in bytes.
const LONGEST: usize = 255;

pub(super) fn keys(fields: Fields<'_>, reading: &mut Reading) -> Option<PiranhaKeys> {
    let vip_device = if let Some(node) = fields.get("vip_device") {
        label(node, "vip_device", reading)
    } else {
        let node = fields.get("director")?;
        reading.refuse_with(
            node.span,
            "the director piranha needs the key `vip_device`",
            "it says where pulse brings the virtual IP up: \"vip_device\": \"eth0:1\"",
        )
    };
    let vip_netmask =
        optional(fields, "vip_netmask", None, reading, |node, reading| network::netmask(node, reading).map(Some));
    let nat_router = optional(fields, "nat_router", None, reading, |node, reading| nat_router(node, reading).map(Some));
    let mut own = |key: &'static str| {
        optional(fields, key, None, reading, |node, reading| host_address(node, key, reading).map(Some))
    };
    let (primary, backup) = (own("primary"), own("backup"));
    if let (Some(Some(one)), Some(Some(two)), Some(node)) = (primary, backup, fields.get("backup"))
        && one == two
    {
        reading.refuse::<()>(node.span, format!("`backup` is the address of the primary, {two}"));
    }
    let checks = optional(fields, "monitor", Checks::default(), reading, checks);
    Some(PiranhaKeys {
        vip_device: vip_device?,
        vip_netmask: vip_netmask?,
        nat_router: nat_router?,
        primary: primary?,
        backup: backup?,
        checks: checks?,
    })
}

fn nat_router(node: &Node, reading: &mut Reading) -> Option<NatRouter> {
    let fields = reading.fields_of(node, "`nat_router`", NAT_ROUTER)?;
    let address = fields.require(reading, "address").and_then(|node| host_address(node, "nat_router", reading));
    let device = fields.require(reading, "device").and_then(|node| label(node, "device", reading));
    Some(NatRouter { address: address?, device: device? })
}

fn checks(node: &Node, reading: &mut Reading) -> Option<Checks> {
    let fields = reading.fields_of(node, "`monitor`", director::MONITOR)?;
    director::not_of(fields, &OTHERS, "keepalived", reading);
    let mut texts =
        |key: &'static str| optional(fields, key, None, reading, |node, reading| text(node, key, reading).map(Some));
    let (send, expect) = (texts("send"), texts("expect"));
    let mut seconds = |key: &'static str| {
        optional(fields, key, None, reading, |node, reading| director::time(node, key, reading).map(Some))
    };
    let (timeout, reentry) = (seconds("timeout"), seconds("reentry"));
    Some(Checks { send: send?, expect: expect?, timeout: timeout?, reentry: reentry? })
}

fn label(node: &Node, key: &str, reading: &mut Reading) -> Option<String> {
    let text = reading.text(node, &format!("`{key}`"))?;
    let (device, alias) = text.split_once(':').unwrap_or((text, "0"));
    let fits = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    if text.len() > 15 || device.starts_with(['-', '.']) || !fits(device, "_.-") || !fits(alias, "_") {
        return reading.refuse_with(
            node.span,
            format!("{} is not the name of a network interface, nor a label of one", crate::source::shown(text)),
            "1 to 15 letters, digits and `_.-`, such as eth0, or with a label, such as eth0:1",
        );
    }
    Some(text.to_owned())
}

/// Pulse's lexer knows no way to have a double quote in a text, and nanny only these escapes.
fn text(node: &Node, key: &str, reading: &mut Reading) -> Option<String> {
    let text = reading.text(node, &format!("`{key}`"))?;
    let mut escaped = false;
    let fits = text.chars().all(|c| {
        let fits = if escaped { "nrt\\'".contains(c) } else { (' '..='~').contains(&c) && c != '"' };
        escaped = !escaped && c == '\\';
        fits
    });
    if !fits || escaped || text.is_empty() || text.len() > LONGEST {
        return reading.refuse_with(
            node.span,
            format!("lvs.cf cannot have {} as `{key}`", crate::source::shown(text)),
            r"1 to 255 printable ASCII characters without double quotes; `\` only as \n, \r, \t, \\ and \'",
        );
    }
    Some(text.to_owned())
}
