//! What the rest of keepalived's files means for our `vrrp_instance`.

use super::block::Vrrp;
use crate::{
    format::keepalived_conf::{KeepalivedConf, Statement},
    probe::{KEEPALIVED_CONF, Keepalived},
};
use std::net::Ipv6Addr;

/// Each file with its statements outside of all blocks, the included ones first.
fn files<'a>(found: &'a Keepalived, conf: &'a KeepalivedConf) -> impl Iterator<Item = (&'a str, &'a [Statement])> {
    let included = found.included.iter().map(|(path, conf)| (path.as_str(), &*conf.statements));
    included.chain([(KEEPALIVED_CONF, &*conf.statements)])
}

/// Whether VRRP keeps to RFC 5798 for this block, so that its addresses take packets only with `accept`.
pub(super) fn is_strict(block: Option<&Statement>, found: &Keepalived, conf: &KeepalivedConf) -> bool {
    let word = |words: &[String]| words.first().is_none_or(|word| matches!(word.as_str(), "on" | "true" | "yes"));
    if let Some(words) = block.and_then(|block| block.setting(&["strict_mode"])) {
        return word(words);
    }
    let globals = files(found, conf).flat_map(|(_, all)| all).filter(|one| one.name() == "global_defs");
    // Without a block around it where an included file is the inside of `global_defs`.
    let bare = files(found, conf).flat_map(|(_, all)| all).filter(|one| one.block.is_none());
    globals
        .flat_map(Statement::inner)
        .chain(bare)
        .filter(|one| one.name() == "vrrp_strict")
        .any(|one| word(&one.words[1..]))
}

/// Nobody else has our virtual router's number on our device: keepalived would refuse one of both.
pub(super) fn is_free<'a>(
    vrrp: &Vrrp,
    others: impl Iterator<Item = &'a Statement>,
    found: &'a Keepalived,
    conf: &'a KeepalivedConf,
) -> Result<(), String> {
    let value = |word: &str| -> String {
        // `$NAME`, which a line `$NAME=VALUE` of any file defines.
        let defined = files(found, conf)
            .flat_map(|(_, all)| all)
            .find_map(|one| one.name().strip_prefix(word)?.strip_prefix('='));
        let bare = word.replace(['{', '}'], "");
        let defined = defined.or_else(|| {
            files(found, conf)
                .flat_map(|(_, all)| all)
                .find_map(|one| one.name().strip_prefix(&*bare)?.strip_prefix('='))
        });
        defined.filter(|_| word.starts_with('$')).unwrap_or(word).to_owned()
    };
    let collides = |other: &Statement| {
        let number = other.value("virtual_router_id").map(value).and_then(|id| id.parse::<u32>().ok());
        let device = other.value("interface").map(value);
        number == Some(vrrp.router_id.into()) && device.as_deref() == Some(&vrrp.device) && !is_ipv6(other)
    };
    let included =
        found.included.iter().flat_map(|(path, conf)| conf.statements.iter().map(move |one| (path.as_str(), one)));
    let included = included.filter(|(_, one)| one.name() == "vrrp_instance");
    let all = others.map(|one| (KEEPALIVED_CONF, one)).chain(included);
    match all.into_iter().find(|(_, other)| collides(other)) {
        None => Ok(()),
        Some((path, other)) => Err(format!(
            "{path}: `{}` has the virtual_router_id {} on {} already: give the play another `router_id`, or remove that block",
            other.words.join(" "),
            vrrp.router_id,
            vrrp.device
        )),
    }
}

/// A virtual router of IPv6 has numbers of its own (RFC 5798, 5.2.3).
fn is_ipv6(instance: &Statement) -> bool {
    let lists = instance.inner().iter().filter(|one| one.name() == "virtual_ipaddress");
    let mut addresses = lists.flat_map(Statement::inner).filter_map(|line| line.name().split('/').next());
    instance.inner().iter().any(|one| one.name() == "native_ipv6")
        || addresses.next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}
