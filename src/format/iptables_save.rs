//! What `iptables-save` prints and `iptables-restore` loads (iptables-save(8)), every byte kept.
//!
//! Only the shape of each line is read here; a rule's meaning is read when somebody asks for it, so that 50,000
//! foreign rules cost little more than their text.

use super::{Malformed, iptables_words, rule::Rule};
use crate::plan::{Place, RuleChanges};
use std::ops::Range;

/// A dump of one or more tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IptablesSave {
    text: Vec<u8>,
    lines: Vec<Line>,
    /// Whether it is a file for iptables-restore, which knows no rule of several lines.
    is_file: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    kind: Kind,
    range: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Empty, or a comment.
    Void,
    Table,
    Chain,
    Rule,
    Commit,
}

/// A rule in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedRule {
    /// Its number in its chain, from 1, as `iptables -L --line-numbers` counts.
    pub number: usize,
    /// The line as printed, without counters and line end: `-A CHAIN …`.
    pub text: Vec<u8>,
    /// What it does.
    pub rule: Rule,
}

impl IptablesSave {
    /// Reads what iptables-save printed. A line that is none of its own, or a table without its `COMMIT`, is an error.
    pub fn parse(text: Vec<u8>) -> Result<Self, Malformed> {
        Self::read(text, false)
    }

    /// Reads a file for iptables-restore, in the same way, but that no quote goes on over a line end.
    pub fn parse_file(text: Vec<u8>) -> Result<Self, Malformed> {
        Self::read(text, true)
    }

    fn read(text: Vec<u8>, is_file: bool) -> Result<Self, Malformed> {
        let mut lines = Vec::new();
        let mut start = 0;
        let mut number = 0;
        let mut open_table = None;
        while start < text.len() {
            number += 1;
            let end = if is_file { line_end(&text, start) } else { rule_end(&text, start) };
            let line = &text[start..end];
            let kind = kind_of(line).ok_or_else(|| malformed(number, NOT_A_LINE, line))?;
            match (kind, &open_table) {
                (Kind::Table, Some(_)) => {
                    return Err(malformed(number, "the table before this one has no COMMIT", line));
                }
                (Kind::Table, None) => open_table = Some((number, start..end)),
                (Kind::Commit, Some(_)) => open_table = None,
                (Kind::Chain | Kind::Rule | Kind::Commit, None) => {
                    return Err(malformed(number, "this line stands outside any table", line));
                }
                _ => {}
            }
            number += line.split(|byte| *byte == b'\n').count().saturating_sub(2);
            lines.push(Line { kind, range: start..end });
            start = end;
        }
        match open_table {
            Some((number, range)) => {
                Err(malformed(number, "this table has no COMMIT: the text was cut off", &text[range]))
            }
            None => Ok(Self { text, lines, is_file }),
        }
    }

    /// The text, byte for byte.
    #[must_use]
    pub fn render(&self) -> &[u8] {
        &self.text
    }

    /// The rules of a chain, in order. A table or chain that is not there has none.
    #[must_use]
    pub fn rules(&self, table: &str, chain: &str) -> Vec<PlacedRule> {
        let mut rules = Vec::new();
        let mut here = false;
        for line in &self.lines {
            let text = &self.text[line.range.clone()];
            match line.kind {
                Kind::Table => here = is_table(text, table),
                Kind::Rule if here => {
                    let text = without_blanks(without_counters(text));
                    if !appends_to(text, chain) {
                        continue;
                    }
                    let rule = Rule::parse(text);
                    rules.push(PlacedRule { number: rules.len() + 1, text: text.to_vec(), rule });
                }
                _ => {}
            }
        }
        rules
    }
}

impl IptablesSave {
    /// Every chain: its table, its name and its policy, which is `-` for a chain that somebody made.
    pub fn chains(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.in_tables(Kind::Chain).filter_map(|(table, line)| {
            let mut words = std::str::from_utf8(&line[1..]).ok()?.split_whitespace();
            Some((table, words.next()?, words.next().unwrap_or("-")))
        })
    }

    /// The line of every rule that is appended, with its table and chain, without its counters.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &str, &[u8])> {
        self.in_tables(Kind::Rule).filter_map(|(table, line)| {
            let line = without_blanks(without_counters(line));
            let mut words = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
            if !matches!(words.next(), Some(b"-A" | b"--append")) {
                return None;
            }
            Some((table, std::str::from_utf8(words.next()?).ok()?, line))
        })
    }

    /// The lines of one kind, with the table that each stands in.
    fn in_tables(&self, kind: Kind) -> impl Iterator<Item = (&str, &[u8])> {
        let mut table = "";
        self.lines.iter().filter_map(move |line| {
            let text = &self.text[line.range.clone()];
            if line.kind == Kind::Table {
                table = std::str::from_utf8(text[1..].trim_ascii()).unwrap_or_default();
            }
            (line.kind == kind).then_some((table, text))
        })
    }
}

impl IptablesSave {
    /// The dump with other rules in one chain; every other byte is kept. A table that is not there is added at the end,
    /// with just the chain that it is needed for: more chains than that an old kernel may not have.
    pub fn edited(&self, table: &str, chain: &str, changes: &RuleChanges) -> Result<Self, Malformed> {
        if changes.inserts.is_empty() && changes.deletes.is_empty() {
            return Ok(self.clone());
        }
        let mut text = Vec::with_capacity(self.text.len() + 256);
        let (mut here, mut there, mut number) = (false, false, 0);
        let last = self.rules(table, chain).len();
        let put = |text: &mut Vec<u8>, place: Place| {
            for (_, rule) in changes.inserts.iter().filter(|(at, _)| *at == place) {
                text.extend(format!("-A {chain} {rule}\n").into_bytes());
            }
        };
        for line in &self.lines {
            let raw = &self.text[line.range.clone()];
            if line.kind == Kind::Table {
                here = is_table(raw, table);
                there |= here;
            }
            let mine = here && line.kind == Kind::Rule && appends_to(without_blanks(without_counters(raw)), chain);
            if mine {
                number += 1;
                put(&mut text, Place::Before(number));
            }
            if here && line.kind == Kind::Commit && last == 0 {
                put(&mut text, Place::End);
            }
            if !(mine && changes.deletes.iter().any(|(rule, _)| rule.number == number)) {
                text.extend(raw);
            }
            if mine && number == last {
                put(&mut text, Place::End);
            }
        }
        if !there && !changes.inserts.is_empty() {
            if text.last().is_some_and(|byte| *byte != b'\n') {
                text.push(b'\n');
            }
            text.extend(format!("*{table}\n:{chain} ACCEPT [0:0]\n").into_bytes());
            for (_, rule) in &changes.inserts {
                text.extend(format!("-A {chain} {rule}\n").into_bytes());
            }
            text.extend(b"COMMIT\n");
        }
        Self::read(text, self.is_file)
    }

    /// Whether a table has more than one section: a restore lets the last one win, and what was meant is unclear.
    #[must_use]
    pub fn is_split(&self, table: &str) -> bool {
        let sections = self
            .lines
            .iter()
            .filter(|line| line.kind == Kind::Table && is_table(&self.text[line.range.clone()], table));
        sections.count() > 1
    }

    /// Whether a file changes a chain by other commands than a leading `-A CHAIN`, so that its rules are not simply its
    /// lines: `-I`, `-F`, and also `-ACHAIN`, `--app CHAIN` or a `-A CHAIN` further on, which a restore takes too.
    #[must_use]
    pub fn has_commands(&self, table: &str, chain: &str) -> bool {
        let mut here = false;
        self.lines.iter().any(|line| {
            let text = &self.text[line.range.clone()];
            if line.kind == Kind::Table {
                here = is_table(text, table);
            }
            if !here || line.kind != Kind::Rule {
                return false;
            }
            let words = without_counters(text).split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let words: Vec<&[u8]> = words.collect();
            !matches!(words[..], [b"-A" | b"--append", _, ..])
                && (words.len() < 2 || words.iter().any(|word| word.ends_with(chain.as_bytes())))
        })
    }
}

fn is_table(line: &[u8], table: &str) -> bool {
    line[1..].trim_ascii() == table.as_bytes()
}

const NOT_A_LINE: &str = "this is not a line of iptables-save";

fn malformed(line: usize, what: &'static str, text: &[u8]) -> Malformed {
    Malformed { line, what, text: text.trim_ascii_end().to_vec() }
}

/// Where the line ends that starts at `start`: behind its newline.
fn line_end(text: &[u8], start: usize) -> usize {
    text[start..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| start + at + 1)
}

/// Where the line ends that starts at `start`; of a rule, where its text ends: a comment may hold newlines. Old versions
/// print a quote within a comment as it is, so one may be left open: it does not reach over a line that looks like one
/// of iptables-save's, and then the rule is its one line, which nobody understands.
fn rule_end(text: &[u8], start: usize) -> usize {
    let first = line_end(text, start);
    if !matches!(text[start], b'-' | b'[') {
        return first;
    }
    let (mut end, mut quote) = (first, iptables_words::Quote::default());
    let mut line = start..first;
    loop {
        quote.read(&text[line]);
        let next = line_end(text, end);
        let rest = &text[end..next];
        if !quote.is_open() {
            return end;
        }
        if rest.is_empty() || matches!(rest[0], b'-' | b'[' | b':' | b'*' | b'#') || rest.trim_ascii() == b"COMMIT" {
            return first;
        }
        line = end..next;
        end = next;
    }
}

fn kind_of(line: &[u8]) -> Option<Kind> {
    let line = line.trim_ascii();
    Some(match line.first() {
        None | Some(b'#') => Kind::Void,
        Some(b'*') if line.len() > 1 => Kind::Table,
        Some(b':') if line.len() > 1 => Kind::Chain,
        Some(b'-') if line.len() > 1 => Kind::Rule,
        Some(b'[') if without_counters(line).starts_with(b"-") => Kind::Rule,
        _ if line == b"COMMIT" => Kind::Commit,
        _ => return None,
    })
}

/// A rule's line without the `[packets:bytes]` that `iptables-save -c` puts before it.
fn without_counters(line: &[u8]) -> &[u8] {
    if !line.starts_with(b"[") {
        return line;
    }
    let close = line.iter().position(|byte| *byte == b']').unwrap_or(0);
    line[close + 1..].trim_ascii_start()
}

/// A line without the blanks at its end. A carriage return is none to iptables: it belongs to the last word.
fn without_blanks(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t' | b'\n'] = line {
        line = rest;
    }
    line
}

/// Whether a line is `-A CHAIN …`; cheap, because a table may have 50,000 others.
fn appends_to(line: &[u8], chain: &str) -> bool {
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
    matches!(words.next(), Some(b"-A" | b"--append")) && words.next() == Some(chain.as_bytes())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::IptablesSave;

    const DUMP: &str = "# Generated by iptables-save v1.8.9\n*mangle\n:PREROUTING ACCEPT [0:0]\n\
        [5:400] -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -j MARK --set-xmark 0x15/0xffffffff\n\
        -A OUTPUT -j ACCEPT\n-A PREROUTING -m comment --comment \"a\nCOMMIT\" -j ACCEPT\nCOMMIT\n# Completed\n";

    #[test]
    fn rules_are_found_in_their_chain() {
        let dump = IptablesSave::parse(DUMP.into()).unwrap();
        assert_eq!(dump.render(), DUMP.as_bytes());
        let rules = dump.rules("mangle", "PREROUTING");
        assert_eq!(rules.len(), 2);
        assert!(rules[0].text.starts_with(b"-A PREROUTING -d 192.0.2.10/32"), "counters are not part of the rule");
        assert!(rules[1].text.ends_with(b"COMMIT\" -j ACCEPT"), "a newline in a comment does not end the rule");
        assert_eq!(rules[1].number, 2);
        assert_eq!(dump.rules("nat", "POSTROUTING"), []);
        assert_eq!(dump.rules("mangle", "POSTROUTING"), []);
    }

    /// iptables 1.3.5 prints quotes within a comment as they are.
    #[test]
    fn an_odd_quote_ends_with_its_line() {
        let odd = "-A INPUT -m comment --comment \"5\" disk\" -j ACCEPT";
        let text =
            format!("*filter\n{}-A INPUT -s 10.0.0.1/32 -j ACCEPT\n# end\nCOMMIT\n", format!("{odd}\n").repeat(20_000));
        for dump in [IptablesSave::parse(text.clone().into()), IptablesSave::parse_file(text.clone().into())] {
            let dump = dump.unwrap();
            assert_eq!(dump.render(), text.as_bytes());
            let rules = dump.rules("filter", "INPUT");
            assert_eq!(rules.len(), 20_001, "each is a rule of its own, and none is lost");
            assert!(rules[0].rule.opaque && rules[0].text == odd.as_bytes());
            assert!(!rules[20_000].rule.opaque);
        }
    }

    /// iptables-restore reads line by line.
    #[test]
    fn no_rule_of_a_file_goes_on_over_a_line_end() {
        let says = "line 3: this is not a line of iptables-save: b\" -j ACCEPT";
        let text = "*nat\n-A P -m comment --comment \"a\nb\" -j ACCEPT\nCOMMIT\n";
        assert_eq!(IptablesSave::parse_file(text.into()).unwrap_err().to_string(), says);
        assert_eq!(IptablesSave::parse(text.into()).unwrap().rules("nat", "P").len(), 1);
    }

    #[test]
    fn what_is_cut_off_or_garbage_is_refused() {
        for (text, says) in [
            ("*nat\n:PREROUTING ACCEPT [0:0]\n", "line 1: this table has no COMMIT: the text was cut off: *nat"),
            (
                "*nat\n-A PREROUTING -j ACCEPT\n*mangle\nCOMMIT\n",
                "line 3: the table before this one has no COMMIT: *mangle",
            ),
            ("COMMIT\n", "line 1: this line stands outside any table: COMMIT"),
            (
                "iptables: Permission denied\n",
                "line 1: this is not a line of iptables-save: iptables: Permission denied",
            ),
            ("*nat\n-A P --comment \"a\nb\" -j X\nCOMM", "line 4: this is not a line of iptables-save: COMM"),
        ] {
            assert_eq!(IptablesSave::parse(text.into()).unwrap_err().to_string(), says);
        }
    }
}
