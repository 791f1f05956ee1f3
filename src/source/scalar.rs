//! What a plain YAML word means: the rules of YAML 1.1 as PyYAML has them, since Ansible reads with it.

use super::{
    Value,
    time::{self, Time},
};

/// The value of a word without quotes; the error says why Ansible refuses it.
pub(super) fn plain(word: &str) -> Result<Value, String> {
    let time = time::read(word);
    Ok(match word {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        "=" => return Err("a `=` alone is no value; put it in quotes".to_owned()),
        _ if is_whole(word) || is_fraction(word) => Value::Number(word.to_owned()),
        _ => match time {
            Time::No => Value::Text(word.to_owned()),
            Time::Iso(text) => Value::Time(text),
            Time::Never => return Err(format!("there is no such time: {word}; put it in quotes if it is none")),
        },
    })
}

/// Decimal, octal (`017`), hexadecimal, binary, or base 60 (`12:30`). `08`, `0o17` and `1e3` are text.
fn is_whole(word: &str) -> bool {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    let based = |prefix: &str, radix: u32| {
        let rest = digits.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.chars().any(|c| c != '_') && rest.chars().all(|c| c == '_' || c.is_digit(radix)))
    };
    let (first, sixtieths) = digits.split_once(':').map_or((digits, None), |(first, rest)| (first, Some(rest)));
    digits == "0"
        || based("0b", 2)
        || based("0x", 16)
        || based("0", 8)
        || (first.starts_with(|c: char| ('1'..='9').contains(&c))
            && is_digits(first)
            && sixtieths.is_none_or(are_sixtieths))
}

/// Digits with a point, and an exponent only with its sign; or `.inf` and `.nan`.
fn is_fraction(word: &str) -> bool {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(word, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) =
        digits.split_once(['e', 'E']).map_or((digits, None), |(left, right)| (left, Some(right)));
    let exponent_fits = exponent.is_none_or(|text| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let Some((whole, fraction)) = mantissa.split_once('.') else { return false };
    let starts = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    if whole.is_empty() {
        return digits.len() == word.len() && starts(fraction) && is_digits(fraction) && exponent_fits;
    }
    let (first, sixtieths) = whole.split_once(':').map_or((whole, None), |(first, rest)| (first, Some(rest)));
    let whole_fits = match sixtieths {
        None => exponent_fits,
        Some(sixtieths) => exponent.is_none() && are_sixtieths(sixtieths),
    };
    starts(first) && is_digits(first) && whole_fits && is_digits(fraction)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// What follows the first colon of a number to the base of 60.
fn are_sixtieths(text: &str) -> bool {
    text.split(':').all(|part| match part.as_bytes() {
        [ones] => ones.is_ascii_digit(),
        [tens, ones] => (b'0'..=b'5').contains(tens) && ones.is_ascii_digit(),
        _ => false,
    })
}
