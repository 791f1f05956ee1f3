//! Laws of the playbook reader; its refusals one by one are in `tests/input`.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use super::{Batch, Cluster, Play, plays};
use crate::source::{Faults, Source};
use proptest::prelude::*;
use serde_json::{Value, json};

fn full() -> Value {
    json!([{
        "name": "Public FTP",
        "tags": ["ftp", "public"],
        "ftp_cluster": {
            "virtual_ip": "192.0.2.10",
            "firewall_mark": 21,
            "control_port": 21,
            "passive_ports": "10000:20000",
            "active_nat": "masquerade",
            "scheduler": "wlc",
            "persistence": { "timeout": 300, "netmask": "255.255.255.0" },
            "forwarding": "nat",
            "drain_timeout": 300,
            "routers": {
                "hosts": ["lvs_routers"],
                "serial": ["50%", 1],
                "director": "ipvsadm",
                "expire_quiescent_template": 0,
                "services": { "sshd": { "runlevels": [3, 5], "enabled": true, "running": true } }
            },
            "real_servers": {
                "hosts": "ftp_servers",
                "serial": "100%",
                "network": "10.1.1.0/24",
                "vsftpd": { "conf": "/etc/vsftpd.conf", "settings": { "ftpd_banner": "Welcome", "local_umask": "022" } },
                "services": { "vsftpd": {} }
            }
        }
    }])
}

fn read(playbook: &Value) -> Result<Vec<Play>, Faults> {
    plays(&Source::new("playbook.json", playbook.to_string()))
}

/// The cluster of a playbook's first play.
fn cluster(playbook: &Value) -> Cluster {
    let Play::Cluster(play) = read(playbook).unwrap().remove(0) else { panic!("it is a cluster") };
    play.cluster
}

/// Applies the change to the nth text of a tree, keys included; whether there was one.
fn change_text(value: &mut Value, count: &mut usize, change: &dyn Fn(&mut String)) -> bool {
    let mut hit = |text: &mut String| {
        let mine = *count == 0;
        *count = count.wrapping_sub(1);
        if mine {
            change(text);
        }
        mine
    };
    match value {
        Value::String(text) => hit(text),
        Value::Array(items) => items.iter_mut().any(|item| change_text(item, count, change)),
        Value::Object(entries) => {
            let old = std::mem::take(entries);
            let mut done = false;
            for (mut key, mut value) in old {
                if !done {
                    let mine = *count == 0;
                    *count = count.wrapping_sub(1);
                    if mine {
                        change(&mut key);
                    }
                    done = mine || change_text(&mut value, count, change);
                }
                entries.insert(key, value);
            }
            done
        }
        _ => false,
    }
}

fn texts() -> usize {
    let mut count = usize::MAX;
    change_text(&mut full(), &mut count, &|_| {});
    usize::MAX - count
}

#[test]
fn the_full_form_is_read() {
    assert_eq!(cluster(&full()).routers.serial, [Batch::Percent(50), Batch::Count(1)]);
    assert!(texts() > 40, "{}", texts());
}

#[test]
fn the_defaults_are_the_reference_set_up() {
    let short = json!([{ "name": "Public FTP", "ftp_cluster": {
        "virtual_ip": "192.0.2.10",
        "routers": { "hosts": "lvs_routers" },
        "real_servers": { "hosts": "ftp_servers", "network": "10.1.1.0/24" }
    }}]);
    let long = json!([{ "name": "Public FTP", "tags": [], "ftp_cluster": {
        "virtual_ip": "192.0.2.10",
        "firewall_mark": 21,
        "control_port": 21,
        "passive_ports": "10000-20000",
        "active_nat": "masquerade",
        "scheduler": "wlc",
        "persistence": 300,
        "forwarding": "nat",
        "drain_timeout": 300,
        "routers": { "hosts": "lvs_routers", "serial": 1, "director": "ipvsadm", "services": {} },
        "real_servers": {
            "hosts": "ftp_servers", "serial": "100%", "network": "10.1.1.0/24",
            "vsftpd": { "settings": {} }, "services": {}
        }
    }}]);
    assert_eq!(cluster(&short), cluster(&long));
}

#[test]
fn batches_are_never_empty() {
    assert_eq!(Batch::Percent(30).size(2), 1);
    assert_eq!(Batch::Percent(50).size(5), 2);
    assert_eq!(Batch::Percent(100).size(7), 7);
    assert_eq!(Batch::Count(3).size(1), 3);
}

proptest! {
    #[test]
    fn a_control_character_anywhere_is_refused(
        which in 0..texts(),
        at in 0_usize..8,
        control in prop_oneof![Just('\n'), Just('\r'), Just('\0'), Just('\u{1b}'), Just('\u{7f}'), Just('\u{9b}'), Just('\t')],
    ) {
        let mut playbook = full();
        let mut count = which;
        let done = change_text(&mut playbook, &mut count, &|text| {
            let at = at.min(text.len());
            text.insert(at, control);
        });
        prop_assert!(done);
        prop_assert!(read(&playbook).is_err(), "{}", playbook);
    }

    #[test]
    fn no_text_can_stop_the_reader(which in 0..texts(), text in any::<String>()) {
        let mut playbook = full();
        change_text(&mut playbook, &mut which.clone(), &|old| old.clone_from(&text));
        if let Err(faults) = read(&playbook) {
            prop_assert!(!faults.to_string().is_empty());
        }
    }

    #[test]
    fn any_cut_of_a_playbook_is_an_error(cut in 1_usize..500) {
        let text = full().to_string();
        prop_assert!(plays(&Source::new("playbook.json", &text[..cut])).is_err());
    }
}
