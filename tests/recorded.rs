//! What the real ipvsadm printed in the lab (tests/lab/record made it): every table is read and rendered byte for byte,
//! and every listing of thresholds joins its table.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use lvs_ftp::format::{ipvs::IpvsTable, ipvs_thresholds};
use std::{collections::BTreeMap, fs, path::PathBuf};

fn recorded(file: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lab/recorded");
    let cases = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let texts = cases.filter_map(|case| {
        let text = fs::read(case.path().join(file)).ok()?;
        Some((case.file_name().into_string().unwrap(), text))
    });
    texts.collect()
}

/// Where ipvsadm itself failed: there it printed nothing on standard output.
const FAILED: [&str; 2] = ["not-loaded", "not-root"];

#[test]
fn every_table_renders_back() {
    let saved = recorded("save.stdout");
    assert!(saved.len() >= 15, "{:?}", saved.keys());
    for (case, text) in &saved {
        let table = IpvsTable::parse(text).unwrap_or_else(|error| panic!("{case}: {error}"));
        // ipvsadm 1.31 prints a flag that it has no name for as nothing, behind a blank: that blank alone is not kept.
        let text = String::from_utf8_lossy(text).replace("-b \n", "-b\n");
        assert_eq!(table.render(), text, "{case}");
    }
    let empty: Vec<&String> = saved.iter().filter(|(_, text)| text.is_empty()).map(|(case, _)| case).collect();
    assert_eq!(empty, ["daemon-and-timeouts", "empty", "not-loaded", "not-root", "other-namespace"]);
}

#[test]
fn every_listing_of_thresholds_joins_its_table() {
    let listings = recorded("thresholds.stdout");
    let mut limits = BTreeMap::new();
    for (case, text) in recorded("save.stdout") {
        if FAILED.contains(&case.as_str()) {
            assert_eq!(listings[&case], b"");
            continue;
        }
        let mut table = IpvsTable::parse(&text).unwrap();
        ipvs_thresholds::join(&mut table, &listings[&case]).unwrap_or_else(|error| panic!("{case}: {error}"));
        let all = table.services.iter().flat_map(|service| &service.destinations);
        let set: Vec<String> = all
            .filter(|one| one.thresholds != (0, 0))
            .map(|one| format!("{} {} {}", one.address, one.thresholds.0, one.thresholds.1))
            .collect();
        if !set.is_empty() {
            limits.insert(case, set);
        }
    }
    // What was asked for is in the files `commands` beside the listings.
    let expected = [
        ("connections", vec!["10.1.1.11:0 50 40"]),
        (
            "ipv6",
            vec!["[fd00::1111:2222:3333:4444]:21 5 0", "[fd00::11]:0 20 10", "[fd00::1111:2222:3333:4444]:0 20 10"],
        ),
        ("many-services", vec!["10.1.1.12:21 9 8", "10.1.1.9:0 4 0", "10.1.1.200:0 3 0"]),
        ("thresholds", vec!["10.1.1.12:0 2147483647 0", "10.1.1.13:0 200 100"]),
    ];
    let expected: BTreeMap<String, Vec<String>> = expected
        .into_iter()
        .map(|(case, all)| (case.to_owned(), all.into_iter().map(str::to_owned).collect()))
        .collect();
    assert_eq!(limits, expected);
}
