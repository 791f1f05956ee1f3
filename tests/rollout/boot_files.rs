//! Boot files over several runs: what an earlier one left is found in them, and a host that needs a person keeps no other from its own.

use super::{Site, held, site};
use lvs_ftp::{
    desired::{self, Target},
    host::HostError,
    plan::Step,
    run::Trouble,
};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};

/// The same site, with what a playbook of today wants of it as far as `tags` ask for that.
fn again(mut site: Site, mark: u32, tag: Option<&str>) -> Site {
    let play =
        super::clusters(&json!({"10.1.1.[11:13]": {}}), |play| play["ftp_cluster"]["firewall_mark"] = json!(mark));
    let selects = |tags: &[String]| tag.is_none_or(|tag| tags.iter().any(|known| known == tag));
    let targets = desired::targets(&play, &play, &selects).unwrap();
    let now = |old: &Target| targets.iter().find(|target| target.host.name == old.host.name).cloned();
    for (target, _) in &mut site.hosts {
        *target = now(target).unwrap();
    }
    site
}

/// The running rules tell no more of the older mark when the boot files' turn comes.
#[test]
fn an_older_mark_leaves_the_saved_table_however_late() {
    let site = site(|_| {});
    site.apply();
    let saved = |site: &Site| site.hosts[0].1.model.state().saved_ipvs.unwrap();
    assert!(saved(&site).contains("-A -f 21 "));
    let site = again(site, 33, Some("running"));
    assert!(site.apply().iter().all(|outcome| outcome.trouble.is_none()));
    assert!(saved(&site).contains("-A -f 21 "), "it was not asked for");
    let site = again(site, 33, None);
    assert!(site.apply().iter().all(|outcome| outcome.trouble.is_none()));
    assert!(!saved(&site).contains("-f 21 ") && saved(&site).contains("-A -f 33 "), "{}", saved(&site));
    let filter = site.hosts[0].1.model.state().saved_filter.unwrap();
    assert!(!filter.contains("mark 21") && filter.contains("mark 33"), "{filter}");
}

/// The saved rules tell of the older mark, so they go behind the table: a run may end between the two.
#[test]
fn the_saved_table_is_written_before_the_saved_rules() {
    let site = site(|_| {});
    site.apply();
    let site = again(site, 33, Some("running"));
    site.apply();
    let mut site = again(site, 33, None);
    let died = AtomicBool::new(false);
    site.host("lvs2").meddle = Box::new(move |state, steps| {
        let first = steps.iter().find(|step| matches!(step, Step::File { .. })).unwrap();
        if !died.swap(true, Ordering::Relaxed) {
            state.take(first).unwrap();
        }
        Err(HostError::Failed("it died".to_owned()))
    });
    site.apply();
    let state = site.host("lvs2").model.state();
    assert!(!state.saved_ipvs.unwrap().contains("-f 21 "), "the table is first");
    assert!(state.saved_filter.unwrap().contains("--set-mark 21"));
}

/// What only a person can do on one host at the end is told, and is all that is left anywhere.
#[test]
fn a_router_that_needs_a_person_stops_no_other() {
    let mut site = site(|_| {});
    site.host("lvs2").model.0.lock().unwrap().services.remove("netfilter-persistent");
    for _ in 0..2 {
        let outcomes = site.apply();
        assert_eq!(held(&outcomes), []);
        let trouble: Vec<_> = outcomes.iter().map(|outcome| outcome.trouble.clone()).collect();
        assert!(matches!(&trouble[1], Some(Trouble::Failed(text)) if text.contains("install")), "{trouble:?}");
        assert!(trouble.iter().enumerate().all(|(number, trouble)| number == 1 || trouble.is_none()), "{trouble:?}");
    }
    for name in ["lvs1", "lvs2"] {
        let state = site.host(name).model.state();
        assert!(state.saved_filter.is_some() && state.saved_ipvs.is_some(), "{name}");
    }
    // A failure beside it is one.
    let mut site = super::site(|_| {});
    site.host("lvs2").model.0.lock().unwrap().services.remove("netfilter-persistent");
    site.host("lvs2").meddle = super::fails("File");
    assert!(held(&site.apply()).iter().any(|(what, why)| what == "lvs1 persist" && why == "lvs2 failed"));
}
