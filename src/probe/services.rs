//! The host's services: what manages them, which start at boot, which run.

use super::Answer;
use crate::{format::sh, plan::ServiceAct};
use std::collections::{BTreeMap, BTreeSet};

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

/// One service as the host has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// The name that the manager works with, where the asked one is an alias.
    pub name: String,
    /// Whether the host has it.
    pub exists: bool,
    /// Why it cannot be enabled or disabled; empty when it can.
    pub fixed: String,
    /// The runlevels, of 3 and 5 and whatever else the manager tells, in which it starts.
    pub runlevels: BTreeSet<u8>,
    /// Whether it runs, where that was asked.
    pub running: Option<bool>,
}

/// The services that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// The manager; nothing when it is none that we know.
    pub manager: Option<ServiceManager>,
    /// What it says of each name.
    pub services: BTreeMap<String, Service>,
}

impl ServiceManager {
    /// The command that does something to a service.
    #[must_use]
    pub fn command(self, name: &str, act: &ServiceAct) -> String {
        let name = sh::word(name);
        let digits = |levels: &[u8]| levels.iter().map(ToString::to_string).collect::<Vec<_>>();
        match (self, act) {
            (Self::Systemd, ServiceAct::Enable(_)) => format!("systemctl enable {name}"),
            (Self::Systemd, ServiceAct::Disable(_)) => format!("systemctl disable {name}"),
            (Self::Systemd, ServiceAct::Start) => format!("systemctl start {name}"),
            (Self::Systemd, ServiceAct::Stop) => format!("systemctl stop {name}"),
            (Self::OpenRc, ServiceAct::Enable(_)) => format!("rc-update add {name} default"),
            (Self::OpenRc, ServiceAct::Disable(_)) => format!("rc-update del {name} default"),
            (Self::OpenRc, ServiceAct::Start) => format!("rc-service {name} start"),
            (Self::OpenRc, ServiceAct::Stop) => format!("rc-service {name} stop"),
            (Self::Chkconfig, ServiceAct::Enable(levels)) => {
                let levels = digits(levels).concat();
                format!("{{ chkconfig --add {name} && chkconfig --level {levels} {name} on; }}")
            }
            (Self::Chkconfig, ServiceAct::Disable(levels)) => {
                format!("chkconfig --level {} {name} off", digits(levels).concat())
            }
            // Without any link yet there is nothing to enable: the links are made by their defaults first.
            (Self::UpdateRcD, ServiceAct::Enable(levels)) => format!(
                "{{ ls /etc/rc[S0-6].d/[SK][0-9][0-9]{name} >/dev/null 2>&1 || update-rc.d {name} defaults; }} && \
                 {{ ls /etc/rcS.d/S[0-9][0-9]{name} >/dev/null 2>&1 || update-rc.d {name} enable {}; }}",
                digits(levels).join(" ")
            ),
            (Self::UpdateRcD, ServiceAct::Disable(levels)) => {
                format!("update-rc.d {name} disable {}", digits(levels).join(" "))
            }
            (Self::Chkconfig | Self::UpdateRcD, ServiceAct::Start) => format!("/etc/init.d/{name} start"),
            (Self::Chkconfig | Self::UpdateRcD, ServiceAct::Stop) => format!("/etc/init.d/{name} stop"),
        }
    }
}

/// The words of the probe's first line.
const MANAGERS: [(&str, ServiceManager); 4] = [
    ("systemd", ServiceManager::Systemd),
    ("openrc", ServiceManager::OpenRc),
    ("chkconfig", ServiceManager::Chkconfig),
    ("update-rc.d", ServiceManager::UpdateRcD),
];

/// One line `NAME KEY VALUE` for each thing that a manager says.
pub(super) fn scripts(names: &BTreeMap<String, bool>) -> Vec<String> {
    let list: Vec<String> = names.iter().map(|(name, running)| format!("{name}:{}", u8::from(*running))).collect();
    vec![format!(
        r#"if [ -d /run/systemd/system ]; then manager=systemd
elif [ -d /etc/runlevels ] && command -v rc-update >/dev/null 2>&1; then manager=openrc
elif command -v chkconfig >/dev/null 2>&1; then manager=chkconfig
elif command -v update-rc.d >/dev/null 2>&1; then manager=update-rc.d
else manager=none; fi
echo "manager $manager"
for word in {list}; do
  name=${{word%:*}}; asked=${{word##*:}}
  case $manager in
  systemd)
    for folder in /etc /run /usr/local/lib /usr/lib /lib; do
      unit=$folder/systemd/system/$name.service
      if [ -h "$unit" ]; then
        real=$(readlink "$unit"); real=${{real##*/}}
        case $real in *.service) [ "$real" = "$name.service" ] || {{ echo "$name real ${{real%.service}}"; name2=${{real%.service}}; }} ;; esac
        break
      fi
      [ ! -e "$unit" ] || break
    done
    real=${{name2:-$name}}; name2=
    echo "$name state $(systemctl is-enabled "$real.service" 2>&1 | tail -n 1)"
    for folder in /etc /run /usr/lib /lib; do
      for target in multi-user graphical; do
        for kind in wants requires; do
          link=$folder/systemd/system/$target.target.$kind/$real.service
          [ ! -h "$link" ] && [ ! -e "$link" ] || echo "$name target $target"
        done
      done
    done
    for level in 3 5; do ls "/etc/rc$level.d"/S[0-9][0-9]"$real" >/dev/null 2>&1 && echo "$name link $level"; done
    [ "$asked" = 0 ] || echo "$name active $(systemctl is-active "$real.service" 2>&1 | tail -n 1)" ;;
  openrc)
    [ ! -x "/etc/init.d/$name" ] || echo "$name script yes"
    for level in sysinit boot default; do [ ! -e "/etc/runlevels/$level/$name" ] || echo "$name level $level"; done
    [ "$asked" = 0 ] || {{ rc-service "$name" status >/dev/null 2>&1; echo "$name status $?"; }} ;;
  chkconfig)
    [ ! -x "/etc/init.d/$name" ] || echo "$name script yes"
    echo "$name list $(chkconfig --list "$name" 2>/dev/null | tail -n 1)"
    [ "$asked" = 0 ] || {{ "/etc/init.d/$name" status >/dev/null 2>&1; echo "$name status $?"; }} ;;
  update-rc.d)
    [ ! -x "/etc/init.d/$name" ] || echo "$name script yes"
    for level in S 2 3 4 5; do ls "/etc/rc$level.d"/S[0-9][0-9]"$name" >/dev/null 2>&1 && echo "$name link $level"; done
    [ "$asked" = 0 ] || {{ "/etc/init.d/$name" status >/dev/null 2>&1; echo "$name status $?"; }} ;;
  esac
done
:"#,
        list = sh::words(&list)
    )]
}

pub(super) fn read(names: &BTreeMap<String, bool>, answers: &[Answer]) -> Result<Services, String> {
    let [answer] = answers else { return Err("the host did not answer".to_owned()) };
    let text = String::from_utf8_lossy(answer.output("the probe")?).into_owned();
    let word = text.lines().next().and_then(|line| line.strip_prefix("manager ")).unwrap_or_default();
    let manager = MANAGERS.iter().find(|(known, _)| *known == word).map(|(_, manager)| *manager);
    let one = |name: &String| {
        let says = |key: &str| -> Vec<&str> {
            let prefix = format!("{name} {key} ");
            text.lines().filter_map(|line| line.strip_prefix(&*prefix)).collect()
        };
        let mut service = match manager {
            Some(ServiceManager::Systemd) => systemd(&says),
            Some(ServiceManager::Chkconfig) => chkconfig(&says),
            Some(ServiceManager::OpenRc | ServiceManager::UpdateRcD) => links(&says),
            None => Service::default(),
        };
        service.name = says("real").first().map_or_else(|| name.clone(), |real| (*real).to_owned());
        (name.clone(), service)
    };
    Ok(Services { manager, services: names.keys().map(one).collect() })
}

/// systemd's words (systemctl(1), `is-enabled`). Graphical comes on top of multi-user, so what starts in that one, or
/// before, starts in both.
fn systemd<'a>(says: &dyn Fn(&str) -> Vec<&'a str>) -> Service {
    let state = says("state").first().copied().unwrap_or_default();
    let targets = says("target");
    let in_links = says("link").iter().filter_map(|level| level.parse().ok()).collect::<BTreeSet<u8>>();
    let both = BTreeSet::from([3, 5]);
    let only_graphical = targets.contains(&"graphical") && !targets.contains(&"multi-user");
    let wanted = if only_graphical { BTreeSet::from([5]) } else { both.clone() };
    let running = says("active").first().map(|word| matches!(*word, "active" | "reloading" | "activating"));
    let (exists, runlevels, fixed) = match state {
        "enabled" | "linked" if state == "enabled" || !targets.is_empty() => (true, wanted, ""),
        // No [Install] section: it starts when something else wants it.
        "static" | "indirect" if !targets.is_empty() => (true, wanted, ""),
        "static" => {
            (true, BTreeSet::new(), "its unit is static: it has no [Install] section, and no boot target wants it")
        }
        "generated" => (true, in_links, ""),
        "masked" | "masked-runtime" => {
            (true, BTreeSet::new(), "it is masked: somebody wants it off; systemctl unmask it first")
        }
        "disabled" | "indirect" | "linked" | "enabled-runtime" | "linked-runtime" | "alias" => {
            (true, BTreeSet::new(), "")
        }
        // A SysV script that systemd has not generated a unit for yet is known by its links.
        _ if !in_links.is_empty() => (true, in_links, ""),
        _ => (false, BTreeSet::new(), ""),
    };
    Service { name: String::new(), exists, fixed: fixed.to_owned(), runlevels, running }
}

/// `vsftpd  0:off 1:off 2:off 3:on 4:off 5:on 6:off`, in any language: the words are asked for in English.
fn chkconfig<'a>(says: &dyn Fn(&str) -> Vec<&'a str>) -> Service {
    let list = says("list").first().copied().unwrap_or_default();
    let levels =
        list.split_whitespace().filter_map(|word| word.strip_suffix(":on")).filter_map(|level| level.parse().ok());
    Service {
        exists: !says("script").is_empty(),
        runlevels: levels.collect(),
        running: status(says),
        ..Service::default()
    }
}

/// Links in /etc/rc?.d, or in OpenRC's runlevels.
fn links<'a>(says: &dyn Fn(&str) -> Vec<&'a str>) -> Service {
    let mut runlevels: BTreeSet<u8> = says("link").iter().filter_map(|level| level.parse().ok()).collect();
    // What starts in Debian's level S, or in OpenRC's, has started before 3 and 5.
    if !says("level").is_empty() || says("link").contains(&"S") {
        runlevels.extend([3, 5]);
    }
    Service { exists: !says("script").is_empty(), runlevels, running: status(says), ..Service::default() }
}

/// A status script's exit status: 0 is running (LSB).
fn status<'a>(says: &dyn Fn(&str) -> Vec<&'a str>) -> Option<bool> {
    says("status").first().map(|status| *status == "0")
}
