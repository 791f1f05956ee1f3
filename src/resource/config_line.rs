//! A line of a text file, as Ansible's lineinfile keeps one.

use super::{Kind, Resource};
use crate::{
    format::{cksum::cksum, excerpt, text_lines},
    plan::{Action, Change, Diff, Proof, Stage, Step},
    probe::{Facts, Probe, Unknown},
};
use camino::Utf8PathBuf;

/// A line that a play states for a file.
#[derive(Debug, Clone)]
pub struct StatedLine {
    /// The file, absolute.
    pub path: Utf8PathBuf,
    /// The line, without its end; nothing where only the expression says which lines go.
    pub line: Option<String>,
    /// What the lines look like that it replaces, or that go.
    pub pattern: Option<regex::bytes::Regex>,
    /// Whether it shall be there.
    pub present: bool,
    /// Whether the file may be made.
    pub create: bool,
}

/// One line of a file that several lines may be stated for: each change begins where the one before it ends.
#[derive(Debug, Clone)]
pub struct ConfigLine {
    /// The lines that are stated for this file before this one.
    pub earlier: Vec<StatedLine>,
    /// This one.
    pub mine: StatedLine,
}

impl Resource for ConfigLine {
    fn kind(&self) -> Kind {
        Kind::ConfigLine
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::TextFile(self.mine.path.clone())]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let Self { earlier, mine } = self;
        let mut text = facts.text_file(&mine.path)?.map(<[u8]>::to_vec);
        for one in earlier {
            text = one.applied(text)?;
        }
        let after = mine.applied(text.clone())?;
        let mut diff = Diff::default();
        if let Some(after) = after.filter(|after| text.as_ref() != Some(after)) {
            diff.changes.push(Change {
                needs: Vec::new(),
                drain: None,
                stage: Stage::Serve,
                action: if text.is_some() { Action::Edit } else { Action::Add },
                summary: mine.summary(),
                before: text.clone().unwrap_or_default(),
                after: after.clone(),
                step: Step::File {
                    path: mine.path.clone(),
                    observed: text.map(|text| cksum(&text)),
                    text: after,
                    proof: Proof::None,
                },
            });
        }
        Ok(diff)
    }
}

impl StatedLine {
    /// The file's text with this line as it shall be.
    fn applied(&self, text: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, Unknown> {
        let line = self.line.as_deref().map(str::as_bytes);
        match (text, self.present, line) {
            (None, true, _) if !self.create => Err(Unknown {
                what: self.path.to_string(),
                why: "there is no such file: say create: true to make it, or install what it belongs to".to_owned(),
            }),
            (None, true, Some(line)) => Ok(Some([line, b"\n"].concat())),
            (Some(text), true, Some(line)) => {
                let matches = |known: &[u8]| self.pattern.as_ref().is_some_and(|it| it.is_match(known));
                Ok(Some(text_lines::with(&text, line, matches)))
            }
            (Some(text), false, _) => Ok(Some(text_lines::without(&text, |known| self.is_about(known)))),
            (text, _, _) => Ok(text),
        }
    }

    fn is_about(&self, known: &[u8]) -> bool {
        self.line.as_deref().map(str::as_bytes) == Some(known)
            || self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(known))
    }

    /// Whether this would take away what another one states.
    #[must_use]
    pub fn contradicts(&self, other: &Self) -> bool {
        let Some(line) = other.line.as_ref().filter(|_| other.present) else { return false };
        self.is_about(line.as_bytes()) && !(self.present && self.line.as_ref() == Some(line))
    }

    fn summary(&self) -> String {
        let what = match (&self.line, &self.pattern) {
            (Some(line), _) => excerpt(line.as_bytes()),
            (None, pattern) => format!("lines like {}", pattern.as_ref().map(ToString::to_string).unwrap_or_default()),
        };
        format!("{}: {} {what}", self.path, if self.present { "has" } else { "does not have" })
    }
}
