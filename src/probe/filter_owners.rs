//! Who owns the packet filter at boot: each manager that is enabled there. Only files are looked at, so that it takes no process.

use super::Answer;
use std::collections::BTreeSet;

/// Something that sets the packet filter at boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FilterOwner {
    /// firewalld: its start and each reload empty the tables mangle and nat.
    Firewalld,
    /// Uncomplicated Firewall: it leaves these tables alone.
    Ufw,
    /// Shorewall: its start replaces these tables.
    Shorewall,
    /// nftables.service with a file that flushes the ruleset, and with it whatever iptables-nft loaded.
    Nftables,
    /// Debian's loader of /etc/iptables/rules.v4.
    NetfilterPersistent,
    /// Red Hat's loader of /etc/sysconfig/iptables, or OpenRC's.
    Iptables,
}

impl FilterOwner {
    /// Every one, with the name of its service.
    pub const TABLE: [(Self, &'static str); 6] = [
        (Self::Firewalld, "firewalld"),
        (Self::Ufw, "ufw"),
        (Self::Shorewall, "shorewall"),
        (Self::Nftables, "nftables"),
        (Self::NetfilterPersistent, "netfilter-persistent"),
        (Self::Iptables, "iptables"),
    ];

    /// The name of its service.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::TABLE.iter().find(|(owner, _)| *owner == self).map_or("", |(_, name)| name)
    }

    /// Whether it loads the file of saved rules.
    #[must_use]
    pub const fn loads_saved_rules(self) -> bool {
        matches!(self, Self::NetfilterPersistent | Self::Iptables)
    }
}

pub(super) fn scripts() -> Vec<String> {
    vec![include_str!("filter_owners.sh").to_owned()]
}

pub(super) fn read(answers: &[Answer]) -> Result<BTreeSet<FilterOwner>, String> {
    let [answer] = answers else { return Err("the host did not answer".to_owned()) };
    let text = String::from_utf8_lossy(answer.output("the probe")?).into_owned();
    let owner = |line: &str| {
        let name = line.strip_prefix("enabled ")?;
        FilterOwner::TABLE.iter().find(|(_, known)| *known == name).map(|(owner, _)| *owner)
    };
    Ok(text.lines().filter_map(owner).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{FilterOwner, read, scripts};
    use crate::probe::Answer;
    use std::{fs, os::unix::fs::symlink};

    /// What the script says of a root with these files; a text that begins with `-> ` is a link.
    fn owners(files: &[(&str, &str)]) -> Vec<&'static str> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text.strip_prefix("-> ") {
                Some(to) => symlink(to, path).unwrap(),
                None => fs::write(path, text).unwrap(),
            }
        }
        fs::write(root.path().join("probe"), format!("root={}\n{}", root.path().display(), scripts().concat()))
            .unwrap();
        let mut all = ["dash", "bash --posix", "busybox sh"].map(|shell| {
            let stdout = duct::cmd!("sh", "-c", format!("{shell} {}/probe", root.path().display())).read().unwrap();
            let found = read(&[Answer { stdout: stdout.into(), ..Answer::default() }]).unwrap();
            found.into_iter().map(FilterOwner::name).collect::<Vec<_>>()
        });
        assert!(all[0] == all[1] && all[1] == all[2], "{all:?}");
        std::mem::take(&mut all[0])
    }

    #[test]
    fn what_is_enabled_in_each_service_manager() {
        const WANTS: &str = "etc/systemd/system/multi-user.target.wants";
        let unit = |name: &str| (format!("{WANTS}/{name}.service"), format!("-> /lib/systemd/system/{name}.service"));
        let (firewalld, ufw, nftables) = (unit("firewalld"), unit("ufw"), unit("nftables"));
        let [firewalld, ufw, nftables] = [&firewalld, &ufw, &nftables].map(|(path, to)| (path.as_str(), to.as_str()));
        let conf = "etc/ufw/ufw.conf";
        let flushes = "#!/usr/sbin/nft -f\n\n\tflush ruleset;\ntable inet filter {}\n";
        for (files, wanted) in [
            (vec![], vec![]),
            (vec![firewalld], vec!["firewalld"]),
            (vec![firewalld, ("etc/systemd/system/firewalld.service", "-> /dev/null")], vec![]),
            // ufw's unit is enabled when it is installed, and does nothing until somebody turns it on.
            (vec![ufw, (conf, "# ENABLED=yes\nENABLED=no\nLOGLEVEL=low\n")], vec![]),
            (vec![ufw, (conf, "ENABLED=yes\n")], vec!["ufw"]),
            (vec![ufw, (conf, "ENABLED=\"yes\"")], vec!["ufw"]),
            (vec![(conf, "ENABLED=yes\n")], vec![]),
            (vec![nftables, ("etc/nftables.conf", flushes)], vec!["nftables"]),
            (vec![nftables, ("etc/sysconfig/nftables.conf", flushes)], vec!["nftables"]),
            (vec![nftables, ("etc/nftables.conf", "# flush ruleset\ntable inet filter {}\n")], vec![]),
            (vec![("etc/nftables.conf", flushes)], vec![]),
            (vec![("etc/rc3.d/S08iptables", "-> ../init.d/iptables")], vec!["iptables"]),
            (vec![("etc/rc3.d/K92iptables", "-> ../init.d/iptables")], vec![]),
            (vec![("etc/rcS.d/S11shorewall", "-> ../init.d/shorewall")], vec!["shorewall"]),
            (vec![("etc/runlevels/default/nftables", "-> /etc/init.d/nftables")], vec![]),
            (vec![("etc/runlevels/default/iptables", "-> /etc/init.d/iptables")], vec!["iptables"]),
            (vec![firewalld, ("etc/rc2.d/S01netfilter-persistent", "-> x")], vec!["firewalld", "netfilter-persistent"]),
        ] {
            assert_eq!(owners(&files), wanted, "{files:?}");
        }
    }
}
