//! The line that shows on a terminal how far a run has come.

use super::names::names;

/// More hosts than this are counted, not named.
const NAMED: usize = 3;

/// How far a run has come in the work of one kind.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    phase: String,
    hosts: usize,
    done: usize,
    /// The hosts that are worked on, who waits longest first.
    at_work: Vec<String>,
}

impl Progress {
    /// Work of another kind begins on so many hosts; on none there is nothing to see.
    pub fn phase(&mut self, name: &str, hosts: usize) {
        if hosts > 0 {
            *self = Self { phase: name.to_owned(), hosts, ..Self::default() };
        }
    }

    /// A host is worked on.
    pub fn begins(&mut self, host: &str) {
        self.at_work.push(host.to_owned());
    }

    /// It is no more.
    pub fn ends(&mut self, host: &str) {
        self.at_work.retain(|known| known != host);
        self.done += 1;
    }

    /// `observe 12/40: ftp7, ftp8, ftp9 and 17 more`.
    #[must_use]
    pub fn line(&self) -> String {
        if self.hosts == 0 {
            return String::new();
        }
        let colon = if self.at_work.is_empty() { "" } else { ": " };
        format!("{} {}/{}{colon}{}", self.phase, self.done, self.hosts, names(&self.at_work, NAMED))
    }
}

#[cfg(test)]
mod tests {
    use super::Progress;

    #[test]
    fn who_is_at_work_is_named() {
        let mut progress = Progress::default();
        assert_eq!(progress.line(), "");
        progress.phase("observe", 6);
        assert_eq!(progress.line(), "observe 0/6");
        for host in ["a", "b", "c", "d\u{1b}", "e"] {
            progress.begins(host);
        }
        assert_eq!(progress.line(), "observe 0/6: a, b, c and 2 more");
        progress.ends("b");
        progress.ends("a");
        assert_eq!(progress.line(), "observe 2/6: c, d\\u{1b}, e");
        progress.phase("lock", 0);
        assert_eq!(progress.line(), "observe 2/6: c, d\\u{1b}, e");
        progress.phase("verify", 1);
        progress.begins("c");
        assert_eq!(progress.line(), "verify 0/1: c");
    }
}
