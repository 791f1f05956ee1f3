//! The lvs.cf files that Piranha's documentation and its users show: each is read and written byte for byte, and what one
//! play makes of it is a diff that somebody has reviewed. `UPDATE=1` writes the diffs anew.

use crate::{
    model::{Model, State, lvs_cf},
    support::{
        keepalived::router_of,
        run::{apply, check},
    },
};
use camino::Utf8PathBuf;
use lvs_ftp::format::lvs_cf::LvsCf;
use serde_json::json;
use similar::TextDiff;
use std::fs;

const FOLDER: &str = "tests/laws/lvs_cf";

#[test]
fn each_sample_is_edited_as_little_as_can_be() {
    let mut samples: Vec<Utf8PathBuf> =
        camino::Utf8Path::new(FOLDER).read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path()).collect();
    samples.retain(|path| path.extension() == Some("cf"));
    samples.sort();
    assert_eq!(samples.len(), 6);
    for path in samples {
        let old = fs::read_to_string(&path).unwrap();
        assert_eq!(LvsCf::parse(old.as_bytes()).unwrap().render(), old.as_bytes(), "{path}");
        lvs_cf::read(old.as_bytes()).unwrap();
        let new = converged(&old, path.file_stem().unwrap());
        lvs_cf::read(new.as_bytes()).unwrap_or_else(|why| panic!("{path}: {why}\n{new}"));
        let diff = TextDiff::from_lines(&old, &new).unified_diff().context_radius(1).to_string();
        let expected = path.with_extension("diff");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &diff).unwrap();
        }
        assert_eq!(diff, fs::read_to_string(&expected).unwrap_or_default(), "{expected}");
    }
}

/// The file after a run, and after another one that changes nothing.
fn converged(text: &str, name: &str) -> String {
    let mut play = json!({"name": "Public FTP", "ftp_cluster": {
        "virtual_ip": "192.0.2.10",
        "routers": {"hosts": "lvs", "director": "piranha", "vip_device": "eth0:1", "director_restart": "on_drift",
                    "nat_router": {"address": "192.168.10.100", "device": "eth1:1"}},
        "real_servers": {"hosts": "ftp", "network": "192.168.10.0/24"}
    }});
    if name == "without-routers" {
        play["ftp_cluster"]["routers"]["primary"] = json!("198.51.100.2");
        play["ftp_cluster"]["routers"]["backup"] = json!("198.51.100.3");
    }
    let names = ["netfilter-persistent", "pulse"];
    let host = Model::new(State {
        lvs_cf: Some(text.into()),
        services: names.map(|name| (name.to_owned(), [].into())).into(),
        saved_filter: Some(String::new()),
        ..State::default()
    });
    let hosts = [(router_of(&play, "192.168.10", [2, 3, 4, 5], &[1, 3, 1, 0]), host)];
    assert_eq!(apply(&hosts, 1)[0].trouble, None, "{name}");
    assert_eq!(check(&hosts, 1)[0].changes().count(), 0, "{name}");
    String::from_utf8(hosts[0].1.state().lvs_cf.unwrap()).unwrap()
}
