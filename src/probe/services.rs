//! The host's services: what manages them, which start at boot, which run.

use super::{Answer, ServiceManager};
use crate::format::{excerpt, sh};
use std::collections::{BTreeMap, BTreeSet};

/// One service as the host has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// The name that the manager works with, where the asked one is an alias.
    pub name: String,
    /// Whether the host has it.
    pub exists: bool,
    /// Why it cannot be enabled, and what to do; empty when it can.
    pub cannot_enable: String,
    /// Why it cannot be started, and what to do; empty when it can.
    pub cannot_start: String,
    /// Why it cannot be disabled, and what to do; empty when it can.
    pub cannot_disable: String,
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
has_link() {{ for link in "/etc/rc$1.d"/S[0-9][0-9]"$2"; do if [ -h "$link" ] || [ -e "$link" ]; then return 0; fi; done; return 1; }}
for word in {list}; do
  name=${{word%:*}}; asked=${{word##*:}}
  case $manager in
  systemd)
    script=yes
    for folder in /etc /run /usr/local/lib /usr/lib /lib; do
      unit=$folder/systemd/system/$name.service
      if [ -h "$unit" ]; then
        real=$(readlink "$unit"); real=${{real##*/}}
        case $real in *.service) [ "$real" = "$name.service" ] || {{ echo "$name real ${{real%.service}}"; name2=${{real%.service}}; }} ;; esac
        script=; break
      fi
      [ ! -e "$unit" ] || {{ script=; break; }}
    done
    real=${{name2:-$name}}; name2=
    [ -z "$script" ] || echo "$name script yes"
    echo "$name state $(systemctl is-enabled "$real.service" 2>&1 | tail -n 1)"
    for folder in /etc /usr/local/lib /usr/lib /lib; do
      for link in "$folder"/systemd/system/*.target.wants/"$real.service" "$folder"/systemd/system/*.target.requires/"$real.service"; do
        target=${{link%.target.*}}
        [ ! -h "$link" ] && [ ! -e "$link" ] || echo "$name target ${{target##*/}}"
      done
    done
    for level in ${{script:+S 2 3 4 5}}; do
      case $level in 5) target=graphical ;; *) target=multi-user ;; esac
      ! has_link "$level" "$real" || echo "$name target $target"
    done
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
    for level in S 2 3 4 5; do ! has_link "$level" "$name" || echo "$name link $level"; done
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
    let one = |name: &String| -> Result<(String, Service), String> {
        let says = |key: &str| -> Vec<&str> {
            let prefix = format!("{name} {key} ");
            text.lines().filter_map(|line| line.strip_prefix(&*prefix)).collect()
        };
        let real = says("real").first().map_or_else(|| name.clone(), |real| (*real).to_owned());
        let service = match manager {
            Some(ServiceManager::Systemd) => systemd(&real, &says)?,
            Some(ServiceManager::Chkconfig) => chkconfig(&says),
            Some(ServiceManager::OpenRc | ServiceManager::UpdateRcD) => links(&says),
            None => Service::default(),
        };
        Ok((name.clone(), Service { name: real, ..service }))
    };
    Ok(Services { manager, services: names.keys().map(one).collect::<Result<_, String>>()? })
}

/// Targets that a normal boot does not reach.
const NOT_AT_BOOT: [&str; 7] = ["rescue", "emergency", "shutdown", "reboot", "poweroff", "halt", "sleep"];

/// systemd's words (systemctl(1), `is-enabled`), and what wants the unit: that, not the word, tells when it starts.
/// A script without a unit is wanted by its links (systemd-sysv-generator(8)).
fn systemd<'a>(name: &str, says: &dyn Fn(&str) -> Vec<&'a str>) -> Result<Service, String> {
    let state = says("state").first().copied().unwrap_or_default();
    let wanted = in_targets(&says("target"));
    let running = says("active").first().map(|word| matches!(*word, "active" | "reloading" | "activating"));
    let there = Service { exists: true, runlevels: wanted, running, ..Service::default() };
    let add_wants = |why: &str| format!("{why}: systemctl add-wants multi-user.target {name}");
    let masked = "it is masked: somebody wants it off; systemctl unmask it first".to_owned();
    Ok(match state {
        // systemctl enables a script link by link.
        "enabled" if says("script").is_empty() => {
            Service { cannot_enable: add_wants("it is enabled, but multi-user.target does not want it"), ..there }
        }
        "enabled" | "disabled" | "linked" | "alias" | "generated" | "enabled-runtime" | "linked-runtime" => there,
        // No [Install] section, or one that names other units only: it starts when something else wants it.
        "static" | "indirect" => Service {
            cannot_enable: add_wants("its unit has nothing to enable"),
            cannot_disable: format!("its unit has nothing to disable: systemctl mask {name}"),
            ..there
        },
        "masked" => {
            Service { cannot_enable: masked.clone(), cannot_start: masked, runlevels: BTreeSet::new(), ..there }
        }
        // For this boot only.
        "masked-runtime" => Service { cannot_enable: masked.clone(), cannot_start: masked, ..there },
        _ if is_absent(state) => Service::default(),
        _ => return Err(format!("systemctl is-enabled {name} says: {}", excerpt(state.as_bytes()))),
    })
}

/// What systemctl says of a unit that is not there: since 253, before, and before 209. A lost bus has other words.
fn is_absent(state: &str) -> bool {
    let failed = ["Failed to get unit file state for ", "Failed to issue method call: "];
    state == "not-found"
        || (failed.iter().any(|words| state.starts_with(words)) && state.ends_with("No such file or directory"))
}

/// The runlevels in which a unit starts that these targets want. Graphical comes on top of multi-user, so what starts
/// with that one, or on the way to it, starts in both.
fn in_targets(targets: &[&str]) -> BTreeSet<u8> {
    let at_boot: BTreeSet<&str> = targets.iter().copied().filter(|target| !NOT_AT_BOOT.contains(target)).collect();
    match at_boot.len() {
        0 => BTreeSet::new(),
        1 if at_boot.contains("graphical") => BTreeSet::from([5]),
        _ => BTreeSet::from([3, 5]),
    }
}

/// The runlevels of links in /etc/rc?.d. `S` comes before every runlevel (Debian).
fn in_links(levels: &[&str]) -> BTreeSet<u8> {
    if levels.contains(&"S") {
        return (2..=5).collect();
    }
    levels.iter().filter_map(|level| level.parse().ok()).collect()
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
    let mut runlevels = in_links(&says("link"));
    if !says("level").is_empty() {
        runlevels.extend([3, 5]);
    }
    Service { exists: !says("script").is_empty(), runlevels, running: status(says), ..Service::default() }
}

/// A status script's exit status: 0 is running (LSB).
fn status<'a>(says: &dyn Fn(&str) -> Vec<&'a str>) -> Option<bool> {
    says("status").first().map(|status| *status == "0")
}
