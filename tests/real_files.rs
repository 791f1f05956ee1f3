//! Replacing files on a host, each trouble made for real: the old file whole or the new file whole, a clear error, nothing
//! else touched, nothing left behind. Needs root and the Debian packages attr, e2fsprogs, iptables and vsftpd.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

#[path = "real_files/proof.rs"]
mod proof;
#[path = "support/root.rs"]
mod root;
mod support;
#[path = "real_files/trouble.rs"]
mod trouble;

use camino::{Utf8Path, Utf8PathBuf};
use lvs_ftp::{
    format::cksum::cksum,
    host::{Change, Session, Writable},
    plan::{Proof, Step},
};
use root::content;
use serde_json::json;

const OLD: &str = "# old\nnet.ipv4.ip_forward = 0\n";
const NEW: &str = "# old\nnet.ipv4.ip_forward = 1\n";

/// A folder with one file, and a way onto this machine through words that prepare a mount namespace first.
struct Host {
    _folder: tempfile::TempDir,
    folder: Utf8PathBuf,
    connection: Writable,
    session: Session,
}

impl Host {
    /// `mounts` is sh text that runs in the folder, in a mount namespace that ends with the connection.
    fn new(mounts: &str) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::from_path_buf(temporary.path().to_path_buf()).unwrap();
        std::fs::create_dir(folder.join("etc")).unwrap();
        let enter = folder.join("enter");
        std::fs::write(&enter, format!("cd {folder} || exit\n{mounts}\ncd / && exec \"$@\"\n")).unwrap();
        let session = Session::new(10, true);
        let words = ["unshare", "-m", "--", "sh", enter.as_str()];
        let connection = support::connection(&session, &json!({ "lvs_ftp_exec": words }));
        Self { _folder: temporary, folder, connection, session }
    }

    /// One with the old file in it.
    fn with_file(mounts: &str) -> Self {
        let host = Self::new(mounts);
        std::fs::write(host.conf(), OLD).unwrap();
        host
    }

    fn conf(&self) -> Utf8PathBuf {
        self.folder.join("etc/sysctl.conf")
    }

    fn read(&self) -> String {
        std::fs::read_to_string(self.conf()).unwrap()
    }

    fn replace(&self, path: &Utf8Path, old: Option<&str>, new: &str, proof: Proof) -> Result<(), String> {
        let observed = old.map(|old| cksum(old.as_bytes()));
        let step = Step::File { path: path.to_owned(), observed, text: new.into(), proof };
        self.connection.change(&[step]).map_err(|error| error.to_string())
    }

    /// The replacement works.
    #[track_caller]
    fn succeeds(&self, old: Option<&str>) {
        self.replace(&self.conf(), old, NEW, Proof::None).unwrap();
        assert_eq!(self.read(), NEW);
    }

    /// The replacement fails with these words, and everything is as it was.
    #[track_caller]
    fn fails(&self, old: Option<&str>, says: &str) {
        let before = content(&self.folder);
        let error = self.replace(&self.conf(), old, NEW, Proof::None).unwrap_err();
        assert!(error.contains(says) && error.contains(self.conf().as_str()), "{error}");
        assert_eq!(content(&self.folder), before, "{error}");
    }
}
