//! What `-v` and `-vv` show on standard error while a run works: each line begins with its host, for several work at once.

use crate::{
    format::printable,
    host::{Command, HostError},
    probe::Answer,
};

/// Commands as they are sent, in short.
#[must_use]
pub fn sent(host: &str, commands: &[Command]) -> String {
    commands.iter().map(|command| prompted(host, &command.short)).collect()
}

/// Commands in full, with what came back of each.
#[must_use]
pub fn answered(host: &str, commands: &[Command], answers: &[Answer]) -> String {
    let mut text = String::new();
    for (number, command) in commands.iter().enumerate() {
        text.push_str(&prompted(host, &command.full));
        match answers.get(number) {
            Some(answer) => text.push_str(&answer_lines(host, answer)),
            None if answers.is_empty() => {}
            None => text.push_str(&said(host, "(not run: what stands before it failed)")),
        }
    }
    text
}

/// Commands in full, and why there is no answer.
#[must_use]
pub fn broken(host: &str, commands: &[Command], error: &HostError) -> String {
    answered(host, commands, &[]) + &said(host, &format!("(no answer: {error})"))
}

/// As a shell shows what is typed.
fn prompted(host: &str, text: &str) -> String {
    let lines = text.lines().enumerate();
    lines
        .map(|(number, line)| format!("{host}: {} {}\n", if number == 0 { "$" } else { ">" }, printable(line)))
        .collect()
}

fn answer_lines(host: &str, answer: &Answer) -> String {
    let mut text: String =
        [&answer.stdout, &answer.stderr].map(|bytes| said(host, &String::from_utf8_lossy(bytes))).concat();
    if answer.status != 0 {
        text.push_str(&said(host, &format!("(exit status {})", answer.status)));
    }
    text
}

fn said(host: &str, text: &str) -> String {
    text.lines().map(|line| format!("{host}:   {}\n", printable(line))).collect()
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
