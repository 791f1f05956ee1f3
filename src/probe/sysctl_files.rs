//! The files that set kernel parameters at boot, in the order in which the host reads them (sysctl.d(5), sysctl(8)).

use super::Answer;
use crate::format::cksum::cksum;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;

/// The files that count, first read first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SysctlFiles {
    /// Whether systemd reads them: it does not read /etc/sysctl.conf unless a link in /etc/sysctl.d leads there.
    pub systemd: bool,
    /// Whether there is an /etc/sysctl.d.
    pub has_folder: bool,
    /// Files that cannot be written: a link to /dev/null or to nowhere, a folder, a pipe.
    pub special: Vec<Utf8PathBuf>,
    /// Path and text of each file that counts.
    pub files: Vec<(Utf8PathBuf, Vec<u8>)>,
}

/// The folders, the one that wins first: of two files with one name only the first is read.
const FOLDERS: [&str; 5] =
    ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];

/// Read last, by everything but systemd.
pub const MAIN: &str = "/etc/sysctl.conf";

/// The file that we make where none can be edited. Its name sorts behind the usual ones.
pub const OWN: &str = "/etc/sysctl.d/99-lvs-ftp.conf";

/// A link to /dev/null is an empty file: it hides those of its name in later folders.
pub(super) fn scripts() -> Vec<String> {
    let globs: Vec<String> = FOLDERS.iter().map(|folder| format!("{folder}/*.conf")).collect();
    let list = format!(
        "set --; for file in {} {MAIN}; do if [ -f \"$file\" ] || [ -c \"$file\" ]; then set -- \"$@\" \"$file\"; fi; done\n",
        globs.join(" ")
    );
    vec![
        format!(
            "{list}[ ! -d /run/systemd/system ] || echo systemd; [ ! -d /etc/sysctl.d ] || echo folder\n\
             for file in \"$@\" {MAIN} {OWN}; do\n\
             if [ -e \"$file\" ] || [ -h \"$file\" ]; then [ -f \"$file\" ] || echo \"special $file\"; fi; done\n\
             [ $# = 0 ] || exec cksum -- \"$@\""
        ),
        format!("{list}[ $# = 0 ] || exec awk '{{ print FILENAME \":\" $0 }}' \"$@\""),
    ]
}

pub(super) fn read(answers: &[Answer]) -> Result<SysctlFiles, String> {
    let [list, lines] = answers else { return Err("the host did not answer".to_owned()) };
    let list = String::from_utf8_lossy(list.output("cksum")?).into_owned();
    let text = lines.output("awk")?;
    let mut found = SysctlFiles::default();
    let mut all = BTreeMap::new();
    for line in list.lines() {
        if let Some(path) = line.strip_prefix("special ") {
            found.special.push(Utf8PathBuf::from(path));
            continue;
        }
        match line.splitn(3, ' ').collect::<Vec<_>>()[..] {
            ["systemd"] => found.systemd = true,
            ["folder"] => found.has_folder = true,
            [crc, length, path] => {
                let content = content(text, path, &format!("{crc} {length}"))
                    .ok_or_else(|| format!("{path} was changed while it was read; run again"))?;
                all.insert(Utf8PathBuf::from(path), content);
            }
            _ => return Err(format!("cksum's answer is not understood: {line}")),
        }
    }
    found.files = in_order(all, found.systemd);
    Ok(found)
}

impl SysctlFiles {
    /// Adds a file where the host would read it.
    pub fn put(&mut self, path: Utf8PathBuf, text: Vec<u8>) {
        let mut all: BTreeMap<Utf8PathBuf, Vec<u8>> = self.files.drain(..).collect();
        all.insert(path, text);
        self.files = in_order(all, self.systemd);
    }
}

/// A file's text from the lines that awk printed, which say nothing of a missing last newline.
fn content(lines: &[u8], path: &str, sum: &str) -> Option<Vec<u8>> {
    let prefix = format!("{path}:").into_bytes();
    let mut text: Vec<u8> = lines
        .split_inclusive(|byte| *byte == b'\n')
        .filter_map(|line| line.strip_prefix(&*prefix))
        .flatten()
        .copied()
        .collect();
    if cksum(&text) != sum {
        text.pop();
    }
    (cksum(&text) == sum).then_some(text)
}

/// By name across all folders; /etc/sysctl.conf last where it is read at all.
fn in_order(mut all: BTreeMap<Utf8PathBuf, Vec<u8>>, systemd: bool) -> Vec<(Utf8PathBuf, Vec<u8>)> {
    let main = all.remove(Utf8Path::new(MAIN)).map(|text| (Utf8PathBuf::from(MAIN), text));
    let rank = |path: &Utf8PathBuf| FOLDERS.iter().position(|folder| path.starts_with(folder));
    let mut files: Vec<(Utf8PathBuf, Vec<u8>)> = all.into_iter().collect();
    files.sort_by(|(one, _), (two, _)| one.file_name().cmp(&two.file_name()).then(rank(one).cmp(&rank(two))));
    files.dedup_by(|later, first| later.0.file_name() == first.0.file_name());
    files.extend(main.filter(|_| !systemd));
    files
}
