//! Ansible's rules: patterns, ranges, order and precedence; refusals one by one are in `tests/input`.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use super::{Become, BecomeMethod, Connection, ConnectionOptions, Inventory, Pattern, glob, range};
use crate::lvs::Port;
use crate::source::Source;
use proptest::prelude::*;
use serde_json::{Value, json};

fn inventory(value: &Value) -> Inventory {
    Inventory::of(&[Source::new("hosts.json", value.to_string())]).unwrap()
}

fn usual() -> Inventory {
    inventory(&json!({"all": {
        "hosts": {"alone": null},
        "children": {
            "lvs": {"hosts": {"lvs1": {}, "lvs2": {}}},
            "ftp": {"children": {
                "ftp_old": {"hosts": {"ftp[1:2]": {}}},
                "ftp_new": {"hosts": {"ftp3": {}, "ftp1": {}}}
            }}
        }
    }}))
}

/// What a pattern selects from the usual inventory, or what is wrong with it.
fn check(pattern: &str, expected: &str) {
    let inventory = usual();
    let said = match Pattern::of_option("--limit", pattern) {
        Err(fault) => fault.message().to_owned(),
        Ok(pattern) => match inventory.select(&pattern) {
            Ok(hosts) => hosts.join(" "),
            Err(faults) => faults.as_slice()[0].message().to_owned(),
        },
    };
    assert_eq!(said, expected, "{pattern}");
}

#[test]
fn patterns_select_as_in_ansible() {
    check("all", "alone lvs1 lvs2 ftp1 ftp2 ftp3");
    check("*", "alone lvs1 lvs2 ftp1 ftp2 ftp3");
    check("ungrouped", "alone");
    check("ftp", "ftp1 ftp2 ftp3");
    check("ftp3:lvs", "ftp3 lvs1 lvs2");
    check("ftp3, lvs1", "ftp3 lvs1");
    check("ftp:!ftp2", "ftp1 ftp3");
    check("!ftp2:ftp", "ftp1 ftp3");
    check("!ftp", "alone lvs1 lvs2");
    check("ftp:&ftp_new", "ftp1 ftp3");
    check("ftp_*:!*3", "ftp1 ftp2");
    check("lvs[!2]", "lvs1");
    check("ftp[0]", "ftp1");
    check("ftp[-1]", "ftp3");
    check("ftp[1:]", "ftp2 ftp3");
    check("ftp[0:1]:lvs[1]", "ftp1 ftp2 lvs2");
    check("ftp?", "ftp1 ftp2 ftp3");
    check("lvs ftp3", "lvs1 lvs2 ftp3");
    check("~(lvs|ftp)[12]$", "lvs1 lvs2 ftp1 ftp2");
    check("~lvs(?!2)", "lvs1 lvs2");
    check("~lvs\\d:!~.*2", "lvs1");
    check("~.*3:&ftp", "ftp3");
    check("ftp_*[2]", "ftp3");
    check("ftp*[0-1]", "ftp1 ftp2");
    check("ftp[1:0]", "ftp2");
}

#[test]
fn patterns_that_select_nothing_are_errors() {
    check("ftp9", "there is no host or group `ftp9` in the inventory");
    check("all:!nobody", "there is no host or group `nobody` in the inventory");
    check("ftp:!ftp", "the host pattern `ftp:!ftp` selects no host");
    check("web*", "the host pattern `web*` selects no host");
    check("ftp[7]", "the host pattern `ftp[7]` selects no host");
    check("lvs,ftp[7]", "the host pattern `lvs,ftp[7]` selects no host");
    check("lvs:9", "there is no host or group `lvs:9` in the inventory");
    check("", "the host pattern is empty");
    check(" , ,", "the host pattern is empty");
    check("!", "the host pattern `!` has no name after `!`");
    check("a b,c", "the host pattern `a b,c` has a blank inside; put `:` or `,` between names");
    check(
        "@hosts",
        "the host pattern `@hosts` names a file of hosts, which only --limit reads, and only without a sign before it",
    );
    check("~b", "the host pattern `~b` selects no host");
    check("a\nb", "the host pattern `a\nb` holds the control character U+000A");
}

#[test]
fn ranges_are_ansibles() {
    let expand = |name: &str| range::expand(name).map(|names| names.join(" "));
    assert_eq!(expand("plain").unwrap(), "plain");
    assert_eq!(expand("lvs[1:3]").unwrap(), "lvs1 lvs2 lvs3");
    assert_eq!(expand("web[08:11]-x").unwrap(), "web08-x web09-x web10-x web11-x");
    assert_eq!(expand("db-[a:c]").unwrap(), "db-a db-b db-c");
    assert_eq!(expand("n[1:9:4]").unwrap(), "n1 n5 n9");
    assert_eq!(expand("r[1:2]n[a:b]").unwrap(), "r1na r1nb r2na r2nb");
    assert_eq!(expand("x[:2]").unwrap(), "x0 x1 x2");
    for bad in [
        "x[",
        "x[1]",
        "x[1:]",
        "x[2:1]",
        "x[a:1]",
        "x[1:3:0]",
        "x[01:100]",
        "x[c:a]",
        "x[0:65536]",
        "x[1:300]y[1:300]",
        "x[-1:3]",
    ] {
        assert!(range::expand(bad).is_err(), "{bad}");
    }
}

#[test]
fn globs_are_those_of_the_shell() {
    for (glob, name, expected) in [
        ("*", "", true),
        ("a*c", "abbc", true),
        ("a*c", "abbcd", false),
        ("a?c", "abc", true),
        ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false),
        ("[]]", "]", true),
        ("[", "[", true),
        ("*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
    ] {
        assert_eq!(glob::Glob::new(glob).fits(name), expected, "{glob} {name}");
    }
}

#[test]
fn of_groups_the_deeper_wins_then_the_priority_then_the_name() {
    let of = |priority: i64| {
        let user = |name: &str| json!({"ansible_user": name});
        let inventory = inventory(&json!({
            "all": {"vars": user("all")},
            "a": {"vars": {"ansible_user": "a", "ansible_group_priority": priority}, "hosts": {"h": {}}},
            "b": {"vars": user("b"), "hosts": {"h": {}, "shallow": {}}},
            "top": {"vars": user("top"), "children": {"low": {"vars": user("low"), "hosts": {"deep": {}}}}},
            "z": {"vars": user("z"), "hosts": {"deep": {}}}
        }));
        ["h", "shallow", "deep"].map(|host| {
            match inventory.host(host, &ConnectionOptions::default()).unwrap().connection {
                Connection::Ssh { user, .. } => user.unwrap(),
                other => panic!("{other:?}"),
            }
        })
    };
    assert_eq!(of(1), ["b", "b", "low"]);
    assert_eq!(of(2), ["a", "b", "low"]);
    assert_eq!(of(-1), ["b", "b", "low"]);
}

#[test]
fn the_command_line_is_only_a_default() {
    let inventory = inventory(&json!({"all": {"hosts": {
        "own": {"ansible_user": "mine", "ansible_become": "no", "ansible_ssh_private_key_file": "~/.ssh/own"},
        "bare": {"ansible_become_method": "doas"}
    }}}));
    let options =
        ConnectionOptions { user: Some("option".to_owned()), become_: true, private_key: Some("/key".into()) };
    let own = inventory.host("own", &options).unwrap();
    let bare = inventory.host("bare", &options).unwrap();
    assert_eq!(own.become_, None);
    let doas = Become { method: BecomeMethod::Doas, user: "root".to_owned() };
    assert_eq!(bare.become_, Some(doas));
    let ssh = |name: &str, user: &str, key: &str| Connection::Ssh {
        address: name.to_owned(),
        port: None,
        user: Some(user.to_owned()),
        private_key: Some(key.into()),
        common_args: Vec::new(),
        extra_args: Vec::new(),
    };
    assert_eq!(own.connection, ssh("own", "mine", "~/.ssh/own"));
    assert_eq!(bare.connection, ssh("bare", "option", "/key"));
    let hostile = ConnectionOptions { user: Some("-oProxyCommand=x".to_owned()), ..options };
    assert!(hostile.check().is_err());
}

#[test]
fn sources_are_merged_and_the_later_wins() {
    let first = json!({"g": {"hosts": {"h": {"ansible_user": "first", "ansible_port": 1}}}});
    let second = json!({"g": {"hosts": {"new": {}, "h": {"ansible_user": "second"}}}});
    let sources = [first, second].map(|value| Source::new("hosts.json", value.to_string()));
    let inventory = Inventory::of(&sources).unwrap();
    assert_eq!(inventory.host_names().collect::<Vec<_>>(), ["h", "new"]);
    let connection = inventory.host("h", &ConnectionOptions::default()).unwrap().connection;
    let Connection::Ssh { port, user, .. } = connection else { panic!("{connection:?}") };
    assert_eq!((port.map(Port::get), user.as_deref()), (Some(1), Some("second")));
}

proptest! {
    #[test]
    fn no_text_can_stop_the_reader(key in any::<String>(), value in any::<String>(), which in 0_usize..4) {
        let text = [
            json!({"all": {"hosts": {&key: {"ansible_host": &value}}}}),
            json!({&key: {"hosts": {"h": {"lvs_real_ip": &value, "lvs_iptables": &value}}}}),
            json!({"all": {"children": {&key: {"hosts": {&value: {}}}}}}),
            json!({"_meta": {"hostvars": {&key: {"ansible_ssh_common_args": &value}}}, "g": {"hosts": [&key]}}),
        ][which].to_string();
        if let Ok(inventory) = Inventory::of(&[Source::new("hosts.json", text)]) {
            for name in inventory.host_names() {
                let _ = inventory.host(name, &ConnectionOptions::default());
            }
        }
    }

    #[test]
    fn what_reaches_ssh_is_harmless(value in any::<String>()) {
        let text = json!({"all": {"hosts": {"h": {"ansible_host": &value, "ansible_user": &value}}}});
        let inventory = inventory(&text);
        if let Ok(host) = inventory.host("h", &ConnectionOptions::default()) {
            let Connection::Ssh { address, user, .. } = host.connection else { panic!() };
            for text in [address, user.unwrap()] {
                prop_assert!(!text.starts_with('-') && !text.is_empty());
                prop_assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "._-:%+@".contains(c)), "{text:?}");
            }
        }
    }

    #[test]
    fn no_pattern_can_stop_the_reader(text in "[a-z0-9*?:,!&\\[\\]\\- ~@{}\\n]{0,30}") {
        if let Ok(pattern) = Pattern::of_option("--limit", &text) {
            let _ = usual().select(&pattern);
        }
    }
}
