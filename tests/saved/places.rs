//! Where the host keeps the packet filter that it loads at boot, by what is there.

use crate::{root::Root, support::connection};
use lvs_ftp::{
    host::{Observe, Session},
    probe::Probe,
};
use serde_json::json;

/// The path that is found; nothing where there is no place, or none that is clear.
fn found(files: &[(&str, &str)]) -> Option<String> {
    let (root, session) = (Root::new(), Session::new(10, true));
    for (path, text) in files {
        root.write(path, text);
    }
    let host = connection(&session, &json!({ "lvs_ftp_exec": root.words(Vec::new()) }));
    let facts = host.observe(&[Probe::SavedFilter]).unwrap();
    facts.saved_filter().unwrap().path.as_ref().map(ToString::to_string)
}

#[test]
fn the_file_that_the_host_loads() {
    let (red_hat, debian) = ("/etc/sysconfig/iptables", "/etc/iptables/rules.v4");
    for (files, path) in [
        (&[][..], None),
        (&[(red_hat, "")], Some(red_hat)),
        (&[(debian, "")], Some(debian)),
        (&[("/etc/iptables/other", "")], Some(debian)),
        (&[(red_hat, ""), (debian, ""), ("/etc/debian_version", "")], Some(debian)),
        (&[(red_hat, ""), (debian, "")], Some(red_hat)),
    ] {
        assert_eq!(found(files).as_deref(), path, "{files:?}");
    }
}

#[test]
fn open_rc_says_itself_which() {
    let alpine = "/etc/iptables/rules-save";
    for (conf, path) in [
        ("# IPTABLES_SAVE=\"/no\"\nIPTABLES_SAVE=\"/etc/iptables/rules-save\"\nSAVE_ON_STOP=\"yes\"\n", Some(alpine)),
        ("IPTABLES_SAVE=/no\n  IPTABLES_SAVE='/etc/iptables/rules-save' # here\n", Some(alpine)),
        ("IPTABLES_SAVE=/etc/iptables/rules-save", Some(alpine)),
        ("IPTABLES_SAVE=\"/etc/$NAME\"\n", None),
        ("IPTABLES_SAVE=/no\nIPTABLES_SAVE=$(date)\n", None),
        ("SAVE_ON_STOP=yes\n", None),
        ("", None),
    ] {
        // The folder of Debian's file is OpenRC's folder too.
        let mut files = vec![("/etc/runlevels/default/sshd", ""), ("/etc/iptables/ip6.rules-save", "")];
        files.extend([("/etc/init.d/iptables", "#!/sbin/openrc-run\n"), ("/etc/conf.d/iptables", conf)]);
        assert_eq!(found(&files).as_deref(), path, "{conf}");
    }
}
