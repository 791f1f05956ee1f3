//! The undo guard: a process on the host that undoes a run's changes of packet filter and IPVS, unless the run says over a
//! new connection that the host can still be reached. What it does is in guard.sh; here is what is said to it.

use super::{
    HostError, ipvs_script,
    script::nonce,
    step_script::{self, restore_words},
};
use crate::{
    format::sh,
    plan::{RuleEdit, Step},
    probe::{BOOT_ID, IptablesCommand, UNDO_FOLDER},
};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

const SCRIPT: &str = include_str!("guard.sh");

/// So many edits of the IPVS table are one series: a slow router makes them long before the guard takes it for dead.
const SERIES: usize = 50;

/// Removes a guard's folder. A death half-way must not leave one that looks as if it were in force.
const REMOVE: &str = r#"! [ -d "$g" ] || { mv "$g" "$g.old" && rm -rf "$g.old"; }"#;

/// The guard of one run on one host.
#[derive(Debug)]
pub(super) struct Guard {
    timeout: Duration,
    run: String,
    armed: Mutex<Option<Armed>>,
}

/// A guard that may be on the host.
#[derive(Debug)]
struct Armed {
    name: String,
    /// The steps that were written down there.
    steps: usize,
    /// The iptables whose rules they change.
    filters: Vec<(IptablesCommand, bool)>,
    /// The connection was lost on the way, so it is not known how the host is.
    lost: bool,
}

impl Guard {
    /// One that is not yet armed, for the run of this nonce.
    pub fn new(timeout: Duration, run: &str) -> Self {
        Self { timeout, run: run.to_owned(), armed: Mutex::new(None) }
    }

    /// Whether it may be armed.
    pub fn is_armed(&self) -> bool {
        self.armed().is_some()
    }

    /// The text of each step. Before the first one that needs it, the guard is armed; each that needs it is written down
    /// before it is made.
    pub fn scripts(&self, steps: &[Step]) -> Vec<String> {
        let mut armed = self.armed();
        let mut fresh = true;
        let is_one_series = |one: &Step, next: &Step| matches!((one, next), (Step::Ipvsadm(_), Step::Ipvsadm(_)));
        let series = steps.chunk_by(is_one_series).flat_map(|series| series.chunks(SERIES)).flat_map(|series| {
            if !series.iter().all(Step::may_cut_off) {
                return series.iter().map(step_script::script).collect();
            }
            let name = || format!("{}-{}", self.run, nonce());
            let armed = armed.get_or_insert_with(|| Armed { name: name(), steps: 0, filters: Vec::new(), lost: false });
            let mut arm = if std::mem::take(&mut fresh) { arm(self.timeout) } else { String::new() };
            let texts = armed.series(series).into_iter();
            let texts = texts.map(|text| format!("g={UNDO_FOLDER}/{}\n{}{text}", armed.name, std::mem::take(&mut arm)));
            texts.collect::<Vec<_>>()
        });
        series.collect()
    }

    /// Takes note that no whole answer to a change came back: it will not be confirmed.
    pub fn lost(&self) {
        if let Some(armed) = &mut *self.armed() {
            armed.lost = true;
        }
    }

    /// Takes note that what would have armed it did not reach the host.
    pub fn is_not_there(&self) {
        *self.armed() = None;
    }

    /// Says over a new connection that the host can be reached: `ask` makes it, and runs this script there.
    pub fn confirm(&self, ask: impl FnOnce(String, Duration) -> Result<(), HostError>) -> Result<(), HostError> {
        let Some(armed) = self.armed().take() else {
            return Ok(());
        };
        if armed.lost {
            return Err(HostError::Failed(format!("the change is not confirmed; {}", self.undoes())));
        }
        ask(end(&armed.name, true), self.timeout).map_err(|error| match error {
            HostError::Unreachable(why) => {
                HostError::Failed(format!("the host cannot be reached anew after the change: {why}; {}", self.undoes()))
            }
            HostError::Failed(why) => HostError::Failed(format!("failed to confirm the change: {why}")),
        })
    }

    fn undoes(&self) -> String {
        format!("the host undoes the change within {} s", self.timeout.as_secs())
    }

    fn armed(&self) -> MutexGuard<'_, Option<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    /// What is one to the guard, between its `begin` and its `end`: a block of rules, or edits of the IPVS table that
    /// follow each other. All is written down before the first of them is made.
    fn series(&mut self, steps: &[Step]) -> Vec<String> {
        self.steps += 1;
        let number = format!("{:06}", self.steps);
        let (notes, worker, filter) = match steps {
            [Step::Rules { command, waits_for_lock, table, edits }] => {
                let filter = self.filter(command, *waits_for_lock);
                (rules(filter, command, *waits_for_lock, table, edits), "parent", format!(" {filter} {table}"))
            }
            // Each is made by another process, one after the other: what is there all the time is the script's main shell.
            steps => (taken_back(steps), "\"$main\"", String::new()),
        };
        let begin = format!(
            r#"(umask 077; rm -rf "$g/{number}.new" && mkdir "$g/{number}.new" && cd "$g/{number}.new" && {notes}) || exit
/bin/sh "$g/guard" "$g" begin {number} {worker}{filter} || exit
"#
        );
        let end = |status: &str| format!(r#"/bin/sh "$g/guard" "$g" end {number} {status}{filter} || exit"#);
        let script = |step| format!("(\n{}\n)\nstatus=$?\n", step_script::script(step));
        if let [step @ Step::Rules { .. }] = steps {
            return vec![format!("{begin}{}{}\nexit $status", script(step), end("$status"))];
        }
        let text = |(at, step)| {
            let begin = if at == 0 { &begin } else { STILL_WORKING };
            let end = if at + 1 == steps.len() { end("0") } else { format!("[ $status = 0 ] || {{ {}; }}", end("0")) };
            format!(
                r#"{begin}: >"$g/{number}/tried-{name}" || exit
{script}[ $status = 0 ] || rm -f "$g/{number}/tried-{name}"
{end}
exit $status"#,
                name = name(at),
                script = script(step),
            )
        };
        steps.iter().enumerate().map(text).collect()
    }

    fn filter(&mut self, command: &IptablesCommand, waits_for_lock: bool) -> usize {
        let this = (command.clone(), waits_for_lock);
        self.filters.iter().position(|known| *known == this).unwrap_or_else(|| {
            self.filters.push(this);
            self.filters.len() - 1
        })
    }
}

/// Arms the guard, or gives one that is armed more time. It runs before this text ends.
fn arm(timeout: Duration) -> String {
    format!(
        r#"if [ ! -d "$g" ]; then
  mkdir -p "${{g%/*/*}}" && (umask 077; mkdir -p "${{g%/*}}" && mkdir "$g.new" && {script} >"$g.new/guard" &&
    {{ cat {BOOT_ID} 2>/dev/null; :; }} >"$g.new/boot" && : >"$g.new/armed") || exit
  mv "$g.new" "$g" || exit
fi
read -r up rest </proc/uptime
echo $((${{up%%.*}} + {seconds})) >"$g/end.new" && mv -f "$g/end.new" "$g/end" || exit
alive() {{ pid=$(cat "$g/pid" 2>/dev/null); kill -0 "${{pid:-none}}" 2>/dev/null; }}
if ! alive; then
  own=; ! command -v setsid >/dev/null 2>&1 || own=setsid
  $own /bin/sh "$g/guard" "$g" start </dev/null >/dev/null 2>&1
  if ! alive; then
    mv -f "$g/armed" "$g/disarmed"; {remove}
    echo 'the undo guard does not start (--no-undo does without)' >&2
    exit 1
  fi
fi
"#,
        script = sh::print(SCRIPT.as_bytes()),
        seconds = timeout.as_secs(),
        remove = REMOVE,
    )
}

/// Writes down a block of rules: what deletes what it inserts, and what it deletes.
fn rules(filter: usize, command: &IptablesCommand, waits_for_lock: bool, table: &str, edits: &[RuleEdit]) -> String {
    let (mut come, mut gone) = (Vec::new(), Vec::new());
    for edit in edits {
        match edit {
            RuleEdit::Insert { chain, rule, .. } => come.extend(format!("-D {chain} {rule}\n").into_bytes()),
            RuleEdit::Delete { line } => gone.extend([&line[..], b"\n"].concat()),
        }
    }
    let functions = format!(
        "save() {{ {} \"$@\"; }}\nrestore() {{ {} \"$@\"; }}\n",
        sh::words(command.sibling("-save")),
        sh::words(restore_words(command, waits_for_lock))
    );
    format!(
        "{functions} >functions && mv -f functions \"$g/filter{filter}\" && echo {filter} >filter && echo {table} >table && \
         {come} >come && {gone} >gone",
        functions = sh::print(functions.as_bytes()),
        come = sh::print(&come),
        gone = sh::print(&gone),
    )
}

/// Fails when the guard fired since the series began: it takes one that takes too long for dead.
const STILL_WORKING: &str = "[ -e \"$g/working\" ] || exec /bin/sh \"$g/guard\" \"$g\" gone\n";

/// The name of an edit in its series: they are taken back in the order of their names, from the last.
fn name(at: usize) -> String {
    format!("{:06}", at + 1)
}

/// Writes down edits of the IPVS table: for each the script that takes it back, if the kernel still shows what it made.
fn taken_back(steps: &[Step]) -> String {
    let complaint = "was changed by somebody else meanwhile and is left alone";
    let edits = steps.iter().filter_map(|step| match step {
        Step::Ipvsadm(edit) => Some(edit),
        _ => None,
    });
    let notes = edits.enumerate().map(|(at, edit)| {
        let scripts: Vec<String> =
            edit.inverse().iter().map(|back| format!("(\n{}\n)", ipvs_script::script(back, complaint))).collect();
        format!(
            "{script} >ipvs-{name} && {what} >what-{name}",
            script = sh::print(scripts.join(" && ").as_bytes()),
            what = sh::print(edit.to_string().as_bytes()),
            name = name(at),
        )
    });
    notes.collect::<Vec<_>>().join(" &&\n")
}

/// Ends a guard: one that is armed undoes nothing any more, and nothing is left of it. The text fails when it fired.
pub(super) fn end(name: &str, armed: bool) -> String {
    let disarm = r#"tries=0
while [ -d "$g" ]; do
  if mv -f "$g/armed" "$g/disarmed" 2>/dev/null; then break; fi
  if [ -e "$g/fired" ]; then
    echo 'the undo guard fired before that: the host has undone what was changed, or does so now; run again' >&2
    exit 1
  fi
  worker=$(cat "$g/worker" 2>/dev/null)
  if [ -e "$g/working" ] && ! kill -0 "${worker:-none}" 2>/dev/null && mv -f "$g/working" "$g/disarmed" 2>/dev/null; then
    break
  fi
  tries=$((tries + 1))
  if [ $tries = 10 ]; then
    echo 'the undo guard cannot be disarmed: a step is still being made' >&2
    exit 1
  fi
  sleep 1
done
"#;
    let disarm = if armed { disarm } else { "" };
    format!("g={}\n{disarm}{REMOVE}", sh::word(&format!("{UNDO_FOLDER}/{name}")))
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
