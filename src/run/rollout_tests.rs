//! Batches as Ansible makes them, waves that keep them across plays, and what stops a roll-out.

use super::Rollout;
use crate::{
    desired::{Role, Side},
    playbook::{Batch, Limits},
    run::{Outcome, Trouble},
};
use std::net::Ipv4Addr;

const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

fn side(play: &str, role: Role, hosts: &[&str], serial: &[Batch]) -> Side {
    Side {
        play: play.to_owned(),
        role,
        hosts: hosts.iter().map(|name| (*name).to_owned()).collect(),
        serial: serial.to_vec(),
        limits: Limits::default(),
        virtual_ip: Some(VIP),
    }
}

fn outcomes(names: &[&str]) -> Vec<Outcome> {
    names
        .iter()
        .map(|name| Outcome { host: (*name).to_owned(), addresses: Some([].into()), ..Outcome::default() })
        .collect()
}

const FIVE: [&str; 5] = ["a", "b", "c", "d", "e"];

#[test]
fn batches_are_ansibles() {
    let cases: [(&[Batch], &[&[usize]]); 7] = [
        (&[Batch::Count(1)], &[&[0], &[1], &[2], &[3], &[4]]),
        (&[Batch::Count(2)], &[&[0, 1], &[2, 3], &[4]]),
        (&[Batch::Count(1), Batch::Count(3)], &[&[0], &[1, 2, 3], &[4]]),
        (&[Batch::Percent(100)], &[&[0, 1, 2, 3, 4]]),
        (&[Batch::Percent(40)], &[&[0, 1], &[2, 3], &[4]]),
        (&[Batch::Percent(1)], &[&[0], &[1], &[2], &[3], &[4]]),
        (&[Batch::Count(1), Batch::Percent(60)], &[&[0], &[1, 2, 3], &[4]]),
    ];
    for (serial, expected) in cases {
        let sides = [side("A", Role::RealServer, &FIVE, serial)];
        let rollout = Rollout::new(&sides, &outcomes(&FIVE));
        assert_eq!(rollout.waves(&[0, 1, 2, 3, 4]), expected, "{serial:?}");
    }
}

#[test]
fn only_busy_hosts_are_in_waves_and_batches_stay() {
    let sides = [side("A", Role::RealServer, &FIVE, &[Batch::Count(2)])];
    let rollout = Rollout::new(&sides, &outcomes(&FIVE));
    assert_eq!(rollout.waves(&[1, 2, 4]), [vec![1], vec![2], vec![4]]);
    assert!(rollout.waves(&[]).is_empty());
}

#[test]
fn the_router_with_the_virtual_ip_goes_last_and_so_does_one_that_does_not_tell() {
    let mut known = outcomes(&["a", "b", "c"]);
    known[0].addresses = Some([VIP].into());
    let sides = [side("A", Role::Router, &["a", "b", "c"], &[Batch::Count(1)])];
    assert_eq!(Rollout::new(&sides, &known).waves(&[0, 1, 2]), [[1], [2], [0]]);
    known[1].addresses = None;
    assert_eq!(Rollout::new(&sides, &known).waves(&[0, 1, 2]), [[2], [0], [1]]);
}

#[test]
fn plays_keep_their_batches_together() {
    let one = [Batch::Count(1)];
    let sides = [
        side("A", Role::Router, &["a", "b"], &one),
        side("B", Role::Router, &["b", "c"], &one),
        side("C", Role::RealServer, &["d", "e"], &[Batch::Percent(100)]),
    ];
    let known = outcomes(&FIVE);
    let rollout = Rollout::new(&sides, &known);
    assert_eq!(rollout.waves(&[0, 1, 2, 3, 4]), [vec![0, 3, 4], vec![1], vec![2]]);
    // Plays that want each other's first host later come to an end, too.
    let sides = [side("A", Role::Router, &["a", "b"], &one), side("B", Role::Router, &["b", "a"], &one)];
    assert_eq!(Rollout::new(&sides, &known).waves(&[0, 1]), [[0], [1]]);
}

#[test]
fn hosts_of_no_side_go_together() {
    assert_eq!(Rollout::new(&[], &outcomes(&FIVE)).waves(&[0, 2]), [[0, 2]]);
}

fn stops(side: &Side, failed: &[(usize, bool)]) -> Vec<(bool, String)> {
    let mut known = outcomes(&FIVE);
    for (index, tried) in failed {
        known[*index].trouble = Some(Trouble::Failed("no".to_owned()));
        known[*index].tried = *tried;
    }
    let sides = [side.clone()];
    Rollout::new(&sides, &known).stops(&known).into_iter().map(|stop| (stop.only.is_none(), stop.why)).collect()
}

#[test]
fn a_host_that_fails_while_it_is_changed_stops_the_rest() {
    let routers = side("A", Role::Router, &FIVE, &[Batch::Count(1)]);
    assert_eq!(stops(&routers, &[(1, true)]), [(true, "b failed".to_owned())]);
    // One that could not be observed has left the run before.
    assert_eq!(stops(&routers, &[(1, false)]), []);
    let servers = Side { role: Role::RealServer, ..routers };
    assert_eq!(stops(&servers, &[(1, true)]), [(false, "b failed".to_owned())]);
}

#[test]
fn a_batch_may_lose_a_share_of_its_hosts() {
    let mut servers = side("A", Role::RealServer, &FIVE, &[Batch::Percent(100)]);
    let percent = |value| Limits { max_fail_percentage: Some(value), any_errors_fatal: None };
    servers.limits = percent(40);
    assert_eq!(stops(&servers, &[(1, true), (2, true)]), []);
    assert_eq!(stops(&servers, &[(1, true), (2, true), (3, false)]).len(), 1);
    // All of a batch are always too many.
    servers.limits = percent(100);
    servers.serial = vec![Batch::Count(2)];
    assert_eq!(stops(&servers, &[(0, true), (2, true)]), []);
    assert_eq!(
        stops(&servers, &[(2, false), (3, true)]),
        [(false, "c, d failed, more than max_fail_percentage allows".to_owned())]
    );
    servers.limits = percent(0);
    assert_eq!(stops(&servers, &[(4, false)]).len(), 1);
}

#[test]
fn any_error_may_be_fatal() {
    let mut servers = side("A", Role::RealServer, &FIVE, &[Batch::Percent(100)]);
    servers.limits = Limits { max_fail_percentage: Some(90), any_errors_fatal: Some(true) };
    assert_eq!(stops(&servers, &[(3, false)]), [(true, "d failed, and any_errors_fatal is set".to_owned())]);
    assert_eq!(stops(&servers, &[]), []);
}
