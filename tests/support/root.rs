//! A root tree of a test's own: the outer machine's programs, and nothing else of it. Each command enters it through a
//! mount namespace of its own, so nothing stays mounted, and files are looked at from outside.
#![allow(dead_code, reason = "each suite uses a part")]

use camino::{Utf8Path, Utf8PathBuf};
use std::{
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
};

/// Folders of /usr in which the outer machine's files would be seen: the test's own are put over them.
const OWN: [&str; 3] = ["usr/local", "usr/lib/systemd/system", "usr/lib/sysctl.d"];

pub struct Root {
    folder: tempfile::TempDir,
    /// What else is mounted: sh text that runs in the folder before the root is entered.
    pub mounts: String,
}

impl Root {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for name in ["etc/init.d", "etc/alternatives", "run", "var/lib", "tmp", "proc", "sys", "dev", "usr", "opt"] {
            std::fs::create_dir_all(path.join(name)).unwrap();
        }
        for name in OWN {
            std::fs::create_dir_all(path.join("own").join(name)).unwrap();
        }
        symlink("/run", path.join("var/run")).unwrap();
        for name in ["bin", "sbin", "lib", "lib64"] {
            symlink(format!("usr/{name}"), path.join(name)).unwrap();
        }
        Self { folder, mounts: String::new() }
    }

    /// The words that run a command in it; `before` come first, such as those of a network namespace. Process 1 there
    /// stays outside the root: by that systemctl knows that it works on an image.
    pub fn words(&self, before: Vec<String>) -> Vec<String> {
        let binds = OWN.map(|name| format!("mount --bind own/{name} {name}\n")).concat();
        let script = format!(
            "cd {} || exit\nmount --bind /usr usr && mount -o remount,bind,ro usr && mount -t proc proc proc && mount --rbind /dev dev || exit\n\
             mount --bind /etc/alternatives etc/alternatives || exit\n{binds}{}\nchroot . \"$@\"; exit $?\n",
            self.path(""),
            self.mounts
        );
        let enter = self.path("own/enter");
        std::fs::write(&enter, script).unwrap();
        [before, ["unshare", "-m", "-p", "-f", "--", "sh", enter.as_str()].map(str::to_owned).into()].concat()
    }

    /// Where a path of the root is outside of it.
    pub fn path(&self, path: &str) -> Utf8PathBuf {
        let path = path.trim_start_matches('/');
        let own = OWN.iter().any(|name| Utf8Path::new(path).starts_with(name));
        let folder = Utf8PathBuf::from_path_buf(self.folder.path().to_path_buf()).unwrap();
        if own { folder.join("own").join(path) } else { folder.join(path) }
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = std::fs::File::create(path).unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    /// Writes a program.
    pub fn program(&self, path: &str, text: &str) {
        self.write(path, text);
        std::fs::set_permissions(self.path(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        String::from_utf8(std::fs::read(self.path(path)).unwrap()).unwrap()
    }

    /// Runs a shell script in it and returns what it printed.
    pub fn sh(&self, script: &str) -> String {
        let words = [self.words(Vec::new()), ["sh", "-ec", script].map(str::to_owned).into()].concat();
        duct::cmd(&words[0], &words[1..]).stderr_to_stdout().read().unwrap()
    }

    /// Everything below a folder of the root.
    pub fn listing(&self, folder: &str) -> Vec<String> {
        listing(&self.path(folder))
    }
}

/// Everything below a folder: name, inode, mode, owner, links, time, and content or target. Two equal listings mean that
/// nothing was touched.
pub fn listing(folder: &Utf8Path) -> Vec<String> {
    let mut all = Vec::new();
    walk(folder, &mut all);
    all.sort();
    all
}

/// The same without the folders' times: equal listings mean that nothing is changed, though files may have come and gone.
pub fn content(folder: &Utf8Path) -> Vec<String> {
    let is_folder = |line: &String| line.split(' ').nth(2).is_some_and(|mode| mode.starts_with("40"));
    let timeless = |line: String| {
        if is_folder(&line) { line.rsplit_once(' ').unwrap().0.rsplit_once(' ').unwrap().0.to_owned() } else { line }
    };
    listing(folder).into_iter().map(timeless).collect()
}

/// The names below a folder.
pub fn names(folder: &Utf8Path) -> Vec<String> {
    listing(folder).into_iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

fn walk(path: &Utf8Path, all: &mut Vec<String>) {
    for entry in path.read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        let meta = std::fs::symlink_metadata(&path).unwrap();
        let content = match meta.file_type() {
            kind if kind.is_symlink() => path.read_link_utf8().unwrap().into_string(),
            kind if kind.is_file() => format!("{:?}", String::from_utf8_lossy(&std::fs::read(&path).unwrap())),
            _ => String::new(),
        };
        all.push(format!(
            "{path} {} {:o} {}:{} {} {}.{:09} {content}",
            meta.ino(),
            meta.mode(),
            meta.uid(),
            meta.gid(),
            meta.nlink(),
            meta.mtime(),
            meta.mtime_nsec()
        ));
        if meta.is_dir() {
            walk(&path, all);
        }
    }
}
