//! Laws of draining: what still has connections stays, and is gone once they have ended.

use super::{Cluster, any_cluster, any_state, foreign, sorted, target};
use crate::{
    model::{Model, State},
    support::run::apply,
};
use lvs_ftp::{
    desired::Target,
    format::ipvs::ServiceKey,
    host::{Change as _, Observe},
    plan::{Action, Change, Drain, Stage, Wait, steps},
    probe::Facts,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A state whose destinations have connections, and whose vsftpd has sessions of before.
fn any_busy_state() -> impl Strategy<Value = State> {
    (any_state(), 0..3_u64, 0..3_u32).prop_map(|(mut state, seed, old_sessions)| {
        let mut number = seed;
        for service in &state.ipvs.services {
            for destination in &service.destinations {
                number += 1;
                state.connections.insert((service.key.to_string(), destination.address.clone()), number % 3);
            }
        }
        State { old_sessions, ..state }
    })
}

fn facts(target: &Target, model: &Model) -> Facts {
    model.observe(&target.probes()).unwrap()
}

fn changes(target: &Target, facts: &Facts) -> Vec<Change> {
    target.wanted.iter().flat_map(|wanted| wanted.resource.diff(facts).unwrap().changes).collect()
}

fn is_over(drain: &Drain, target: &Target, facts: &Facts) -> bool {
    let mut lingering = target.wanted.iter().filter_map(|wanted| wanted.resource.lingering(facts).unwrap());
    drain.waits.iter().all(|wait| match wait {
        Wait::Connections(count) => *count == 0,
        Wait::Sessions(_) => lingering.all(|left| left.sessions == 0 || left.seconds >= u64::from(drain.timeout)),
    })
}

/// What a run that may not wait does: all but what still waits. What it leaves comes back.
fn pass(target: &Target, model: &Model) -> Vec<Change> {
    let planned = changes(target, &facts(target, model));
    for stage in Stage::ALL {
        model.change(&steps(planned.iter().filter(|change| change.drain.is_none()), stage)).unwrap();
    }
    let facts_now = facts(target, model);
    let waiting = changes(target, &facts_now);
    for change in &waiting {
        assert!(change.drain.is_some(), "only drains are left: {change:?}");
        let known = |before: &&Change| before.drain.is_some() && before.summary == change.summary;
        assert!(planned.iter().any(|before| known(&before)), "it is the same change as before: {change:?}");
    }
    let over = |change: &&Change| change.drain.as_ref().is_some_and(|drain| is_over(drain, target, &facts_now));
    model.change(&steps(waiting.iter().filter(over), Stage::Contract)).unwrap();
    changes(target, &facts(target, model))
}

/// The lines of the wanted destinations, as the mark's service has them.
fn wanted_lines(state: &State, cluster: &Cluster) -> Vec<String> {
    let service = state.ipvs.service(&ServiceKey::mark(cluster.mark)).unwrap();
    let wanted: Vec<String> = cluster.servers.iter().map(|(last, _)| format!("10.1.1.{last}:0")).collect();
    let mine = service.destinations.iter().filter(|known| wanted.contains(&known.address));
    mine.map(|known| known.words().join(" ")).collect()
}

/// Every destination that has connections, by its service.
fn busy(state: &State) -> Vec<(String, String)> {
    let destinations =
        state.ipvs.services.iter().flat_map(|service| {
            service.destinations.iter().map(|known| (service.key.to_string(), known.address.clone()))
        });
    destinations.filter(|name| state.connections.get(name).is_some_and(|count| *count > 0)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Runs that may not wait cut nobody, settle at once, and finish by observation alone when the connections ended.
    #[test]
    fn a_drain_cuts_nobody_and_ends(state in any_busy_state(), cluster in any_cluster()) {
        let (target, model) = (target(&cluster), Model::new(state.clone()));
        let left = pass(&target, &model);
        let draining = model.state();
        prop_assert_eq!(busy(&draining), busy(&state), "what has connections is there");
        let ours = draining.ipvs.service(&ServiceKey::mark(cluster.mark)).unwrap();
        let extra = |address: &str| cluster.servers.iter().all(|(last, _)| address != format!("10.1.1.{last}:0"));
        prop_assert!(ours.destinations.iter().all(|known| !extra(&known.address) || known.weight == 0), "no new clients");
        let wanted = wanted_lines(&draining, &cluster);
        prop_assert_eq!(wanted.len(), cluster.servers.len(), "wanted destinations are there");
        if state.old_sessions > 0 {
            let waits = |change: &&Change| change.action == Action::Remove && change.summary.starts_with("mangle (stale)");
            for change in left.iter().filter(waits) {
                let rule = String::from_utf8(change.before.clone()).unwrap();
                prop_assert!(draining.mangle.contains(&rule.trim_end().to_owned()), "an old rule stays for old sessions");
            }
        }
        prop_assert_eq!(pass(&target, &model), left, "the next run finds the same");
        prop_assert_eq!(&model.state(), &draining, "and changes nothing");
        model.0.lock().unwrap().connections.clear();
        model.0.lock().unwrap().old_sessions = 0;
        prop_assert_eq!(pass(&target, &model), []);
        let ended = model.state();
        prop_assert_eq!(wanted_lines(&ended, &cluster), wanted, "a drain changes no wanted destination");
        prop_assert_eq!(foreign(&ended, &cluster), foreign(&state, &cluster));
        let quiet = State { connections: BTreeMap::new(), old_sessions: 0, ..state };
        let direct = [(target, Model::new(quiet))];
        prop_assert_eq!(&apply(&direct, 1)[0].trouble, &None);
        prop_assert_eq!(sorted(&ended.ipvs), sorted(&direct[0].1.state().ipvs), "it is what a run without drains makes");
    }
}
