//! Files that cannot be read, each with its reason.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use super::read::{Kind, kind_of, list_folder, read_document, read_text};
use camino::Utf8PathBuf;
use std::fs::{self, File};

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    (folder, path)
}

#[test]
fn what_is_no_text_file_is_named() {
    let (_kept, folder) = folder();
    let check = |name: &str, bytes: &[u8], expected: &str| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        let said = read_document(&path).map_or_else(|fault| fault.message().to_owned(), |_| "fine".to_owned());
        assert_eq!(said, expected, "{name}");
    };
    check("good", b"a: 1\n", "fine");
    check("empty", b"", "the file is empty");
    check("blank", b" \n\t\n", "the file is empty");
    check("latin1", b"a\nb\ncaf\xe9\n", "line 3 is not UTF-8");
    check("nul", b"a\nb\0", "line 2 holds a NUL byte; this is not a text file");
    check("vault", b"$ANSIBLE_VAULT;1.1;AES256\n61\n", "the file is encrypted with ansible-vault, which is not read");
    let said = |path: Utf8PathBuf| read_text(&path).map_err(|fault| fault.message().to_owned()).unwrap_err();
    assert_eq!(said(folder.clone()), "this is a folder, not a file");
    assert_eq!(said(folder.join("nothing")), "there is no such file");
    assert!(said(folder.join("good/below")).starts_with("it cannot be read: "));
}

#[test]
fn a_file_that_would_fill_the_memory_is_refused() {
    let (_kept, folder) = folder();
    let path = folder.join("large");
    File::create(&path).unwrap().set_len((64 << 20) + 1).unwrap();
    assert_eq!(read_text(&path).unwrap_err().message(), "the file is larger than 64 MiB");
}

#[test]
fn folders_are_listed_in_order() {
    let (_kept, folder) = folder();
    for name in ["b", "a", "c"] {
        fs::write(folder.join(name), "x").unwrap();
    }
    let names: Vec<_> = list_folder(&folder).unwrap().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(kind_of(&folder).unwrap(), Some(Kind::Folder));
    assert_eq!(kind_of(&folder.join("a")).unwrap(), Some(Kind::File { executable: false }));
    assert_eq!(kind_of(&folder.join("a/b")).unwrap(), None);
}
