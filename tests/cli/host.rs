//! A managed host on this machine: a network namespace with /srv, /run, /usr/local/sbin, /etc/init.d, files of /etc and
//! /bin/sh of its own. Its iptables and vsftpd are the real ones. Its ipvsadm works on a file, because few kernels that run tests have IPVS;
//! tests/lab is where the real one is met.

use super::control::Control;
use crate::support::Netns;
use camino::Utf8PathBuf;
use serde_json::{Value, json};

/// What ipvsadm is here: the commands that the product gives, on the file /run/ipvs.
const IPVSADM: &str = r#"table=/run/ipvs; touch $table
case "$*" in
"-S -n") exec cat $table ;;
"-L -n --thresholds")
  echo 'IP Virtual Server version 1.2.1 (size=4096)'
  echo 'Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn'
  echo '  -> RemoteAddress:Port'
  while read -r verb _ mark option address _; do
    case $verb in -A) echo "FWM  $mark $address" ;; -a) echo "  -> $address 0 0 0 0" ;; esac
  done <$table
  exit ;;
esac
echo "$*" >>/run/ipvsadm.log
verb=$1; shift
known() { grep -q "^$1" $table || { echo 'No such service' >&2; exit 255; }; }
fresh() { ! grep -q "^$1" $table || { echo "$2 already exists" >&2; exit 255; }; }
case $verb in
-A) fresh "-A $1 $2 " Service; echo "-A $*" >>$table ;;
-a) known "-A $1 $2 "; fresh "-a $1 $2 -r $4 " Destination; echo "-a $*" >>$table ;;
-E) known "-A $1 $2 "; sed -i "s|^-A $1 $2 .*|-A $*|" $table ;;
-e) known "-a $1 $2 -r $4 "; sed -i "s|^-a $1 $2 -r $4 .*|-a $*|" $table ;;
-d) known "-a $1 $2 -r $4 "; sed -i "/^-a $1 $2 -r $4 /d" $table ;;
-D) known "-A $1 $2 "; sed -i "/^-[Aa] $1 $2 /d" $table ;;
*) exit 2 ;;
esac"#;

/// What the service vsftpd is here. The distribution's script asks for any vsftpd of the machine, so it would tell of
/// the daemons of other hosts.
const SERVICE: &str = r#"case $1 in status) exit 3 ;; *) echo "not here: $*" >&2; exit 1 ;; esac"#;

/// The way in: what the host has of its own is bound over what this machine has.
const ENTER: &str = r#"host=$1; shift; shopt -s nullglob
mount --bind "$host/run" /run && mount --bind "$host/tools" /usr/local/sbin && mount --bind "$host/srv" /srv || exit
for file in "$host"/etc/*; do mount --bind "$file" "/etc/${file##*/}" || exit; done
[ ! -e "$host/sh" ] || mount --bind "$host/sh" /bin/sh || exit
exec "$@""#;

/// A host.
pub struct Host {
    netns: Netns,
    folder: Utf8PathBuf,
    enter: Utf8PathBuf,
}

impl Host {
    /// A host that serves nothing yet; its vsftpd.conf is a distribution's.
    pub fn new(control: &Control, name: &str) -> Self {
        let netns = Netns::new();
        let _ = netns.sh("ip link set lo up; echo 0 >/proc/sys/net/ipv4/ip_forward");
        let folder = control.path(&format!("hosts/{name}"));
        for part in ["run", "tools", "srv", "etc/init.d"] {
            std::fs::create_dir_all(folder.join(part)).unwrap();
        }
        control.script(&format!("hosts/{name}/tools/ipvsadm"), IPVSADM);
        control.script(&format!("hosts/{name}/etc/init.d/vsftpd"), SERVICE);
        let enter = control.script("hosts/enter", ENTER);
        let host = Self { netns, folder, enter };
        host.write("srv/vsftpd.conf", "# Example\nlisten=YES\nanonymous_enable=YES\npasv_min_port=5000\n");
        host
    }

    /// The words that run a command on it.
    pub fn words(&self) -> Vec<String> {
        [self.netns.words(), vec![self.enter.to_string(), self.folder.to_string()]].concat()
    }

    /// Its variables in an inventory.
    pub fn variables(&self) -> Value {
        json!({"lvs_ftp_exec": self.words()})
    }

    /// Its variables as a real server with this last part of its address.
    pub fn server(&self, last: u8) -> Value {
        json!({"lvs_ftp_exec": self.words(), "lvs_real_ip": format!("10.1.1.{last}")})
    }

    /// The words that run this command on it.
    pub fn command(&self, words: &[&str]) -> duct::Expression {
        let all = self.words();
        duct::cmd(&all[0], all[1..].iter().map(String::as_str).chain(words.iter().copied()))
    }

    /// Runs a script of bash on it and returns what it printed.
    pub fn sh(&self, script: &str) -> String {
        self.command(&["bash", "-ec", script]).read().unwrap()
    }

    /// Writes a file of its own: below `srv`, `run` or `tools`.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.folder.join(name), text.as_ref()).unwrap();
    }

    /// Reads a file of its own.
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.join(name)).unwrap()
    }

    /// Where a file of its own is on this machine.
    pub fn path(&self, name: &str) -> Utf8PathBuf {
        self.folder.join(name)
    }
}
