//! YAML 1.1's dates and times, as PyYAML reads them and Python's `isoformat` prints them.

/// What a plain word is as a date or a time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// None.
    No,
    /// It looks like one, but no calendar or clock has it.
    Never,
    /// One, as ISO 8601 has it.
    Iso(String),
}

pub(super) fn read(word: &str) -> Time {
    if !word.starts_with(|c: char| c.is_ascii_digit()) || word.as_bytes().get(4) != Some(&b'-') {
        return Time::No;
    }
    date_only(word).or_else(|| date_and_clock(word)).unwrap_or(Time::No)
}

impl From<Option<String>> for Time {
    fn from(made: Option<String>) -> Self {
        made.map_or(Self::Never, Self::Iso)
    }
}

/// `2001-12-14`, each part in full.
fn date_only(word: &str) -> Option<Time> {
    let mut rest = word;
    let date = [digits(&mut rest, 4, 4)?, dashed(&mut rest, 2)?, dashed(&mut rest, 2)?];
    rest.is_empty().then(|| iso_date(date).into())
}

/// `2001-12-14 21:59:43.10 -5:30`, with `T` or blanks between, and a fraction and a zone or not.
fn date_and_clock(word: &str) -> Option<Time> {
    let mut rest = word;
    let date = [digits(&mut rest, 4, 4)?, dashed(&mut rest, 1)?, dashed(&mut rest, 1)?];
    rest = match rest.strip_prefix(['T', 't']) {
        Some(rest) => rest,
        None => Some(blanks(rest)).filter(|after| after.len() < rest.len())?,
    };
    let clock = [digits(&mut rest, 1, 2)?, after(&mut rest, ':')?, after(&mut rest, ':')?];
    let mut fraction = String::new();
    if let Some(more) = rest.strip_prefix('.') {
        rest = more.trim_start_matches(|c: char| c.is_ascii_digit());
        fraction = more[..more.len() - rest.len()].chars().chain("000000".chars()).take(6).collect();
    }
    let zone = if rest.is_empty() { None } else { Some(zone(blanks(rest))?) };
    Some(iso(date, clock, &fraction, zone).into())
}

/// The sign, hours and minutes of a zone.
fn zone(rest: &str) -> Option<(char, u32, u32)> {
    if rest == "Z" {
        return Some(('+', 0, 0));
    }
    let sign = rest.chars().next().filter(|c| matches!(c, '+' | '-'))?;
    let mut rest = &rest[1..];
    let hours = digits(&mut rest, 1, 2)?;
    let minutes = if rest.is_empty() { 0 } else { after(&mut rest, ':')? };
    rest.is_empty().then_some((sign, hours, minutes))
}

fn iso(date: [u32; 3], clock: [u32; 3], fraction: &str, zone: Option<(char, u32, u32)>) -> Option<String> {
    let [hour, minute, second] = clock;
    let date = iso_date(date)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = if fraction.trim_matches('0').is_empty() { String::new() } else { format!(".{fraction}") };
    let zone = match zone {
        None => String::new(),
        Some((sign, hours, minutes)) => {
            // `+0:90` is an hour and a half; a day or more is none.
            let (hours, minutes) = (hours + minutes / 60, minutes % 60);
            if hours > 23 {
                return None;
            }
            let sign = if hours == 0 && minutes == 0 { '+' } else { sign };
            format!("{sign}{hours:02}:{minutes:02}")
        }
    };
    Some(format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

fn iso_date([year, month, day]: [u32; 3]) -> Option<String> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let fits = year > 0 && (1..=12).contains(&month) && (1..=days).contains(&day);
    fits.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// A number of so many digits, taken off the text.
fn digits(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let count = rest.bytes().take_while(u8::is_ascii_digit).take(most).count();
    let (number, after) = rest.split_at(count);
    *rest = after;
    number.parse().ok().filter(|_| count >= least)
}

/// `-` and at most two digits.
fn dashed(rest: &mut &str, least: usize) -> Option<u32> {
    *rest = rest.strip_prefix('-')?;
    digits(rest, least, 2)
}

/// A sign and two digits.
fn after(rest: &mut &str, sign: char) -> Option<u32> {
    *rest = rest.strip_prefix(sign)?;
    digits(rest, 2, 2)
}

fn blanks(rest: &str) -> &str {
    rest.trim_start_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::{Time, read};

    /// Each as Python 3.11 and PyYAML 6 have it.
    #[test]
    fn times_are_pythons() {
        for (word, expected) in [
            ("2001-12-14", "2001-12-14"),
            ("2001-12-14t21:59:43.10-05:00", "2001-12-14T21:59:43.100000-05:00"),
            ("2001-12-15 2:59:43.10", "2001-12-15T02:59:43.100000"),
            ("2001-1-1  21:59:43Z", "2001-01-01T21:59:43+00:00"),
            ("2001-12-14 21:59:43 +1", "2001-12-14T21:59:43+01:00"),
            ("2001-12-14 21:59:43.123456789", "2001-12-14T21:59:43.123456"),
            ("2001-12-14 21:59:43.", "2001-12-14T21:59:43"),
            ("2000-02-29", "2000-02-29"),
        ] {
            assert_eq!(read(word), Time::Iso(expected.to_owned()), "{word}");
        }
        for word in ["2001-1-1", "2001-12-14 1:1:1", "2001-12-14T", "01-01-2001", "2001-01-01x", "1234", "2001-01-01 "]
        {
            assert_eq!(read(word), Time::No, "{word}");
        }
        for word in
            ["2001-13-01", "2001-02-29", "1900-02-29", "0000-01-01", "2001-01-01 24:00:00", "2001-01-01 1:00:60"]
        {
            assert_eq!(read(word), Time::Never, "{word}");
        }
    }
}
