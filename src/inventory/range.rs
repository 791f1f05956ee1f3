//! Host ranges in names: `lvs[1:3]`, `web[01:10]`, `db-[a:c]`, `n[1:9:2]`, several in one name.

use super::host_name;
use crate::source::shown;

/// One name may stand for this many hosts.
const MOST_HOSTS: usize = 65_536;

/// All names that a name with ranges stands for; a name without a range stands for itself.
///
/// The rules are Ansible's: both ends are included, a leading zero sets the width, letters go through `a` to `z` and then `A`
/// to `Z`.
pub(super) fn expand(name: &str) -> Result<Vec<String>, String> {
    // Before anything is made of it: what stands beside the ranges is in each name, and each range is a character at least.
    if shortest(name) > host_name::LONGEST {
        return Err(format!("a host's name is longer than {} bytes", host_name::LONGEST));
    }
    let mut names = vec![String::new()];
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        let (range, tail) = after.split_once(']').ok_or("a `[` has no `]` after it; a range is written [1:3]")?;
        let steps = steps(range)?;
        if names.len().saturating_mul(steps.len()) > MOST_HOSTS {
            return Err(format!("the ranges stand for more than {MOST_HOSTS} hosts"));
        }
        names = names.iter().flat_map(|name| steps.iter().map(move |step| format!("{name}{before}{step}"))).collect();
        rest = tail;
    }
    for name in &mut names {
        name.push_str(rest);
    }
    Ok(names)
}

/// A number that no name of this has less bytes than.
fn shortest(name: &str) -> usize {
    let mut inside = false;
    let mut length: usize = 0;
    for byte in name.bytes() {
        match byte {
            b'[' if !inside => inside = true,
            b']' if inside => {
                inside = false;
                length = length.saturating_add(1);
            }
            _ if inside => {}
            _ => length = length.saturating_add(1),
        }
    }
    length
}

fn steps(range: &str) -> Result<Vec<String>, String> {
    let bounds: Vec<&str> = range.split(':').collect();
    let (begin, end, step) = match bounds[..] {
        [begin, end] => (begin, end, "1"),
        [begin, end, step] => (begin, end, step),
        _ => {
            return Err(format!(
                "{} is not a range; write [begin:end] or [begin:end:step]",
                shown(&format!("[{range}]"))
            ));
        }
    };
    let begin = if begin.is_empty() { "0" } else { begin };
    if end.is_empty() {
        return Err(format!("the range `[{range}]` has no end"));
    }
    let step: usize = match step.parse() {
        Ok(step) if step > 0 => step,
        _ => {
            return Err(format!("the step of the range `[{range}]` is not a number of 1 or more"));
        }
    };
    if let (Some(first), Some(last)) = (letter(begin), letter(end)) {
        if first > last {
            return Err(backwards(range));
        }
        return Ok(LETTERS[first..=last].chars().step_by(step).map(String::from).collect());
    }
    numbers(range, begin, end, step)
}

fn numbers(range: &str, begin: &str, end: &str, step: usize) -> Result<Vec<String>, String> {
    if begin.len().max(end.len()) > 20 {
        return Err(format!("the ends of the range are numbers of more than 20 digits: {}", shown(range)));
    }
    let width = if begin.len() > 1 && begin.starts_with('0') { begin.len() } else { 0 };
    if width > 0 && width != end.len() {
        return Err(format!("the ends of the range `[{range}]` differ in length; write [01:10] or [1:10]"));
    }
    let number = |text: &str| -> Option<u64> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits)
    };
    let (Some(first), Some(last)) = (number(begin), number(end)) else {
        return Err(format!("the ends of the range `[{range}]` must be two numbers or two letters"));
    };
    if first > last {
        return Err(backwards(range));
    }
    if (last - first) / (step as u64) >= MOST_HOSTS as u64 {
        return Err(format!("the range `[{range}]` stands for more than {MOST_HOSTS} hosts"));
    }
    Ok((first..=last).step_by(step).map(|number| format!("{number:0width$}")).collect())
}

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn letter(text: &str) -> Option<usize> {
    LETTERS.find(text).filter(|_| text.len() == 1)
}

fn backwards(range: &str) -> String {
    format!("the range `[{range}]` runs backwards; its begin is after its end")
}
