#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{super::replace::replace, *};
use rustix::fs::{AtFlags, CWD, FileType as Node, Gid, Mode, Uid, chownat, mknodat};
use std::{io::Read, os::unix::net::UnixListener, thread};

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    (folder, path)
}

fn fifo(path: &Utf8Path) {
    mknodat(CWD, path.as_std_path(), Node::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[test]
fn a_device_is_written_and_stays() {
    replace(Utf8Path::new("/dev/null"), "text", 0o644).unwrap();
    assert!(std::fs::symlink_metadata("/dev/null").unwrap().file_type().is_char_device());
    assert!(replace(Utf8Path::new("/dev/full"), "text", 0o644).is_err());
}

#[test]
fn a_link_is_followed_and_stays() {
    let (_folder, folder) = folder();
    std::fs::create_dir(folder.join("data")).unwrap();
    std::os::unix::fs::symlink("data/real", folder.join("second")).unwrap();
    std::os::unix::fs::symlink("second", folder.join("first")).unwrap();
    for text in ["one", "two"] {
        replace(&folder.join("first"), text, 0o640).unwrap();
        assert_eq!(std::fs::read_to_string(folder.join("data/real")).unwrap(), text);
    }
    assert!(std::fs::symlink_metadata(folder.join("first")).unwrap().is_symlink());
    assert!(std::fs::symlink_metadata(folder.join("second")).unwrap().is_symlink());
    std::os::unix::fs::symlink("round", folder.join("round")).unwrap();
    assert!(replace(&folder.join("round"), "", 0o644).unwrap_err().to_string().contains("symbolic links"));
}

/// Root follows no link of another user: it would write where that user says.
#[test]
fn a_link_of_another_user_is_not_followed() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (_folder, folder) = folder();
    std::fs::write(folder.join("victim"), "precious").unwrap();
    let link = folder.join("metrics");
    std::os::unix::fs::symlink("victim", &link).unwrap();
    let nobody = (Some(Uid::from_raw(65534)), Some(Gid::from_raw(65534)));
    chownat(CWD, link.as_std_path(), nobody.0, nobody.1, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    let error = replace(&link, "text", 0o644).unwrap_err().to_string();
    assert!(error.contains("user 65534 placed"), "{error}");
    assert_eq!(std::fs::read_to_string(folder.join("victim")).unwrap(), "precious");
}

#[test]
fn a_pipe_is_written_while_somebody_reads() {
    let (_folder, folder) = folder();
    let path = folder.join("pipe");
    fifo(&path);
    let error = replace(&path, "text", 0o644).unwrap_err().to_string();
    assert!(error.contains("nobody reads it"), "{error}");
    // More than a pipe holds.
    let text = "0123456789".repeat(30_000);
    let mut reader =
        OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().try_into().unwrap()).open(&path).unwrap();
    let reads = thread::spawn(move || {
        let (mut got, mut buffer) = (0, [0; 4096]);
        while got < 300_000 {
            match reader.read(&mut buffer) {
                Ok(count) => got += count,
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
    });
    replace(&path, &text, 0o644).unwrap();
    reads.join().unwrap();
    assert!(std::fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
}

/// A reader that holds a pipe open and takes nothing does not keep the program.
#[test]
fn a_reader_that_does_not_read_is_given_up() {
    let (_folder, folder) = folder();
    let path = folder.join("pipe");
    fifo(&path);
    let _reader =
        OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().try_into().unwrap()).open(&path).unwrap();
    let Place::Stream(stream) = place(&path).unwrap() else { panic!("a pipe is a stream") };
    let error =
        stream.write_within(&"x".repeat(200_000).into_bytes(), Duration::from_millis(50)).unwrap_err().to_string();
    assert!(error.contains("took nothing"), "{error}");
}

#[test]
fn what_cannot_be_written_is_refused_with_a_word() {
    let (_folder, folder) = folder();
    let _listener = UnixListener::bind(folder.join("socket")).unwrap();
    let error = replace(&folder.join("socket"), "", 0o644).unwrap_err().to_string();
    assert!(error.contains("a socket"), "{error}");
    let error = replace(&folder, "", 0o644).unwrap_err().to_string();
    assert!(error.contains("a folder"), "{error}");
}
