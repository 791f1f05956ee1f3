//! Inventories and patterns as the real Ansible has them: each folder of `tests/compat/cases` with what
//! `ansible-inventory --list` and `--graph`, and `ansible PATTERN --list-hosts`, said of it.
//!
//! A folder has `args` (the options), its inventory, perhaps `patterns` (a line each, a limit behind it or not), and
//! `recorded.json`, what Ansible said. One with `why` is refused on purpose: `why` says what Ansible does, `said.txt` what
//! we say. Ansible itself is not needed; with COMPAT_PYTHON, the Python of an environment that has it, it is asked again
//! (`make compat`), and what it says must be what is recorded. With UPDATE=1 it is recorded anew.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

mod compat {
    pub mod ansible;
    pub mod case;
    pub mod product;
    pub mod small;
}

use compat::{
    ansible::Ansible,
    case::{self, Case, Recorded},
    product, small,
};
use std::env::var_os;

/// So much at least: a test that finds none of it must not pass.
const CASES_AT_LEAST: usize = 60;
const PATTERNS_AT_LEAST: usize = 120;

#[test]
fn every_inventory_is_read_as_ansible_reads_it() {
    let cases = case::all();
    assert!(cases.len() >= CASES_AT_LEAST, "only {} cases", cases.len());
    let patterns: usize = cases.iter().map(|case| case.patterns.len()).sum();
    assert!(patterns >= PATTERNS_AT_LEAST, "only {patterns} patterns");
    let wrong: Vec<String> = cases.iter().filter(|case| case.why.is_none()).flat_map(differences).collect();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// Where we say other than what is recorded.
fn differences(case: &Case) -> Vec<String> {
    let Some(recorded) = case.recorded() else { return vec![format!("{}: nothing is recorded", case.name)] };
    let mut wrong = Vec::new();
    for (action, expected) in [("--list", &recorded.list), ("--graph", &recorded.graph)] {
        let said = product::inventory(case, &[action]);
        if said.as_ref() != Ok(expected) {
            let said = said.unwrap_or_else(|said| said);
            wrong.push(format!("{} {action}:\n{}", case.name, case::differing_lines(expected, &said)));
        }
    }
    for pattern in &case.patterns {
        let said = product::hosts(case, pattern);
        let expected = recorded.hosts.get(&pattern.line);
        let fine = match (&said, expected) {
            (Err(_), _) => pattern.refused,
            (Ok(said), Some(expected)) => !pattern.refused && pattern.same_hosts(said, expected),
            (Ok(_), None) => false,
        };
        if !fine {
            wrong.push(format!("{} {:?}: {said:?}, but Ansible: {expected:?}", case.name, pattern.line));
        }
    }
    if recorded.hosts.len() != case.patterns.len() {
        wrong.push(format!("{}: other patterns are recorded", case.name));
    }
    wrong
}

#[test]
fn what_is_refused_on_purpose_is_said_so() {
    let cases: Vec<Case> = case::all().into_iter().filter(|case| case.why.is_some()).collect();
    assert!(cases.len() >= 10, "only {} cases", cases.len());
    for case in cases {
        let said = product::inventory(&case, &["--list"]).expect_err(&case.name);
        if var_os("UPDATE").is_some() {
            std::fs::write(case.path("said.txt"), &said).unwrap();
        }
        let expected = std::fs::read_to_string(case.path("said.txt")).unwrap_or_default();
        assert_eq!(said, expected, "{}", case.name);
    }
}

#[test]
fn what_is_recorded_is_what_ansible_says() {
    let cases = case::all();
    let versions: Vec<String> = cases.iter().filter_map(Case::recorded).map(|recorded| recorded.version).collect();
    assert!(versions.iter().all(|version| *version == versions[0]), "recorded by several versions");
    let Some(python) = var_os("COMPAT_PYTHON") else { return };
    let mut ansible = Ansible::start(&python);
    for case in &cases {
        let said = ansible.answers(case);
        if case.why.is_some() {
            // That it is refused only by us is a claim about Ansible.
            assert!(said.is_ok(), "{}: {said:?}", case.name);
            continue;
        }
        let said: Recorded = said.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        if var_os("UPDATE").is_some() {
            case.record(&said);
        }
        let recorded = case.recorded().unwrap();
        assert_eq!(
            (&said.list, &said.graph, &said.version),
            (&recorded.list, &recorded.graph, &recorded.version),
            "{}",
            case.name
        );
        for pattern in &case.patterns {
            let (said, recorded) = (&said.hosts[&pattern.line], &recorded.hosts[&pattern.line]);
            assert!(pattern.same_hosts(said, recorded), "{} {:?}: {said:?} {recorded:?}", case.name, pattern.line);
        }
    }
}

/// So many small inventories at least.
const SMALL_AT_LEAST: usize = 280;

#[test]
fn small_inventories_are_read_as_ansible_reads_them_or_refused() {
    let mut cases = small::all();
    assert!(cases.len() >= SMALL_AT_LEAST, "only {}", cases.len());
    let mut ansible = var_os("COMPAT_PYTHON").map(|python| Ansible::start(&python));
    let update = var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for case in &mut cases {
        if let Some(ansible) = &mut ansible {
            let said = case.ansibles(ansible).map_or(serde_json::Value::Null, serde_json::Value::from);
            if update {
                case.value.insert("ansible".to_owned(), said);
            } else if case.value["ansible"] != said {
                wrong.push(format!("{}: Ansible says now {said}", case.name()));
            }
        }
        match case.ours() {
            Err(said) if update => drop(case.value.insert("refused".to_owned(), said.into())),
            Err(said) if case.value.get("refused") == Some(&said.as_str().into()) => {}
            Ok(said) if !case.value.contains_key("refused") && case.value["ansible"] == said.as_str() => {}
            said => wrong.push(format!("{}: {said:?}\nbut recorded: {:?}", case.name(), case.value)),
        }
    }
    if update {
        small::record(&cases);
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
