//! What a plain YAML word means: the rules of YAML 1.1, as Ansible reads them.

use super::Value;

/// The value of a word without quotes.
pub(super) fn plain(word: &str) -> Value {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ if is_number(word) => Value::Number(word.to_owned()),
        _ => Value::Text(word.to_owned()),
    }
}

/// Whether YAML 1.1 reads the word as a number; base 60 (`12:30`) is left as text.
fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    let based = |prefix: &str, radix: u32| {
        digits
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix) || c == '_'))
    };
    based("0x", 16) || based("0b", 2) || based("0o", 8) || is_decimal(digits)
}

/// Digits with at most one point and one exponent.
fn is_decimal(digits: &str) -> bool {
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let exponent_fits = exponent.is_none_or(|text| {
        let text = text.strip_prefix(['+', '-']).unwrap_or(text);
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
    });
    let starts_right = match fraction {
        Some(fraction) if whole.is_empty() => fraction.starts_with(|c: char| c.is_ascii_digit()),
        _ => whole.starts_with(|c: char| c.is_ascii_digit()),
    };
    starts_right && all_digits(whole) && fraction.is_none_or(all_digits) && exponent_fits
}
