//! What a host manages its services with, and the commands that do it.

use crate::{format::sh, plan::ServiceAct};

/// What a host manages its services with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceManager {
    /// systemd: multi-user is runlevel 3, graphical is 5.
    Systemd,
    /// OpenRC: its runlevel `default` stands for 3 and 5.
    OpenRc,
    /// Red Hat's SysV links, kept by chkconfig.
    Chkconfig,
    /// Debian's SysV links, kept by update-rc.d.
    UpdateRcD,
}

impl ServiceManager {
    /// The runlevel of those that it tells which stands for this one: systemd and OpenRC tell multi-user, 3, and
    /// graphical, 5, and nothing of 2 and 4, which are multi-user too.
    #[must_use]
    pub const fn runlevel(self, level: u8) -> u8 {
        match (self, level) {
            (Self::Systemd | Self::OpenRc, 2 | 4) => 3,
            _ => level,
        }
    }

    /// The command that does something to a service.
    #[must_use]
    pub fn command(self, name: &str, act: &ServiceAct) -> String {
        let name = sh::word(name);
        match (self, act) {
            (Self::Systemd, ServiceAct::Enable(_)) => format!("systemctl enable {name}"),
            (Self::Systemd, ServiceAct::Disable(_)) => format!("systemctl disable {name}"),
            (Self::Systemd, ServiceAct::Start) => format!("systemctl start {name}"),
            (Self::Systemd, ServiceAct::Stop) => format!("systemctl stop {name}"),
            (Self::OpenRc, ServiceAct::Enable(_)) => format!("rc-update add {name} default"),
            (Self::OpenRc, ServiceAct::Disable(_)) => format!(
                "for level in sysinit boot default; do [ ! -e /etc/runlevels/$level/{name} ] || rc-update del {name} $level || exit; done"
            ),
            (Self::OpenRc, ServiceAct::Start) => format!("rc-service {name} start"),
            (Self::OpenRc, ServiceAct::Stop) => format!("rc-service {name} stop"),
            (Self::Chkconfig, ServiceAct::Enable(levels)) => {
                let levels = joined(levels, "");
                format!("{{ chkconfig --add {name} && chkconfig --level {levels} {name} on; }}")
            }
            (Self::Chkconfig, ServiceAct::Disable(levels)) => {
                format!("chkconfig --level {} {name} off", joined(levels, ""))
            }
            (Self::UpdateRcD, ServiceAct::Enable(levels)) => {
                format!("{{ {}; }} && {}", update_rc_d_links(&name, levels), update_rc_d(&name, "enable", levels))
            }
            (Self::UpdateRcD, ServiceAct::Disable(levels)) => update_rc_d(&name, "disable", levels),
            (Self::Chkconfig | Self::UpdateRcD, ServiceAct::Start) => format!("/etc/init.d/{name} start"),
            (Self::Chkconfig | Self::UpdateRcD, ServiceAct::Stop) => format!("/etc/init.d/{name} stop"),
        }
    }
}

/// update-rc.d only switches links that are there. Without any it makes those of the script's header; one that is
/// missing even then is made switched off.
fn update_rc_d_links(name: &str, levels: &[u8]) -> String {
    format!(
        "{any} || update-rc.d {name} defaults || exit; {early} || for level in {levels}; do \
         {here} || ln -s ../init.d/{name} /etc/rc$level.d/K01{name} || exit; done",
        any = has_link("[0-6S]", name),
        early = has_link("S", name),
        here = has_link("$level", name),
        levels = joined(levels, " "),
    )
}

/// A script in `S` starts before every runlevel, and has no links in them.
fn update_rc_d(name: &str, verb: &str, levels: &[u8]) -> String {
    let levels = joined(levels, " ");
    format!("if {}; then update-rc.d {name} {verb} S; else update-rc.d {name} {verb} {levels}; fi", has_link("S", name))
}

fn has_link(level: &str, name: &str) -> String {
    format!("ls /etc/rc{level}.d/[SK][0-9][0-9]{name} >/dev/null 2>&1")
}

fn joined(levels: &[u8], between: &str) -> String {
    levels.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}
