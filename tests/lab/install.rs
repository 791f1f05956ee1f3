//! What `make demo` and `make test` do to the machine on which they are typed. Here that is a host with a real systemd, on which
//! Debian's packages are in a folder, since it has no network.

use crate::{
    compare::same,
    hosts::on,
    machines::{Trial, trial},
    state::booted_by_systemd,
};

pub fn trials() -> Vec<Trial> {
    vec![trial("install::starts_and_enables_nothing", starts_and_enables_nothing)]
}

/// An archive of the packages of which this host's own root is made.
const ARCHIVE: &str = r#"
    mkdir -p /srv/archive
    ln -s "$LAB_PROJECT/target/lab/debs" /srv/archive/debs
    for list in "$LAB_PROJECT"/target/lab/apt/lists/*_Packages*; do
        /usr/lib/apt/apt-helper cat-file "$list"
    done | awk '
        BEGIN { while ((getline line <"/lab/packages") > 0) have[line] = 1; RS = ""; ORS = "\n\n" }
        {
            for (line = split($0, lines, "\n"); line > 0; line--) {
                value = lines[line]
                sub(/^[^:]*: /, "", value)
                if (lines[line] ~ /^Package:/) name = value
                if (lines[line] ~ /^Version:/) version = value
                if (lines[line] ~ /^Architecture:/) kind = value
            }
        }
        have[name "_" version] {
            sub(/:/, "%3a", version)
            sub(/\nFilename: [^\n]*/, "\nFilename: ./debs/" name "_" version "_" kind ".deb")
            print
        }' >/srv/archive/Packages
    rm -rf /etc/apt/sources.list.d
    echo 'deb [trusted=yes] copy:/srv/archive ./' >/etc/apt/sources.list
"#;

/// What listens, what is enabled, and what runs.
fn machine() -> String {
    on(
        "control",
        "ss -Hltnup >/run/look
        systemctl --root=/ list-unit-files --no-legend --state=enabled,enabled-runtime,generated >>/run/look
        systemctl list-units --no-legend --plain --state=active --type=service,socket,timer,path >/run/units
        cut -d ' ' -f 1 /run/units >>/run/look
        ls /etc/rc?.d >>/run/look
        cat /run/look",
    )
}

/// Every file outside of the folders that are made anew at each boot.
fn files() -> String {
    on(
        "control",
        "find / -xdev \\( -path /proc -o -path /var/log -o -path /var/lib/systemd -o -path /tmp -o -path /srv -o -path /run -o -path /root \\) -prune -o -printf '%p %T@\\n' | sort",
    )
}

fn starts_and_enables_nothing() {
    booted_by_systemd(&["control"]);
    on("control", ARCHIVE);
    let before = (machine(), files());
    // The Makefile does this before it builds, and nothing else but to call a C compiler.
    let root = on("control", "LAB_FETCHED=/srv/fetched \"$LAB_PROJECT/tests/lab/fetch\" demo");
    on(
        "control",
        &format!(
            "test -x {0}/usr/sbin/vsftpd && test -x {0}/usr/sbin/sshd && ! test -e {0}/usr/sbin/cron",
            root.trim()
        ),
    );
    same("what listens, is enabled and runs", &before.0, &machine());
    same("files", &before.1, &files());

    // The look would see a daemon that a package starts.
    on("control", "systemctl --quiet enable --now vsftpd");
    let started = machine();
    assert!(
        started.contains(":21 ")
            && started.lines().any(|line| line.starts_with("vsftpd.service") && line.contains("enabled")),
        "{started}"
    );
}
