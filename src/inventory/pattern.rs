//! Host patterns as Ansible writes them: names, groups, globs, `~` regular expressions, `a:b`, `a:!b`, `a:&b`, commas,
//! `group[0:2]`.

use super::{glob, host_port, limit};
use crate::format::harmful;
use crate::source::{Fault, Faults, Place, Source, shown};
use fancy_regex::Regex;
use std::fmt;

/// The longest term, in bytes: names have 253 at most, and a glob or a regular expression takes time for each of its own.
const LONGEST_TERM: usize = 1024;

/// What a play or `--limit` says about hosts; what it selects depends on the inventory.
#[derive(Debug, Clone)]
pub struct Pattern {
    place: Place,
    text: String,
    pub(super) terms: Vec<Term>,
}

#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) place: Place,
    pub(super) role: Role,
    /// As it is written, without the sign of its role.
    pub(super) text: String,
    pub(super) names: Names,
    pub(super) subscript: Option<Subscript>,
}

/// Which names a term means.
#[derive(Debug, Clone)]
pub(super) enum Names {
    /// This one.
    Name(String),
    /// Those that fit a glob.
    Glob(glob::Glob),
    /// Those that a regular expression fits at their begin.
    Regex(Box<Regex>),
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        (self.role, &self.text) == (other.role, &other.text)
    }
}

/// What a term does with the hosts it names; in the order in which Ansible works them off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Add,
    Intersect,
    Exclude,
}

/// Which of the hosts that a name selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subscript {
    /// One, counted from 0, or from the end if negative.
    One(i64),
    /// From one to another, both included; to the end if there is no other.
    Span(usize, Option<usize>),
}

impl Pattern {
    /// Reads a pattern that is written at this place.
    pub fn parse(text: &str, place: &Place) -> Result<Self, Fault> {
        Self::of_list(&[text], place)
    }

    /// Reads several patterns as one, as if they were joined by commas.
    pub fn of_list(texts: &[&str], place: &Place) -> Result<Self, Fault> {
        let text = texts.join(",");
        check_seen(&text, place)?;
        let terms = texts.iter().flat_map(|text| split(text)).map(|word| checked_term(word, &text, place));
        let terms = terms.collect::<Result<_, _>>()?;
        Self::of_terms(text, terms, place)
    }

    /// Reads an option's argument.
    pub fn of_option(option: &str, text: &str) -> Result<Self, Fault> {
        Self::parse(text, &Place::whole(&Source::new(option, text)))
    }

    /// Reads the arguments of `--limit`; in an argument `@FILE` stands for the lines of a file.
    pub fn of_limit(arguments: &[String]) -> Result<Self, Faults> {
        limit::read(arguments)
    }

    pub(super) fn of_terms(text: String, mut terms: Vec<Term>, place: &Place) -> Result<Self, Fault> {
        if terms.is_empty() {
            return Err(Fault::at(place, "the host pattern is empty").hint("`all` selects every host"));
        }
        // A stable sort: within a role the order is as written.
        terms.sort_by_key(|term| term.role);
        Ok(Self { place: place.clone(), text, terms })
    }

    /// Where it is written.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Pattern {
    /// Two patterns are equal if they say the same, wherever they are written.
    fn eq(&self, other: &Self) -> bool {
        self.terms == other.terms
    }
}

/// Splits at commas; where there are none at blanks and colons outside of brackets, unless all of it is one address.
pub(super) fn split(text: &str) -> Vec<&str> {
    let words: Vec<&str> = if text.contains(',') {
        text.split(',').collect()
    } else if host_port::parse(text).is_some() {
        vec![text]
    } else {
        let mut inside = false;
        let separates = |c: char| {
            inside = c != ']' && (inside || c == '[');
            !inside && (c == ':' || c.is_whitespace())
        };
        text.split(separates).collect()
    };
    words.into_iter().map(str::trim).filter(|word| !word.is_empty()).collect()
}

/// Nothing in a pattern may be hidden, and no line may end in it.
pub(super) fn check_seen(text: &str, place: &Place) -> Result<(), Fault> {
    match text.chars().find(|c| harmful(*c)) {
        None => Ok(()),
        Some(c) => {
            let why = format!("holds the control character U+{:04X}", u32::from(c));
            Err(Fault::at(place, format!("the host pattern {} {why}", shown(text))))
        }
    }
}

/// The meaning of one term of a pattern.
pub(super) fn checked_term(word: &str, whole: &str, place: &Place) -> Result<Term, Fault> {
    term(word, place).map_err(|why| Fault::at(place, format!("the host pattern {} {why}", shown(whole))))
}

fn term(word: &str, place: &Place) -> Result<Term, String> {
    if word.contains("{{") || word.contains("{%") {
        return Err("holds a template; lvs-ftp does not evaluate templates".to_owned());
    }
    let (role, text) = match word.split_at_checked(1) {
        Some(("!", name)) => (Role::Exclude, name),
        Some(("&", name)) => (Role::Intersect, name),
        _ => (Role::Add, word),
    };
    if text.is_empty() {
        return Err(format!("has no name after `{word}`"));
    }
    if text.len() > LONGEST_TERM {
        return Err(format!("has a term of more than {LONGEST_TERM} bytes"));
    }
    if text.starts_with('@') {
        return Err("names a file of hosts, which only --limit reads, and only without a sign before it".to_owned());
    }
    let made = |names, subscript| Term { place: place.clone(), role, text: text.to_owned(), names, subscript };
    if let Some(expression) = text.strip_prefix('~') {
        let regex = Regex::new(expression).map_err(|why| format!("is no regular expression: {why}"))?;
        return Ok(made(Names::Regex(Box::new(regex)), None));
    }
    if text.contains(char::is_whitespace) {
        return Err("has a blank inside; put `:` or `,` between names".to_owned());
    }
    let (name, subscript) = subscripted(text);
    let names = if glob::is_glob(name) { Names::Glob(glob::Glob::new(name)) } else { Names::Name(name.to_owned()) };
    Ok(made(names, subscript))
}

/// `web[0]`, `web[-1]`, `web[0:2]` and `web[1:]`; other brackets belong to a glob.
fn subscripted(name: &str) -> (&str, Option<Subscript>) {
    let parsed = name.strip_suffix(']').and_then(|name| {
        let (base, inside) = name.rsplit_once('[')?;
        let subscript = match inside.split_once([':', '-']) {
            Some(("", last)) => Subscript::One(-i64::from(last.parse::<u16>().ok()?)),
            Some((first, "")) => Subscript::Span(digits(first)?, None),
            Some((first, last)) => Subscript::Span(digits(first)?, Some(digits(last)?)),
            None => Subscript::One(i64::try_from(digits(inside)?).ok()?),
        };
        (!base.is_empty() && !inside.starts_with(':')).then_some((base, Some(subscript)))
    });
    parsed.unwrap_or((name, None))
}

fn digits(text: &str) -> Option<usize> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}
