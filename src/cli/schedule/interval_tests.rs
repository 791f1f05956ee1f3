#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::Interval;

#[test]
fn in_both_languages() {
    for (every, offset, cron, calendar) in [
        ("1", 0, "* *", "*-*-* *:00/1:00"),
        ("15", 0, "*/15 *", "*-*-* *:00/15:00"),
        ("15", 5, "5-59/15 *", "*-*-* *:05/15:00"),
        ("60", 0, "0 *", "*-*-* *:00:00"),
        ("60", 7, "7 *", "*-*-* *:07:00"),
        ("120", 0, "0 */2", "*-*-* 00/2:00:00"),
        ("480", 130, "10 2-23/8", "*-*-* 02/8:10:00"),
        ("1440", 185, "5 3", "*-*-* 03:05:00"),
    ] {
        let interval: Interval = every.parse().unwrap();
        let (minute, hour) = interval.cron(offset).unwrap();
        assert_eq!(format!("{minute} {hour}"), cron);
        assert_eq!(interval.calendar(offset).unwrap(), calendar);
    }
    for wrong in ["0", "7", "45", "90", "300", "2880", "-1", "x", ""] {
        assert!(wrong.parse::<Interval>().is_err(), "{wrong}");
    }
    assert!("15".parse::<Interval>().unwrap().cron(15).is_err());
}
