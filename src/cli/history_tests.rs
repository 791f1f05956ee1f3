#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::since;
use jiff::{SignedDuration, Timestamp};

#[test]
fn times_and_spans() {
    for (text, time) in [
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20 08:30", "2026-11-20T08:30:00Z"),
        ("2026-11-20T08:30Z", "2026-11-20T08:30:00Z"),
        ("2026-11-20T08:30+01:00", "2026-11-20T07:30:00Z"),
    ] {
        assert_eq!(since(text).unwrap(), time.parse::<Timestamp>().unwrap(), "{text}");
    }
    for (text, hours) in [("12h", 12), ("7d", 168), ("2 weeks", 336), ("1 day ago", 24), ("P1D", 24)] {
        let ago = Timestamp::now().duration_since(since(text).unwrap());
        assert!((ago - SignedDuration::from_hours(hours)).abs() < SignedDuration::from_mins(1), "{text}");
    }
    for text in ["", "yesterday", "2026-13-01", "7", "99999999 years"] {
        assert!(since(text).is_err(), "{text}");
    }
}
