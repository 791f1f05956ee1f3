//! A managed host's own lock: the shell of our run there holds it, and ends with our end of its input.
//!
//! /var/run/lvs-ftp/lock is locked by the one run that may change the host, and says which run that is. Every script
//! that changes something holds /var/run/lvs-ftp/changing, shared, and looks first whether its run still has the lock:
//! the holder's link may be cut while another one lives. A new holder waits until no such script is left, so that it
//! never meets the end of a run that was killed.
//!
//! Who gives the lock back leaves a word of its own in the file, if no such script is left. A look reads the file before
//! all else; what it saw still counts when the lock is taken later and that word is the same.

use super::{
    held::Heard,
    process::{End, Finished},
    script,
    shell::{LOOK, Shell},
};
use crate::format::{printable, sh};
use std::time::{Duration, Instant};

/// How long a host may take to say whether its lock is free.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// Two runs that begin together may each get a part of their hosts. The older one waits so long for the younger, which
/// leaves at once: so one of them works.
const GRACE: Duration = Duration::from_secs(5);

/// The text that reads the lock's file into `$last`; `none` where nobody has had the lock since the host was booted, and
/// nothing where it is no file that can be read: a pipe would keep a look waiting.
pub(super) const READ_LAST: &str = "last=none; [ ! -e /var/run/lvs-ftp/lock ] || { last=; \
    [ -f /var/run/lvs-ftp/lock ] && [ -r /var/run/lvs-ftp/lock ] && read -r last </var/run/lvs-ftp/lock; } || :\n";

/// Whether no run of ours changed the host between two readings of the lock's file, the second of them under the lock.
pub(super) fn is_untouched(seen: &str, found: &str) -> bool {
    seen == found && (found == "none" || found.starts_with("free "))
}

/// Opens both files; whoever may open them could also keep them locked, so that is root alone.
const OPEN: &str = "umask 022; [ -d /var/run/lvs-ftp ] || mkdir -p /var/run/lvs-ftp || exit; umask 077\n";

/// A run, as it says who it is in the lock of every host.
#[derive(Debug)]
pub(super) struct Run {
    nonce: String,
    began: u128,
    who: String,
}

/// What came of asking for a lock.
#[derive(Debug)]
pub(super) enum Taken {
    /// It is ours until the shell ends; and what its file said before.
    Held(String),
    /// Our own run has it already: the inventory knows the host by two names. The shell has ended.
    Ours,
    /// The host has no flock(1). The shell has ended.
    NoTool,
}

/// Why there is no lock. The shell has ended.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another run has it.
    Busy(String),
    /// Nobody waits any more.
    Stopped,
    /// The host said no clear word. The flag tells whether it began to.
    Broken(Finished, bool),
}

impl Run {
    /// This run.
    pub fn new() -> Self {
        let now = jiff::Timestamp::now();
        let user = ["LOGNAME", "USER"].iter().find_map(|name| std::env::var(name).ok());
        let user = user.unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()));
        let names = rustix::system::uname();
        let host = names.nodename().to_string_lossy();
        let who = format!("process {} of {user}@{host}, since {now:.0}", std::process::id());
        Self {
            nonce: script::nonce(),
            began: u128::try_from(now.as_millisecond()).unwrap_or_default(),
            who: printable(&who),
        }
    }

    /// What tells it from all others.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The text that takes the lock and says so. The shell then has it until its input ends.
    fn holder(&self, mark: &str) -> String {
        format!(
            r#"{{
{prelude}
command -v flock >/dev/null 2>&1 || {{ printf '\n{mark} none\n'; exit 0; }}
{OPEN}first=none; [ ! -e /var/run/lvs-ftp/lock ] || first=
exec 9>>/var/run/lvs-ftp/lock 8>>/var/run/lvs-ftp/changing
again=1 silent=0
while :; do
  word=busy; flock -n 9; status=$?
  [ $status != 0 ] || {{ word=changing; flock -n 8; status=$?; }}
  [ $status != 0 ] || break
  [ $status = 1 ] || exit $status
  first=
  if [ $again = 1 ]; then again=0; continue; fi
  who=; read -r who </var/run/lvs-ftp/lock || :
  if [ $word = busy ] && [ $silent = 0 ] && [ -n "$(find /var/run/lvs-ftp/lock -mmin +1 2>/dev/null)" ]; then
    silent=1; pid=${{who#* * }}; pid=${{pid%% *}}
    case $(readlink "/proc/$pid/fd/9") in */lvs-ftp/lock) kill -9 "$pid" && sleep 1; continue ;; esac
  fi
  printf '\n{mark} %s %s\n' $word "$who" || exit 0
  sleep 1 8>&- 9>&-
done
{READ_LAST}printf '%s %s %s %s\n' {nonce} {began} $$ {who} >/var/run/lvs-ftp/lock || exit
exec 8>&-
[ -n "$last" ] || last=$first
beat='touch /var/run/lvs-ftp/lock' held={nonce}
printf '\n{mark} locked %s\n' "$last"
}}
"#,
            prelude = script::prelude(mark),
            nonce = self.nonce,
            began = self.began,
            who = sh::word(&self.who),
        )
    }

    /// What a script of this run does before anything else: text for its main shell, and a part that fails when the run
    /// has no right to change the host any more. Where its shell is one of the shell that has the lock, that is sure so far.
    pub fn guard(&self) -> (String, String) {
        let open = format!("{OPEN}exec 8>>/var/run/lvs-ftp/changing; umask 022\n");
        let look = format!(
            r#"flock -s -n 8 || {{ echo 'another run has this host now; run again' >&2; exit 1; }}
lost() {{ echo "this run has lost the lock of the host, for $1; nothing was changed by this step; run again" >&2; exit 1; }}
[ -e /var/run/lvs-ftp/lock ] || lost 'its file was removed'
[ "$held" = {nonce} ] || ! (flock -n 9) 9>>/var/run/lvs-ftp/lock || lost 'what held it there has ended'
who=; read -r who </var/run/lvs-ftp/lock || :
[ "${{who%% *}}" = {nonce} ] || lost 'another run has it'"#,
            nonce = self.nonce
        );
        (open, look)
    }

    /// Takes the lock by a shell on the host, waiting so long at most, and no longer than somebody wants it.
    pub fn take(&self, shell: &mut Shell, wait: Duration, stop: &dyn Fn() -> bool) -> Result<Taken, Failure> {
        let mark = script::nonce();
        let held = &mut shell.held;
        held.send(self.holder(&mark));
        let start = Instant::now();
        let mut busy_since = None;
        let mut answer = Answer::new(&mark);
        loop {
            match held.hear(LOOK) {
                Heard::Piece(piece) => answer.take(&piece),
                Heard::Nothing => {}
                Heard::End => return Err(Failure::Broken(held.finish(None), answer.begun)),
                Heard::Endless => return Err(Failure::Broken(held.finish(Some(End::Endless)), answer.begun)),
            }
            match answer.word.split_once(' ').unwrap_or((&answer.word, "")) {
                ("locked", last) => {
                    shell.holds(farewell(&mark));
                    return Ok(Taken::Held(last.to_owned()));
                }
                ("none", _) => {
                    held.leave();
                    return Ok(Taken::NoTool);
                }
                ("busy", line) if line.split(' ').next() == Some(&self.nonce) => {
                    held.abandon();
                    return Ok(Taken::Ours);
                }
                (word @ ("busy" | "changing"), line) => {
                    let since: &Instant = busy_since.get_or_insert_with(Instant::now);
                    let changing = word == "changing";
                    // What a killed run has begun ends by itself, mostly at once.
                    let patience = if changing || self.is_older(line) { wait.max(GRACE) } else { wait };
                    if since.elapsed() >= patience {
                        held.abandon();
                        let still = "a change of a run that has ended is still being made there";
                        return Err(Failure::Busy(if changing { still.to_owned() } else { who(line) }));
                    }
                }
                _ if start.elapsed() >= ANSWER_LIMIT => {
                    return Err(Failure::Broken(held.finish(Some(End::Late(ANSWER_LIMIT))), answer.begun));
                }
                _ => {}
            }
            if stop() {
                held.abandon();
                return Err(Failure::Stopped);
            }
        }
    }

    /// Whether this run began before the one that a lock names; one that has not said who it is has just come.
    fn is_older(&self, line: &str) -> bool {
        let mut words = line.split(' ');
        match (words.next(), words.next().and_then(|began| began.parse::<u128>().ok())) {
            (Some(nonce), Some(began)) => (self.began, self.nonce.as_str()) < (began, nonce),
            _ => true,
        }
    }
}

/// The text that gives the lock back, with a word of its own where no script of ours is left, and ends the shell.
fn farewell(mark: &str) -> String {
    format!("exec 8>>/var/run/lvs-ftp/changing\n! flock -n 8 || echo free {mark} >/var/run/lvs-ftp/lock\nexit 0\n")
}

/// Who a lock's line names: `NONCE BEGAN PROCESS WHO`, of which the process is the one that holds it on the host.
fn who(line: &str) -> String {
    line.splitn(4, ' ').nth(3).map_or_else(|| "it does not say who it is".to_owned(), printable)
}

/// What the holder says, found among whatever a host prints beside it.
struct Answer {
    mark: Vec<u8>,
    rest: Vec<u8>,
    begun: bool,
    /// Its last whole line.
    word: String,
}

impl Answer {
    fn new(mark: &str) -> Self {
        Self { mark: format!("\n{mark} ").into_bytes(), rest: Vec::new(), begun: false, word: String::new() }
    }

    fn take(&mut self, piece: &[u8]) {
        self.rest.extend_from_slice(piece);
        let pieces = script::split(&self.rest, &self.mark);
        self.begun |= pieces.len() > 1;
        if let Some(line) = pieces.iter().skip(1).filter_map(|piece| first_line(piece)).next_back() {
            self.word = String::from_utf8_lossy(line).into_owned();
        }
        // Only what may be the beginning of a line of ours is kept.
        let keep = pieces.last().map_or(0, |piece| (piece.len() + self.mark.len()).min(1 << 12));
        let cut = self.rest.len().saturating_sub(keep);
        self.rest.drain(..cut);
    }
}

/// The text before the first line end, if there is one.
pub(super) fn first_line(text: &[u8]) -> Option<&[u8]> {
    text.split_at(text.iter().position(|byte| *byte == b'\n')?).0.into()
}

#[cfg(test)]
#[path = "lock_tests.rs"]
mod tests;
