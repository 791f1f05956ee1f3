//! Numbers as Python prints them: what YAML, JSON and Python's own literals mean by one.

/// A number in the form in which Python's JSON has it; `None` where the text is no number of any of the three.
///
/// The forms do not contradict each other: `1e3` is a number in JSON and Python only, `017` and `1:30` in YAML only.
#[must_use]
pub fn canonical(written: &str) -> Option<String> {
    let (negative, body) = match written.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, written.strip_prefix('+').unwrap_or(written)),
    };
    let body = body.replace('_', "");
    let lower = body.to_ascii_lowercase();
    match lower.as_str() {
        ".inf" => return Some(if negative { "-Infinity" } else { "Infinity" }.to_owned()),
        ".nan" => return Some("NaN".to_owned()),
        _ => {}
    }
    if lower.contains(':') {
        return base_60(&lower, negative);
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return whole(digits, radix, negative);
        }
    }
    if lower.bytes().all(|byte| byte.is_ascii_digit()) {
        let octal = lower.len() > 1 && lower.starts_with('0');
        return whole(&lower, if octal { 8 } else { 10 }, negative);
    }
    let value: f64 = lower.parse().ok()?;
    Some(fraction(if negative { -value } else { value }))
}

/// Digits of any length, in decimal.
fn whole(digits: &str, radix: u32, negative: bool) -> Option<String> {
    if digits.is_empty() {
        return None;
    }
    let decimal = if radix == 10 { digits.to_owned() } else { in_decimal(digits, radix)? };
    let decimal = decimal.trim_start_matches('0');
    Some(match (decimal, negative) {
        ("", _) => "0".to_owned(),
        (decimal, true) => format!("-{decimal}"),
        (decimal, false) => decimal.to_owned(),
    })
}

/// The longest number that is not decimal: the way to decimal takes time with the square of its length.
const LONGEST: usize = 4000;

/// So much a part of a long number may hold: nine decimal digits.
const BASE: u64 = 1_000_000_000;

fn in_decimal(digits: &str, radix: u32) -> Option<String> {
    if digits.len() > LONGEST {
        return None;
    }
    // The last ones first.
    let mut parts: Vec<u64> = Vec::new();
    for digit in digits.chars() {
        let mut carry = u64::from(digit.to_digit(radix)?);
        for part in &mut parts {
            let value = *part * u64::from(radix) + carry;
            *part = value % BASE;
            carry = value / BASE;
        }
        if carry > 0 {
            parts.push(carry);
        }
    }
    let mut decimal = parts.pop().unwrap_or(0).to_string();
    decimal.extend(parts.iter().rev().map(|part| format!("{part:09}")));
    Some(decimal)
}

/// `1:30` is 90, as YAML 1.1 has it.
fn base_60(text: &str, negative: bool) -> Option<String> {
    if text.contains('.') {
        let value = text.split(':').try_fold(0.0, |sum: f64, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))?;
        return Some(fraction(if negative { -value } else { value }));
    }
    let value = text.split(':').try_fold(0_u128, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))?;
    whole(&value.to_string(), 10, negative)
}

/// Python's `repr` of a float: the shortest digits that mean it, and an exponent only far from 1.
fn fraction(value: f64) -> String {
    if value.is_infinite() {
        return if value < 0.0 { "-Infinity" } else { "Infinity" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{value}");
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn numbers_are_pythons() {
        for (written, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("+5", "5"),
            ("1_000", "1000"),
            ("017", "15"),
            ("0x1F", "31"),
            ("0b101", "5"),
            ("0o17", "15"),
            ("0xffffffffffffffffffffffffffffffffffff", "22300745198530623141535718272648361505980415"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("12:30:45", "45045"),
            ("1:30.5", "90.5"),
            ("1.50", "1.5"),
            ("1.", "1.0"),
            (".5", "0.5"),
            ("-0.0", "-0.0"),
            ("1e3", "1000.0"),
            ("1e16", "1e+16"),
            ("123456789012345680.0", "1.2345678901234568e+17"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1e400", "Infinity"),
            ("-.inf", "-Infinity"),
            (".NaN", "NaN"),
        ] {
            assert_eq!(canonical(written).as_deref(), Some(expected), "{written}");
        }
        for bad in ["", "-", "x", "0x", "1:x", "1.2.3"] {
            assert_eq!(canonical(bad), None, "{bad}");
        }
    }
}
