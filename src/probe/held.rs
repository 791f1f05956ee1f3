//! Where the host has one address, and what brings it up there at boot.

use super::{Answer, addresses};
use camino::Utf8PathBuf;
use std::net::Ipv4Addr;

/// An address on a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// The devices that have it now.
    pub on: Vec<String>,
    /// Files of the host's network configuration that name it.
    pub named_in: Vec<Utf8PathBuf>,
    /// Whether ifupdown brings up the network and reads /etc/network/interfaces.d (interfaces(5)).
    pub by_ifupdown: bool,
}

/// Where network configurations are: ifupdown's, Red Hat's, systemd's, NetworkManager's, netplan's, OpenRC's, and scripts.
const FILES: &str = "/etc/network/interfaces /etc/network/interfaces.d/* /etc/sysconfig/network-scripts/ifcfg-* \
    /etc/systemd/network/*.network /etc/NetworkManager/system-connections/* /etc/netplan/*.yaml /etc/conf.d/net \
    /etc/rc.local /etc/rc.d/rc.local /etc/local.d/*.start";

pub(super) fn scripts(address: Ipv4Addr) -> Vec<String> {
    let pattern = address.to_string().replace('.', r"\.");
    let mut scripts = addresses::scripts();
    scripts.push(format!(
        r#"for file in {FILES}; do
  [ -f "$file" ] || continue
  sed -e 's/^[[:space:]]*[#;].*//' "$file" | tr -c '0-9.\n' '\n' | grep -qx '{pattern}' && printf 'named %s\n' "$file"
done
command -v ifup >/dev/null 2>&1 &&
  grep -q '^[[:space:]]*source\(-directory\)\{{0,1\}}[[:space:]].*interfaces\.d' /etc/network/interfaces 2>/dev/null &&
  echo ifupdown
:"#
    ));
    scripts
}

pub(super) fn read(address: Ipv4Addr, answers: &[Answer]) -> Result<Held, String> {
    let [now, boot] = answers else { return Err("the host did not answer".to_owned()) };
    let text = String::from_utf8_lossy(boot.output("the probe")?).into_owned();
    let held = addresses::devices(std::slice::from_ref(now))?.into_iter().filter(|(_, known)| *known == address);
    Ok(Held {
        on: held.map(|(device, _)| device).collect(),
        named_in: text.lines().filter_map(|line| line.strip_prefix("named ")).map(Utf8PathBuf::from).collect(),
        by_ifupdown: text.lines().any(|line| line == "ifupdown"),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{Answer, Held, read, scripts};

    #[test]
    fn now_and_at_boot() {
        let said = |text: &str| Answer { stdout: text.into(), ..Answer::default() };
        let now = "1: lo    inet 127.0.0.1/8 scope host lo\n1: lo    inet 192.0.2.10/32 scope global lo\n\
            2: eth0    inet 192.0.2.100/24 scope global eth0\n";
        let held = read([192, 0, 2, 10].into(), &[said(now), said("named /etc/rc.local\nifupdown\n")]).unwrap();
        assert_eq!(held, Held { on: vec!["lo".to_owned()], named_in: vec!["/etc/rc.local".into()], by_ifupdown: true });
    }

    /// A file names an address only where nothing else is around it, and no comment.
    #[test]
    fn files_are_looked_through() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        for (shell, text, names) in [
            ("dash", " address 192.0.2.10/32\n", true),
            ("bash --posix", "IPADDR=\"192.0.2.10\"\n", true),
            ("busybox sh", "# 192.0.2.10\n  ; 192.0.2.10\nx 192.0.2.100 1192.0.2.10 192.0.2.10.5 192x0.2.10\n", false),
            ("busybox sh", "ip addr add 192.0.2.10/24 dev eth0", true),
        ] {
            std::fs::write(folder.path().join("conf"), text).unwrap();
            let script = scripts([192, 0, 2, 10].into())[1].replace("/etc/rc.local", &format!("{path}/conf"));
            std::fs::write(folder.path().join("script"), script).unwrap();
            let said = duct::cmd!("sh", "-c", format!("{shell} {path}/script")).read().unwrap();
            assert_eq!(said.contains("/conf"), names, "{shell}: {text}");
        }
    }
}
