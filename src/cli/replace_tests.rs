#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{is_temporary, replace};
use camino::Utf8Path;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::File,
    time::{Duration, SystemTime},
};

/// Makes a file that is this old.
fn file(path: &Utf8Path, age: Duration) -> File {
    std::fs::write(path, "half").unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
    file
}

#[test]
fn what_the_dead_left_goes_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let hour = Duration::from_secs(3600);
    drop(file(&folder.join(".lvs-ftp-Dead12"), hour));
    let alive = file(&folder.join(".lvs-ftp-Alive1"), hour);
    flock(&alive, FlockOperation::NonBlockingLockExclusive).unwrap();
    drop(file(&folder.join(".lvs-ftp-Young1"), Duration::ZERO));
    drop(file(&folder.join(".lvs-ftp-other-name"), hour));
    drop(file(&folder.join("metrics"), hour));
    std::os::unix::fs::symlink("metrics", folder.join(".lvs-ftp-Link12")).unwrap();
    replace(&folder.join("metrics"), "whole", 0o644).unwrap();
    let mut names: Vec<String> =
        folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
    names.sort();
    assert_eq!(names, [".lvs-ftp-Alive1", ".lvs-ftp-Link12", ".lvs-ftp-Young1", ".lvs-ftp-other-name", "metrics"]);
    assert_eq!(std::fs::read_to_string(folder.join("metrics")).unwrap(), "whole");
}

#[test]
fn what_is_wrong_is_told_the_same_each_time() {
    let error = replace(Utf8Path::new("/proc/1/nosuch"), "", 0o644).unwrap_err();
    assert_eq!(error.to_string(), "No such file or directory (os error 2)");
}

/// The sweep knows the names that files really get.
#[test]
fn names_are_known() {
    let file = tempfile::Builder::new().prefix(super::PREFIX).tempfile().unwrap();
    assert!(is_temporary(file.path().file_name().unwrap().to_str().unwrap()));
}
