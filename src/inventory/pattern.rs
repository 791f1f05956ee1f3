//! Host patterns as Ansible writes them: names, groups, globs, `a:b`, `a:!b`, `a:&b`, commas, `group[0:2]`.

use crate::source::{Fault, Place, Source, shown};
use std::fmt;

/// What a play or `--limit` says about hosts; what it selects depends on the inventory.
#[derive(Debug, Clone)]
pub struct Pattern {
    place: Place,
    text: String,
    pub(super) terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) role: Role,
    pub(super) name: String,
    pub(super) subscript: Option<Subscript>,
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
        let refuse = |why: String| Fault::at(place, format!("the host pattern {} {why}", shown(&text)));
        if let Some(c) = text.chars().find(|c| c.is_control()) {
            return Err(refuse(format!("holds the control character U+{:04X}", u32::from(c))));
        }
        if text.contains("{{") || text.contains("{%") {
            return Err(refuse("holds a template; lvs-ftp does not evaluate templates".to_owned()));
        }
        let mut terms = Vec::new();
        for word in texts.iter().flat_map(|text| split(text)) {
            terms.push(term(word).map_err(refuse)?);
        }
        if terms.is_empty() {
            return Err(Fault::at(place, "the host pattern is empty").hint("`all` selects every host"));
        }
        // A stable sort: within a role the order is as written.
        terms.sort_by_key(|term| term.role);
        Ok(Self { place: place.clone(), text, terms })
    }

    /// Reads the arguments of an option, such as `--limit`.
    pub fn of_option(option: &str, texts: &[&str]) -> Result<Self, Fault> {
        let source = Source::new(option, texts.join(","));
        Self::of_list(texts, &Place::whole(&source))
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

/// Splits at commas, or where there are none at colons outside brackets; an IPv6 address stays whole.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let commas = text.contains(',');
    let address = text.trim().parse::<std::net::Ipv6Addr>().is_ok();
    text.split(|c: char| match c {
        '[' => {
            depth += 1;
            false
        }
        ']' => {
            depth = depth.saturating_sub(1);
            false
        }
        ',' => true,
        ':' => !commas && depth == 0 && !address,
        _ => false,
    })
    .map(str::trim)
    .filter(|word| !word.is_empty())
    .collect()
}

fn term(word: &str) -> Result<Term, String> {
    let (role, name) = match word.split_at_checked(1) {
        Some(("!", name)) => (Role::Exclude, name),
        Some(("&", name)) => (Role::Intersect, name),
        _ => (Role::Add, word),
    };
    if name.is_empty() {
        return Err(format!("has no name after `{word}`"));
    }
    if name.starts_with('~') {
        return Err("is a regular expression; lvs-ftp reads names and globs".to_owned());
    }
    if name.starts_with('@') {
        return Err("names a file of hosts, which is not supported yet".to_owned());
    }
    if name.contains(char::is_whitespace) {
        return Err("has a blank inside; put `:` or `,` between names".to_owned());
    }
    let (name, subscript) = subscripted(name);
    Ok(Term { role, name: name.to_owned(), subscript })
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
