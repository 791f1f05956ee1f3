//! The two sides of a cluster: `routers` and `real_servers`.

use super::{
    Batch, Director, RealServers, Routers, Services, Vsftpd, addresses, batch,
    cluster::optional,
    cluster::{ADDRESS, NETMASK},
    director as director_keys, network, piranha, rules, services, settings,
};
use crate::inventory::Pattern;
use crate::source::{Field, Fields, Node, Reading, Shape, Value};

/// A pattern, or a list of patterns.
pub(super) const HOSTS: Shape = Shape::OneOf(&[Shape::Text, Shape::List(&Shape::Text)]);

pub(super) const ROUTERS: &[Field] = &[
    Field::required("hosts", HOSTS, "Which hosts"),
    Field::optional("serial", batch::SERIAL, "How many hosts change at a time; 1 if not given"),
    batch::MAX_FAIL_PERCENTAGE,
    batch::ANY_ERRORS_FATAL,
    Field::optional(
        "director",
        Shape::Word(&["ipvsadm", "piranha", "keepalived"]),
        "What owns the IPVS table; ipvsadm if not given",
    ),
    Field::optional(
        "vip",
        Shape::Map(addresses::VIP),
        "Where the virtual IP comes up, by VRRP or on the one router; left to others if not given",
    ),
    Field::optional(
        "nat_address",
        Shape::OneOf(&[Shape::Text, Shape::Map(addresses::NAT_ADDRESS)]),
        "The routers' address on the real network; the real servers' default gateway is looked at if given",
    ),
    Field::optional("monitor", Shape::Map(director_keys::MONITOR), "How keepalived or piranha looks at real servers"),
    Field::optional("vrrp", Shape::Map(director_keys::VRRP), "How keepalived moves the virtual IP between routers"),
    Field::optional(
        "director_restart",
        Shape::Word(&["never", "on_drift"]),
        "Whether the daemon may be restarted to cure drift that it does not see; never if not given",
    ),
    Field::optional(
        "vip_device",
        Shape::Matching(piranha::LABEL),
        "Where pulse brings the virtual IP up, such as eth0:1; needed when the director is piranha",
    ),
    Field::optional("vip_netmask", NETMASK, "The virtual IP's netmask with piranha; what lvs.cf says if not given"),
    Field::optional(
        "nat_router",
        Shape::Map(piranha::NAT_ROUTER),
        "The real servers' gateway, which pulse brings up; needed when the director is piranha and forwarding is nat",
    ),
    Field::optional("primary", ADDRESS, "The primary router's own address, for piranha; what lvs.cf says if not given"),
    Field::optional("backup", ADDRESS, "The backup router's own address, for piranha; what lvs.cf says if not given"),
    Field::optional(
        "expire_quiescent_template",
        Shape::Number(0, 0),
        "0 keeps net.ipv4.vs.expire_quiescent_template at 0; left alone if not given",
    ),
    Field::optional("services", services::SERVICES, "Services at runlevels, by name"),
];

pub(super) const REAL_SERVERS: &[Field] = &[
    Field::required("hosts", HOSTS, "Which hosts"),
    Field::optional("serial", batch::SERIAL, "How many hosts change at a time; all if not given"),
    batch::MAX_FAIL_PERCENTAGE,
    batch::ANY_ERRORS_FATAL,
    Field::optional(
        "network",
        Shape::Matching(r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"),
        "The network that all of them are in; needed when forwarding is nat",
    ),
    Field::optional("vsftpd", Shape::Map(settings::VSFTPD), "The FTP daemon"),
    Field::optional("services", services::SERVICES, "Services at runlevels, by name"),
];

pub(super) fn routers(node: &Node, reading: &mut Reading) -> Option<Routers> {
    let fields = reading.fields_of(node, "`routers`", ROUTERS)?;
    let hosts = hosts(fields, reading);
    let serial = optional(fields, "serial", vec![Batch::Count(1)], reading, batch::serial);
    let limits = batch::limits(fields, reading);
    let director = optional(fields, "director", Director::Ipvsadm, reading, director);
    let vip = optional(fields, "vip", None, reading, |node, reading| addresses::vip(node, reading).map(Some));
    let nat_address =
        optional(fields, "nat_address", None, reading, |node, reading| addresses::nat_address(node, reading).map(Some));
    let piranha = match director {
        Some(Director::Piranha) => piranha::keys(fields, reading).map(Some),
        _ => Some(None),
    };
    let monitor = match director {
        Some(Director::Piranha) => Some(None),
        _ => {
            optional(fields, "monitor", None, reading, |node, reading| director_keys::monitor(node, reading).map(Some))
        }
    };
    let vrrp = optional(fields, "vrrp", None, reading, |node, reading| director_keys::vrrp(node, reading).map(Some));
    let restarts_on_drift = optional(fields, "director_restart", false, reading, director_keys::restart);
    rules::director(director, vip.as_ref(), nat_address.as_ref(), fields, reading);
    let keeps_templates = optional(fields, "expire_quiescent_template", false, reading, keeps_templates);
    let services = optional(fields, "services", Services::new(), reading, services::read);
    Some(Routers {
        hosts: hosts?,
        serial: serial?,
        limits: limits?,
        director: director?,
        vip: vip?,
        nat_address: nat_address?,
        monitor: monitor?,
        vrrp: vrrp?,
        piranha: piranha?,
        restarts_on_drift: restarts_on_drift?,
        keeps_templates: keeps_templates?,
        services: services?,
    })
}

pub(super) fn real_servers(node: &Node, reading: &mut Reading) -> Option<RealServers> {
    let fields = reading.fields_of(node, "`real_servers`", REAL_SERVERS)?;
    let hosts = hosts(fields, reading);
    let serial = optional(fields, "serial", vec![Batch::Percent(100)], reading, batch::serial);
    let limits = batch::limits(fields, reading);
    let network = optional(fields, "network", None, reading, |node, reading| network::network(node, reading).map(Some));
    let vsftpd = optional(fields, "vsftpd", Vsftpd::default(), reading, settings::vsftpd);
    let services = optional(fields, "services", Services::new(), reading, services::read);
    Some(RealServers {
        hosts: hosts?,
        serial: serial?,
        limits: limits?,
        network: network?,
        vsftpd: vsftpd?,
        services: services?,
    })
}

/// A pattern, or a list of patterns.
fn hosts(fields: Fields<'_>, reading: &mut Reading) -> Option<Pattern> {
    let node = fields.require(reading, "hosts")?;
    pattern(node, reading)
}

/// One pattern, or a list of them.
pub(super) fn pattern(node: &Node, reading: &mut Reading) -> Option<Pattern> {
    let texts: Vec<&str> = match &node.value {
        Value::List(items) => {
            let texts: Vec<_> = items.iter().map(|item| reading.text(item, "a host pattern")).collect();
            texts.into_iter().collect::<Option<_>>()?
        }
        _ => vec![reading.text(node, "`hosts`")?],
    };
    let place = reading.source().place(node.span);
    match Pattern::of_list(&texts, &place) {
        Ok(pattern) => Some(pattern),
        Err(fault) => reading.note(fault),
    }
}

/// Only 0 can be asked for: with anything else a drain breaks the sessions that it is there for.
fn keeps_templates(node: &Node, reading: &mut Reading) -> Option<bool> {
    if reading.number(node, "`expire_quiescent_template`")? == 0 {
        return Some(true);
    }
    reading.refuse_with(
        node.span,
        "`expire_quiescent_template` can only be kept at 0",
        "with 1 a draining real server's sessions lose their next data connection; leave the key out to leave the \
         kernel's value alone",
    )
}

fn director(node: &Node, reading: &mut Reading) -> Option<Director> {
    let words = [("ipvsadm", Director::Ipvsadm), ("piranha", Director::Piranha), ("keepalived", Director::Keepalived)];
    reading.word(node, "`director`", &words)
}
