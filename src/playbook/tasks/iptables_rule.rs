//! `iptables_rule`: a rule of a builtin chain, with the names of Ansible's module, and `set_mark`.

use super::{STATE, present};
use crate::format::{
    filter_rule::{CHAINS, FilterRule},
    port_set::PortSet,
};
use crate::lvs::{self, Port};
use crate::playbook::{cluster, cluster::optional};
use crate::resource::StatedRule;
use crate::source::{Field, Fields, Node, Reading, Shape, Value, decimal, shown};
use ipnet::Ipv4Net;

const NETWORK: Shape = Shape::Matching(r"^[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?$");
const INTERFACE: Shape = Shape::Matching(r"^[A-Za-z0-9_.:@-]{1,15}\+?$");
const PORTS: Shape = Shape::OneOf(&[Shape::Number(1, 65535), Shape::Matching(r"^[0-9]{1,5}([:-][0-9]{1,5})?$")]);

pub(super) const FIELDS: &[Field] = &[
    Field::optional("table", Shape::Word(&["filter", "nat", "mangle", "raw"]), "The table; filter if not given"),
    Field::required(
        "chain",
        Shape::Word(&["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]),
        "The builtin chain",
    ),
    Field::optional("protocol", Shape::Word(&["tcp", "udp", "all"]), "The protocol; all if not given"),
    Field::optional("source", NETWORK, "Address or network that packets come from"),
    Field::optional("destination", NETWORK, "Address or network that packets go to"),
    Field::optional("in_interface", INTERFACE, "Where packets come in; + at the end stands for any rest"),
    Field::optional("out_interface", INTERFACE, "Where packets go out; + at the end stands for any rest"),
    Field::optional("source_port", PORTS, "A port, or a range such as \"8000:8100\""),
    Field::optional("destination_port", PORTS, "A port, or a range such as \"8000:8100\""),
    Field::optional("destination_ports", Shape::List(&PORTS), "Ports and ranges, up to 15 numbers in all"),
    Field::required(
        "jump",
        Shape::Word(&["ACCEPT", "DROP", "RETURN", "MARK", "MASQUERADE", "SNAT"]),
        "What is done with packets",
    ),
    Field::optional("set_mark", cluster::MARK, "The firewall mark that MARK gives"),
    Field::optional("to_source", cluster::ADDRESS, "The source address that SNAT gives"),
    Field::optional(
        "action",
        Shape::Word(&["append", "insert"]),
        "Where a rule that is not there is put: behind all others, or before them",
    ),
    Field::optional("state", STATE, "Whether the rule is there; absent: whoever wrote it"),
];

/// Numbers that a multiport match takes; a range counts as two.
const MOST_PORTS: usize = 15;

pub(super) fn read(node: &Node, reading: &mut Reading) -> Option<(StatedRule, String)> {
    let fields = reading.fields_of(node, "`iptables_rule`", FIELDS)?;
    let tables = CHAINS.map(|(table, _)| (table, table));
    let table = optional(fields, "table", "filter", reading, |node, reading| reading.word(node, "`table`", &tables));
    let chain = chain(fields, table, reading);
    let conditions = conditions(fields, chain, reading);
    let jump = jump(fields, table.zip(chain), reading);
    let first = optional(fields, "action", false, reading, |node, reading| {
        reading.word(node, "`action`", &[("append", false), ("insert", true)])
    });
    let present = present(fields, reading);
    let (table, chain) = (table?, chain?);
    let Some(rule) = FilterRule::new(table, chain, &conditions?, &jump?) else {
        return reading.refuse(node.start(), "this rule cannot be told from others, so it cannot be kept");
    };
    let about = rule.to_string();
    Some((StatedRule { rule, present: present?, first: first? }, about))
}

/// The chain, if the table has it.
fn chain(fields: Fields<'_>, table: Option<&'static str>, reading: &mut Reading) -> Option<&'static str> {
    let node = fields.require(reading, "chain")?;
    let all = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
    let chain = reading.word(node, "`chain`", &all.map(|chain| (chain, chain)))?;
    let table = table?;
    let (_, chains) = CHAINS.iter().find(|(known, _)| *known == table)?;
    if !chains.contains(&chain) {
        let message = format!("the table {table} has no chain {chain}");
        return reading.refuse_with(node.span, message, format!("it has {}", chains.join(", ")));
    }
    Some(chain)
}

/// The conditions as iptables-save would order them.
fn conditions(fields: Fields<'_>, chain: Option<&str>, reading: &mut Reading) -> Option<Vec<String>> {
    let protocol = optional(fields, "protocol", None, reading, |node, reading| {
        reading.word(node, "`protocol`", &[("tcp", Some("tcp")), ("udp", Some("udp")), ("all", None)])
    });
    let source = address(fields, "source", "-s", reading);
    let destination = address(fields, "destination", "-d", reading);
    let comes_in = ["PREROUTING", "INPUT", "FORWARD"];
    let inner = interface(fields, ("in_interface", "-i"), chain, &comes_in, reading);
    let goes_out = ["FORWARD", "OUTPUT", "POSTROUTING"];
    let outer = interface(fields, ("out_interface", "-o"), chain, &goes_out, reading);
    let from =
        optional(fields, "source_port", None, reading, |node, reading| ports(node, "`source_port`", reading).map(Some));
    let to = optional(fields, "destination_port", None, reading, |node, reading| {
        ports(node, "`destination_port`", reading).map(Some)
    });
    let list = optional(fields, "destination_ports", None, reading, |node, reading| port_list(node, reading).map(Some));
    let (protocol, from, to, list) = (protocol?, from?, to?, list?);
    if let (Some(_), Some(node)) = (&to, fields.get("destination_ports")) {
        return reading.refuse_with(
            node.start(),
            "a rule has `destination_port` or `destination_ports`, not both",
            "put all into `destination_ports`",
        );
    }
    let mut words = [source?, destination?, inner?, outer?].concat();
    if let Some(protocol) = protocol {
        words.extend(["-p".to_owned(), protocol.to_owned()]);
    }
    let to = to.or(list);
    let Some(protocol) = protocol else {
        let keys = ["source_port", "destination_port", "destination_ports"];
        return match keys.iter().find_map(|key| Some((key, fields.get(key)?))) {
            Some((key, node)) => reading.refuse_with(
                node.span,
                format!("`{key}` needs a protocol that has ports"),
                "write \"protocol\": \"tcp\"",
            ),
            None => Some(words),
        };
    };
    let is_list = |set: &PortSet| set.to_string().contains(',');
    for (single, many, set) in [("--sport", "--sports", from), ("--dport", "--dports", to)] {
        if let Some(set) = set {
            let many_of = is_list(&set);
            words.extend(["-m".to_owned(), if many_of { "multiport".to_owned() } else { protocol.to_owned() }]);
            words.extend([if many_of { many } else { single }.to_owned(), set.to_string()]);
        }
    }
    Some(words)
}

/// The words for an address or a network, as iptables-save prints it.
fn address(fields: Fields<'_>, key: &str, option: &str, reading: &mut Reading) -> Option<Vec<String>> {
    optional(fields, key, Vec::new(), reading, |node, reading| {
        let what = format!("`{key}`");
        let text = reading.text(node, &what)?;
        let network = if text.contains('/') { lvs::network(text) } else { lvs::ipv4_address(text).map(Ipv4Net::from) };
        let network = reading.fit(node.span, network.map_err(|why| format!("{what}: {why}")))?;
        Some(vec![option.to_owned(), network.to_string()])
    })
}

/// The words for an interface, where the chain knows it.
fn interface(
    fields: Fields<'_>,
    (key, option): (&str, &str),
    chain: Option<&str>,
    chains: &[&str],
    reading: &mut Reading,
) -> Option<Vec<String>> {
    optional(fields, key, Vec::new(), reading, |node, reading| {
        let text = reading.text(node, &format!("`{key}`"))?;
        let name = text.strip_suffix('+').unwrap_or(text);
        let fits = |c: char| c.is_ascii_alphanumeric() || "_.:@-".contains(c);
        if name.is_empty() || name.starts_with('-') || text.len() > 15 || !name.chars().all(fits) {
            let message = format!("{} is not the name of an interface", shown(text));
            return reading.refuse_with(node.span, message, "names look like eth0, or eth+ for all that begin so");
        }
        if let Some(chain) = chain.filter(|chain| !chains.contains(chain)) {
            return reading.refuse(node.span, format!("the chain {chain} knows no `{key}`; {} do", chains.join(", ")));
        }
        Some(vec![option.to_owned(), text.to_owned()])
    })
}

/// One port or one range.
fn ports(node: &Node, what: &str, reading: &mut Reading) -> Option<PortSet> {
    if let Value::Number(_) = node.value {
        let number = reading.number(node, what)?;
        return reading.fit(node.span, Port::try_from(number)).map(|port| PortSet::port(port.get()));
    }
    let text = reading.text(node, what)?;
    let port = |text: &str| decimal(text).and_then(|number| Port::try_from(number).map_err(|why| why.to_string()));
    let (low, high) = text.split_once([':', '-']).unwrap_or((text, text));
    let both = port(low).and_then(|low| Ok((low.get(), port(high)?.get())));
    match both {
        Ok((low, high)) if low <= high => Some(PortSet::range(low, high)),
        Ok((low, high)) => {
            reading.refuse(node.span, format!("{what}: the range begins at {low}, above its end, {high}"))
        }
        Err(why) => reading.refuse_with(
            node.span,
            format!("{what}: {} {why}", shown(text)),
            "write a port, or a range such as \"8000:8100\"",
        ),
    }
}

fn port_list(node: &Node, reading: &mut Reading) -> Option<PortSet> {
    let items = reading.list(node, "`destination_ports`")?;
    if items.is_empty() {
        return reading.refuse(node.span, "`destination_ports` is an empty list");
    }
    let sets: Vec<Option<PortSet>> = items.iter().map(|item| ports(item, "a port", reading)).collect();
    let set = sets.into_iter().collect::<Option<Vec<_>>>()?.iter().fold(PortSet::default(), |all, one| all.union(one));
    if set.to_string().split([',', ':']).count() > MOST_PORTS {
        let message = format!("`destination_ports` has more than {MOST_PORTS} numbers; a range counts as two");
        return reading.refuse_with(node.span, message, "make two tasks of it");
    }
    Some(set)
}

/// The target and its values, where it may stand in this table and chain.
fn jump(fields: Fields<'_>, place: Option<(&str, &str)>, reading: &mut Reading) -> Option<Vec<String>> {
    let node = fields.require(reading, "jump")?;
    let all = ["ACCEPT", "DROP", "RETURN", "MARK", "MASQUERADE", "SNAT"];
    let target = reading.word(node, "`jump`", &all.map(|target| (target, target)))?;
    let (table, chain) = place?;
    let why = match (target, table, chain) {
        ("MARK", "mangle", _) | ("MASQUERADE" | "SNAT", "nat", "POSTROUTING") | ("ACCEPT" | "RETURN", _, _) => None,
        ("MARK", _, _) => Some("MARK stands in the table mangle"),
        ("MASQUERADE" | "SNAT", _, _) => Some("it stands in the table nat, in the chain POSTROUTING"),
        (_, "nat", _) => Some("the table nat is not for filtering; filter packets in the table filter"),
        _ => None,
    };
    if let Some(why) = why {
        return reading.refuse_with(node.span, format!("{target} cannot stand in {table} {chain}"), why);
    }
    let mut words = vec!["-j".to_owned(), target.to_owned()];
    for (key, owner, option) in [("set_mark", "MARK", "--set-mark"), ("to_source", "SNAT", "--to-source")] {
        match fields.get(key) {
            Some(node) if target != owner => {
                return reading.refuse(node.span, format!("`{key}` goes with the jump {owner}, not {target}"));
            }
            Some(node) if key == "set_mark" => {
                words.extend([option.to_owned(), cluster::mark(node, reading)?.to_string()]);
            }
            Some(node) => {
                let text = reading.text(node, "`to_source`")?;
                let address = lvs::host_address(text).map_err(|why| format!("`to_source`: {why}"));
                words.extend([option.to_owned(), reading.fit(node.span, address)?.to_string()]);
            }
            None if target == owner => {
                return reading.refuse(node.span, format!("the jump {target} needs the key `{key}`"));
            }
            None => {}
        }
    }
    Some(words)
}
