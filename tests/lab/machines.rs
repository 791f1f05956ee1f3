//! Outside: one lab machine for each processor, two at most, run the trials. Each machine claims a trial by making a
//! file, one goes forward through the list and the other one backward; the results come back as files. Trials that
//! mostly wait have one more machine, beside those two.

use crate::machine::{boot, figures};
use libtest_mimic::{Arguments, Conclusion, Failed};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// One trial.
pub struct Trial {
    name: String,
    group: String,
    waits: bool,
    body: Box<dyn FnOnce() -> Result<(), String> + Send>,
}

impl Trial {
    /// A trial that fails by its result, or by a panic.
    pub fn new(name: impl Into<String>, body: impl FnOnce() -> Result<(), String> + Send + 'static) -> Self {
        let name = name.into();
        Self { group: name.clone(), name, waits: false, body: Box::new(body) }
    }

    /// Trials of one group share what they learn, so one machine runs them all.
    pub fn in_group(self, group: impl Into<String>) -> Self {
        Self { group: group.into(), ..self }
    }

    /// A trial that waits for most of its time.
    pub fn waiting(self) -> Self {
        Self { waits: true, ..self }
    }
}

/// A trial that passes unless it panics.
pub fn trial(name: &str, body: fn()) -> Trial {
    Trial::new(name, move || {
        body();
        Ok(())
    })
}

/// The folder that the machines share with this program.
const FOLDER: &str = "LAB_CLAIMS";
/// Set for the machine that goes backward.
const BACKWARD: &str = "LAB_BACKWARD";
/// Set for the machine that has the trials that wait.
const WAITING: &str = "LAB_WAITING";

const LOOK: Duration = Duration::from_millis(100);

/// Runs the trials that the arguments select, on machines with these variables for `boot`.
pub fn outside(arguments: &Arguments, trials: Vec<Trial>, settings: &[(&str, &str)]) -> Conclusion {
    let is_chosen = |name: &String| !arguments.is_filtered_out(&told(name.clone(), || Ok(())));
    let waiting = trials.iter().filter(|trial| trial.waits && is_chosen(&trial.name)).count();
    let all: Vec<String> = trials.into_iter().map(|trial| trial.name).collect();
    if arguments.list {
        let names = all.into_iter().map(|name| told(name, || Ok(())));
        return libtest_mimic::run(arguments, names.collect());
    }
    let chosen: Vec<&String> = all.iter().filter(|name| is_chosen(name)).collect();
    let folder = product_folder().join(format!("lab-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let names: String = chosen.iter().map(|name| format!("{name}\n")).collect();
    fs::write(folder.join("chosen"), names).unwrap();
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    let working = cpus.min(2).min(chosen.len() - waiting);
    let roles = ["", BACKWARD].into_iter().take(working).chain((waiting > 0).then_some(WAITING));
    let machines: Vec<Child> =
        roles.enumerate().map(|(number, role)| boot_one(&folder, number, role, settings)).collect();
    let machines = Arc::new(Mutex::new(machines));
    let wait = |name: &String| {
        let (folder, machines, name) = (folder.clone(), Arc::clone(&machines), name.clone());
        told(name.clone(), move || result(&folder, &name, &machines))
    };
    // In order, as they were told: each waits for its own result.
    let arguments = Arguments { test_threads: Some(1), ..arguments.clone() };
    let conclusion = libtest_mimic::run(&arguments, all.iter().map(wait).collect());
    for machine in machines.lock().unwrap().iter_mut() {
        machine.wait().unwrap();
    }
    fs::remove_dir_all(&folder).unwrap();
    conclusion
}

fn told(name: String, result: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> libtest_mimic::Trial {
    libtest_mimic::Trial::test(name, result)
}

/// Waits for the result of one trial.
fn result(folder: &Path, name: &str, machines: &Mutex<Vec<Child>>) -> Result<(), Failed> {
    let read = || fs::read_to_string(folder.join(format!("{name}.result"))).ok();
    loop {
        if let Some(text) = read() {
            return if text.is_empty() { Ok(()) } else { Err(text.into()) };
        }
        let ended = machines.lock().unwrap().iter_mut().all(|machine| machine.try_wait().unwrap().is_some());
        if ended && read().is_none() {
            return Err("the lab machine ended before this trial did".into());
        }
        thread::sleep(LOOK);
    }
}

/// This program again, in a lab machine of its own.
fn boot_one(folder: &Path, number: usize, role: &str, settings: &[(&str, &str)]) -> Child {
    let shared = product_folder();
    let mut command = boot(&[settings, &[("LAB_OUT", shared.to_str().unwrap())]].concat());
    command.env("LAB_CPU", number.to_string()).env(FOLDER, folder).stdin(Stdio::null()).stdout(Stdio::null());
    if !role.is_empty() {
        command.env(role, "yes");
    }
    command.spawn().unwrap()
}

fn product_folder() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_lvs-ftp")).parent().unwrap().to_owned()
}

/// Inside: runs what was chosen and no other machine has claimed.
pub fn inside(mut trials: Vec<Trial>) {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let chosen: BTreeSet<String> =
        fs::read_to_string(folder.join("chosen")).unwrap().lines().map(str::to_owned).collect();
    let waits = std::env::var_os(WAITING).is_some();
    trials.retain(|trial| chosen.contains(&trial.name) && trial.waits == waits);
    let mut groups: Vec<Vec<Trial>> = Vec::new();
    for trial in trials {
        match groups.iter_mut().find(|group| group[0].group == trial.group) {
            Some(group) => group.push(trial),
            None => groups.push(vec![trial]),
        }
    }
    if std::env::var_os(BACKWARD).is_some() {
        groups.reverse();
    }
    for group in groups {
        if File::create_new(folder.join(format!("{}.claim", group[0].group))).is_err() {
            continue;
        }
        for Trial { name, body, .. } in group {
            let begun = Instant::now();
            let text = match catch_unwind(AssertUnwindSafe(body)) {
                Ok(Ok(())) => String::new(),
                Ok(Err(text)) => text,
                Err(cause) => {
                    let text = cause.downcast_ref::<String>().map(String::as_str);
                    text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
                }
            };
            figures(|| format!("{name}: {:.0} s", begun.elapsed().as_secs_f32()));
            let made = folder.join(format!("{name}.made"));
            fs::write(&made, text).unwrap();
            fs::rename(made, folder.join(format!("{name}.result"))).unwrap();
        }
    }
}
