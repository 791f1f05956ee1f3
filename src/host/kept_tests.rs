//! The folder of kept connections: who may own it, what is refused, what is swept.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{Kept, LONGEST_SOCKET, NAME_LENGTH};
use camino::Utf8PathBuf;
use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, net::UnixListener},
};

fn base() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::Builder::new().prefix("kept-").tempdir_in("/tmp").unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    (folder, path)
}

fn mode(path: &Utf8PathBuf, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_is_made_and_found_again() {
    let (_folder, base) = base();
    for _ in 0..2 {
        let Kept(folder) = Kept::open_at(&base, "ours").unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o7777, 0o700);
    }
}

#[test]
fn what_others_could_own_is_refused() {
    let (_folder, base) = base();
    let ours = base.join("ours");
    let refused = |says: &str| {
        let why = Kept::open_at(&base, "ours").unwrap_err();
        assert!(why.contains(says), "{why}");
    };
    fs::create_dir(&ours).unwrap();
    mode(&ours, 0o750);
    refused("ours must be a folder of user");
    mode(&ours, 0o700);
    mode(&base, 0o770);
    refused("others may write in");
    mode(&base, 0o700);
    Kept::open_at(&base, "ours").unwrap();
    fs::remove_dir(&ours).unwrap();
    std::os::unix::fs::symlink("/root", &ours).unwrap();
    refused("ours must be a folder of user");
    fs::remove_file(&ours).unwrap();
    fs::write(&ours, "").unwrap();
    refused("ours must be a folder of user");
    if rustix::process::geteuid().is_root() {
        fs::remove_file(&ours).unwrap();
        fs::create_dir(&ours).unwrap();
        mode(&ours, 0o700);
        std::os::unix::fs::chown(&ours, Some(4242), None).unwrap();
        refused("is of user 4242 with mode 0700: remove it");
    }
}

#[test]
fn what_ssh_would_misread_is_refused() {
    let (_folder, base) = base();
    for name in ["a%h", "a b", "$HOME", &"a".repeat(LONGEST_SOCKET)] {
        let why = Kept::open_at(&base, name).unwrap_err();
        assert!(why.contains("too long or too odd"), "{why}");
    }
}

#[test]
fn each_way_has_a_socket_of_its_own() {
    let (_folder, base) = base();
    let kept = Kept::open_at(&base, "ours").unwrap();
    let config = base.join("config");
    fs::write(&config, "Host a\n").unwrap();
    let of = |words: &[&str]| kept.socket(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let way = ["-F", config.as_str(), "-l", "root", "--", "a"];
    let first = of(&way);
    assert_eq!(first, of(&way));
    assert_eq!(first.file_name().unwrap().len(), NAME_LENGTH);
    for other in [["-F", config.as_str(), "-l", "root", "--", "b"], ["-F", config.as_str(), "-l", "ops", "--", "a"]] {
        assert_ne!(first, of(&other));
    }
    fs::write(&config, "Host a\nHostName b\n").unwrap();
    assert_ne!(first, of(&way), "the same words lead elsewhere now");
}

#[test]
fn only_sockets_that_nobody_listens_on_are_swept() {
    let (_folder, base) = base();
    let kept = Kept::open_at(&base, "ours").unwrap();
    let path = |name: &str| kept.0.join(name);
    // ssh makes a socket under a longer name first.
    let live = UnixListener::bind(path("live.0123456789abcdef")).unwrap();
    fs::rename(path("live.0123456789abcdef"), path("live")).unwrap();
    drop(UnixListener::bind(path("dead")).unwrap());
    drop(UnixListener::bind(path("young")).unwrap());
    fs::write(path("file"), "").unwrap();
    for name in ["live", "dead", "file"] {
        // A socket cannot be opened to set its time.
        duct::cmd!("touch", "-d", "1 hour ago", path(name)).run().unwrap();
    }
    kept.sweep();
    let mut left: Vec<String> =
        kept.0.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
    left.sort();
    assert_eq!(left, ["file", "live", "young"]);
    drop(live);
    // What another test starts just now may have it open for a moment, until its exec.
    for _ in 0..200 {
        kept.sweep();
        if !path("live").exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it is not swept");
}
