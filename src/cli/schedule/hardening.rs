//! What a service may not do (systemd.exec(5)).

use super::Job;
use camino::{Utf8Path, Utf8PathBuf};

/// For any run.
const ALWAYS: &str = "\
RestrictRealtime=yes
LockPersonality=yes
ProtectClock=yes
ProtectKernelLogs=yes
SystemCallArchitectures=native
";

/// For a run that reaches its hosts by ssh, and changes nothing here but its own records. ssh's sockets are below /tmp;
/// keys and known hosts are read in the user's home.
const BY_SSH: &str = "\
ProtectSystem=strict
ProtectHome=read-only
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectProc=invisible
NoNewPrivileges=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
";

/// The lines for a job.
pub(super) fn lines(job: &Job<'_>) -> String {
    if job.is_local {
        // Packet filter, IPVS, kernel parameters, services and files of /etc are what it is there for.
        return format!("# It changes this machine itself, so little can be kept from it.\n{ALWAYS}");
    }
    // A folder that is not there yet must not keep the service from starting.
    let line = |folder: &Utf8PathBuf| {
        let path = folder.as_str().replace('%', "%%").replace('\\', "\\\\").replace('"', "\\\"");
        format!("ReadWritePaths=\"-{path}\"\n")
    };
    let written: String = job.written.iter().map(line).collect();
    // Whoever works below /tmp, or is there, would not find it in a /tmp of his own.
    let paths = job.written.iter().chain([&job.folder]).map(Utf8PathBuf::as_path);
    let paths = paths.chain(job.words.iter().map(Utf8Path::new));
    let is_there = paths.into_iter().any(|path| path.starts_with("/tmp") || path.starts_with("/var/tmp"));
    let tmp = if is_there { "ReadWritePaths=/tmp\n" } else { "PrivateTmp=yes\n" };
    format!("{ALWAYS}{BY_SSH}{tmp}{written}")
}
