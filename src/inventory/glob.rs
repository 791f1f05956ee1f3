//! Shell globs over names, as Python's fnmatch reads them: `*`, `?`, `[abc]`, `[a-c]`, `[!a]`.

/// A glob, read once for all names.
#[derive(Debug, Clone)]
pub(super) struct Glob(Vec<Part>);

impl Glob {
    pub(super) fn new(text: &str) -> Self {
        Self(parts(text))
    }

    /// Whether a name fits, in time that grows with the product of their lengths at most.
    pub(super) fn fits(&self, name: &str) -> bool {
        fits(&self.0, name)
    }
}

fn fits(glob: &[Part], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut read) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match glob.get(at) {
            Some(Part::Many) => {
                retry = Some((at, read));
                at += 1;
                continue;
            }
            Some(part) if name.get(read).is_some_and(|c| part.takes(*c)) => {
                at += 1;
                read += 1;
                continue;
            }
            None if read == name.len() => return true,
            _ => {}
        }
        match retry {
            Some((star, from)) if from < name.len() => {
                retry = Some((star, from + 1));
                (at, read) = (star + 1, from + 1);
            }
            _ => return false,
        }
    }
}

/// Whether a name is a glob at all.
pub(super) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

#[derive(Debug, Clone)]
enum Part {
    One(char),
    Any,
    Many,
    Set { ranges: Vec<(char, char)>, inverted: bool },
}

impl Part {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::One(own) => *own == c,
            Self::Any => true,
            Self::Many => false,
            Self::Set { ranges, inverted } => ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *inverted,
        }
    }
}

fn parts(glob: &str) -> Vec<Part> {
    let characters: Vec<char> = glob.chars().collect();
    // Behind the last `]` no set ends: it is not looked for again and again.
    let last = characters.iter().rposition(|c| *c == ']').unwrap_or(0);
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(c) = characters.get(at) {
        at += 1;
        parts.push(match c {
            '*' => Part::Many,
            '?' => Part::Any,
            '[' => match characters.get(at..=last).and_then(set) {
                Some((part, length)) => {
                    at += length;
                    part
                }
                None => Part::One('['),
            },
            other => Part::One(*other),
        });
    }
    parts
}

/// A set after its `[`, and how many characters it takes with its `]`; one without an end is an ordinary `[`.
fn set(rest: &[char]) -> Option<(Part, usize)> {
    let inverted = rest.first() == Some(&'!');
    let from = usize::from(inverted);
    let length = rest.iter().skip(from + 1).position(|c| *c == ']')? + from + 1;
    let mut members = &rest[from..length];
    let mut ranges = Vec::new();
    while let Some((first, others)) = members.split_first() {
        if let ['-', last, after @ ..] = others {
            ranges.push((*first, *last));
            members = after;
        } else {
            ranges.push((*first, *first));
            members = others;
        }
    }
    Some((Part::Set { ranges, inverted }, length + 1))
}
