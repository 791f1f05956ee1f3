#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{canonical, share, wait};
use camino::Utf8PathBuf;
use proptest::prelude::*;
use std::time::{Duration, Instant};

proptest! {
    #[test]
    fn stable_and_no_longer_than_asked(machine in "[0-9a-f]{32}", source in "/[a-z]{1,9}", longest in 0..=86_400_u32) {
        let sources = [source];
        let delay = share(&machine, &sources, longest);
        prop_assert_eq!(delay, share(&machine, &sources, longest));
        prop_assert!(delay <= Duration::from_secs(longest.into()));
    }
}

/// A thousand machines, ten minutes: each minute gets about a tenth of them, and each inventory is another draw.
#[test]
fn a_fleet_spreads() {
    for source in ["/etc/lvs-ftp/inventory", "/srv/inventory"] {
        let mut minutes = [0; 10];
        for machine in 0..1000 {
            let delay = share(&format!("{machine:032x}"), &[source.to_owned()], 600);
            minutes[usize::try_from(delay.as_secs() / 60).unwrap().min(9)] += 1;
        }
        assert!(minutes.iter().all(|count| (60..=140).contains(count)), "{minutes:?}");
    }
    let of = |source: &str| share("0", &[source.to_owned()], 86_400);
    assert_ne!(of("/one"), of("/two"));
}

#[test]
fn an_inventory_by_any_name_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    std::fs::write(path.join("hosts"), "").unwrap();
    std::os::unix::fs::symlink("hosts", path.join("link")).unwrap();
    let names = [path.join("hosts"), path.join("./link"), path.join("hosts")];
    assert_eq!(canonical(&names), canonical(&names[..1]));
    assert_eq!(canonical(&["nosuch".into()]), ["nosuch"]);
}

#[test]
fn a_wait_can_be_stopped() {
    let start = Instant::now();
    assert!(!wait(Duration::from_secs(600), &|| start.elapsed() > Duration::from_millis(50)));
    assert!(wait(Duration::ZERO, &|| false));
    assert!(start.elapsed() < Duration::from_secs(60));
}
