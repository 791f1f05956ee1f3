//! `--out` and `--plan`: what was reviewed is made, or nothing.

use super::{
    control::{Control, Ran, is_there, playbook},
    host::Host,
    whole::is_as_recorded,
};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

fn cluster() -> (Control, Host, Host) {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
    (control, router, server)
}

fn plan(control: &Control) -> Value {
    serde_json::from_str(&std::fs::read_to_string(control.path("plan.json")).unwrap()).unwrap()
}

const OUT: &[&str] = &["--check", "--out", "plan.json"];
const PLAN: &[&str] = &["--plan", "plan.json"];

/// The file's shape, with what differs each time left out.
#[test]
fn the_file() {
    let (control, _router, _server) = cluster();
    let ran = control.apply(&[OUT, &["--output", "json"]].concat()).ended(3);
    let path = control.path("plan.json");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut shape: Value = serde_json::from_str(&text).unwrap();
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    let changes = shape["hosts"].as_array().unwrap().iter().flat_map(|host| host["changes"].as_array().unwrap());
    for (planned, told) in changes.zip(told["changes"].as_array().unwrap()) {
        for key in ["host", "play", "resource", "state", "stage", "action", "summary", "before", "after", "diff"] {
            assert_eq!(planned[key], told[key], "{key}");
        }
    }
    let made = shape["made"].as_str().unwrap();
    assert!(made.len() == 20 && made.ends_with('Z'), "{made}");
    assert_eq!(shape["lvs_ftp"], env!("CARGO_PKG_VERSION"));
    shape["lvs_ftp"] = "VERSION".into();
    shape["made"] = "TIME".into();
    shape["inputs"] = "DIGEST".into();
    for host in shape["hosts"].as_array_mut().unwrap() {
        for digest in host["observed"].as_object_mut().unwrap().values_mut() {
            assert_eq!(digest.as_str().unwrap().len(), 64);
            *digest = "DIGEST".into();
        }
    }
    is_as_recorded(&format!("{shape:#}\n"), "plan.json");
    // Nothing else is left beside it.
    let beside: Vec<_> =
        control.path("").read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
    assert!(beside.iter().all(|name| !name.starts_with(".lvs-ftp")), "{beside:?}");
}

#[test]
fn what_was_reviewed_is_made() {
    let (control, router, _server) = cluster();
    control.apply(OUT).ended(3);
    router.sh("iptables -t mangle -A FORWARD -d 192.0.2.99 -j ACCEPT; iptables -t mangle -F FORWARD");
    let ran = control.apply(&[PLAN, &["--output", "json"]].concat()).ended(0);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(told["changes"].as_array().unwrap().iter().all(|change| change["made"] == true), "{}", ran.stdout);
    let planned: usize =
        plan(&control)["hosts"].as_array().unwrap().iter().map(|host| host["changes"].as_array().unwrap().len()).sum();
    assert_eq!(told["changes"].as_array().unwrap().len(), planned);
    // It does not hold a second time; a plan with nothing to do holds as long as nothing moves.
    let ran = refused(&control, PLAN);
    assert!(ran.stderr.contains("\n  lvs1: the packet filter changed since the plan was made\n"), "{}", ran.stderr);
    control.apply(OUT).ended(0);
    for _ in 0..2 {
        assert!(control.apply(PLAN).ended(0).stdout.contains("changed=0"));
    }
}

/// Refused: status 2, nothing on standard output.
#[track_caller]
fn refused(control: &Control, arguments: &[&str]) -> Ran {
    let ran = control.apply(arguments).ended(2);
    assert!(
        ran.stderr.starts_with("error: the plan plan.json does not hold any more; nothing was changed:\n  "),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout, "");
    ran
}

#[test]
fn what_has_moved_is_told_and_nothing_is_done() {
    let (control, router, server) = cluster();
    control.apply(OUT).ended(3);
    let original = plan(&control);
    let keep = |plan: &Value| control.file("plan.json", plan.to_string());
    let state = || (router.sh("iptables-save; cat /run/ipvs"), server.read("srv/vsftpd.conf"));
    let before = state();
    let unmoved = |arguments: &[&str], says: &str| {
        let ran = refused(&control, arguments);
        assert!(ran.stderr.lines().skip(1).any(|line| line.trim() == says), "{says}: {}", ran.stderr);
        ran
    };

    let mut older = original.clone();
    older["lvs_ftp"] = "0.0.1".into();
    keep(&older);
    unmoved(PLAN, &format!("the plan was made by lvs-ftp 0.0.1, and this is {}", env!("CARGO_PKG_VERSION")));
    let mut edited = original.clone();
    edited["hosts"][0]["changes"][0]["summary"] = "nothing".into();
    keep(&edited);
    unmoved(PLAN, "lvs1: what is to be done is not what the plan says");
    keep(&original);
    let ran =
        unmoved(&[PLAN, &["-l", "lvs1"]].concat(), "ftp1: it is in the plan, and not among the hosts of this run");
    assert!(ran.stderr.contains("inventory, playbook or options mean something else"), "{}", ran.stderr);
    let mut fewer = original.clone();
    fewer["hosts"].as_array_mut().unwrap().remove(0);
    keep(&fewer);
    unmoved(PLAN, "lvs1: it is not in the plan");
    keep(&original);

    let mut site = playbook();
    site[0]["ftp_cluster"]["scheduler"] = "rr".into();
    control.file("playbooks/site.json", site.to_string());
    unmoved(PLAN, "inventory, playbook or options mean something else than when the plan was made");
    // The same in other words is the same.
    control.file("playbooks/site.json", format!("\n{:#}\n", playbook()));

    server.write("srv/vsftpd.conf", "listen=YES\n");
    unmoved(PLAN, "ftp1: vsftpd's configuration changed since the plan was made");
    server.write("srv/vsftpd.conf", &before.1);
    router.sh("iptables -t nat -A POSTROUTING -d 192.0.2.99 -j ACCEPT");
    unmoved(PLAN, "lvs1: the packet filter changed since the plan was made");
    router.sh("iptables -t nat -F POSTROUTING");
    control.script("hosts/lvs1/tools/iptables-save", "echo broken >&2; exit 1");
    let ran = refused(&control, PLAN);
    assert!(ran.stderr.contains("\n  lvs1: failed to read the packet filter"), "{}", ran.stderr);
    std::fs::remove_file(control.path("hosts/lvs1/tools/iptables-save")).unwrap();
    assert_eq!(state().1, before.1);
    assert_eq!(state().0.matches("MARK").count() + state().0.matches("wlc").count(), 0, "nothing was done");
    control.apply(PLAN).ended(0);
}

#[test]
fn no_plan_where_a_host_was_not_observed() {
    let control = Control::new();
    let router = Host::new(&control, "lvs1");
    let dead = json!({"ansible_host": "127.0.0.1", "ansible_port": 1, "lvs_real_ip": "10.1.1.11"});
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", dead)]);
    let ran = control.apply(OUT).ended(4);
    assert!(
        ran.stderr.starts_with("[WARNING]: no plan is written to plan.json: not every host was observed: ftp1: "),
        "{}",
        ran.stderr
    );
    assert!(!is_there(&control.path("plan.json")));
    control.apply(&["--check", "-l", "lvs1", "--out", "nosuch/plan.json"]).ended(2);
    control.apply(&["--check", "-l", "lvs1", "--out", "plan.json"]).ended(3);
    std::fs::remove_file(control.path("plan.json")).unwrap();
    std::fs::create_dir(control.path("plan.json")).unwrap();
    let ran = control.apply(&["--check", "-l", "lvs1", "--out", "plan.json"]).ended(2);
    assert!(ran.stderr.starts_with("error: failed to write the plan plan.json: "), "{}", ran.stderr);
}

#[test]
fn what_is_no_plan_is_refused() {
    let control = Control::new();
    let touch = control.exec("contacted-by", &format!("touch {}", control.path("contacted")));
    let server = json!({"lvs_ftp_exec": ["false"], "lvs_real_ip": "10.1.1.11"});
    control.inventory(&[("lvs1", touch)], &[("ftp1", server)]);
    let good = json!({"version": 1, "lvs_ftp": "0.1.0", "made": "x", "inputs": "x", "hosts": [{"host": "lvs1", "observed": {}, "changes": []}]});
    let with = |key: &str, value: Value| {
        let mut plan = good.clone();
        plan[key] = value;
        plan.to_string()
    };
    let host = |value: Value| with("hosts", json!([value]));
    let lvs1 = &good["hosts"][0];
    for (text, says) in [
        (String::new(), "the file is empty"),
        ("{".to_owned(), "this is not JSON"),
        ("[]".to_owned(), "a plan must be a map"),
        ("{}".to_owned(), "a plan needs the key `version`"),
        ("\0\0".to_owned(), "NUL"),
        (with("version", json!(2)), "this plan has version 2, and lvs-ftp "),
        (with("version", json!("1")), "`version` must be a number"),
        (with("lvs_ftp", json!(1)), "`lvs_ftp` must be text"),
        (with("inputs", json!("a\nb")), "holds a line break"),
        (with("host", json!([])), "did you mean `hosts`?"),
        (with("hosts", json!({})), "`hosts` must be a list"),
        (with("hosts", json!([lvs1, lvs1])), "the host `lvs1` is here twice"),
        (host(json!("lvs1")), "a host of a plan must be a map"),
        (host(json!({"host": "lvs1", "observed": {}})), "a host of a plan needs the key `changes`"),
        (
            host(json!({"host": "lvs1", "observed": [], "changes": []})),
            "`observed` is not a plan's: invalid type: sequence",
        ),
        (
            host(json!({"host": "lvs1", "observed": {"x": 1}, "changes": []})),
            "`observed` is not a plan's: invalid type: integer",
        ),
        (host(json!({"host": "lvs1", "observed": {}, "changes": {}})), "`changes` is not a plan's: invalid type: map"),
        (good.to_string() + "}", "this is not JSON: trailing characters"),
        (format!("{{\"version\":{}1{}}}", "[".repeat(5000), "]".repeat(5000)), "error: "),
    ] {
        control.file("plan.json", &text);
        let ran = control.apply(PLAN).ended(1);
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
        assert!(ran.stdout.is_empty() && !is_there(&control.path("contacted")), "{text}");
    }
    for arguments in [
        &["--plan", "nosuch"][..],
        &["--plan", "inventory"],
        &["--out", "x"],
        &["--plan", "plan.json", "--check"],
        &["--plan"],
    ] {
        control.apply(arguments).ended(1);
        assert!(!is_there(&control.path("contacted")));
    }
}
