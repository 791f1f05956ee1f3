//! A real sshd on a host of a test, and an ssh of the control host's that knows it.

use super::{
    control::{Control, Ran},
    host::Host,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The account that people log in to beside root: its number, and its entry in /etc/shadow.
const ACCOUNT: &str = "ftpadm";

/// The daemon, and the folder `ssh` of the control host with its keys and configuration.
pub struct Sshd<'a> {
    control: &'a Control,
    host: &'a Host,
    daemon: duct::Handle,
}

impl<'a> Sshd<'a> {
    /// Starts it. The account's log-in shell is this program, and these are the host's sudoers.
    pub fn start(control: &'a Control, host: &'a Host, shell: &str, sudoers: &str) -> Self {
        let folder = control.path("ssh");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, passphrase) in [("host_key", ""), ("key", ""), ("locked_key", "secret")] {
            duct::cmd!("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", folder.join(name)).run().unwrap();
        }
        let public = |name: &str| std::fs::read_to_string(folder.join(format!("{name}.pub"))).unwrap();
        control.file("ssh/authorized_keys", public("key") + &public("locked_key"));
        control.file("ssh/known_hosts", format!("[127.0.0.1]:2222 {}", public("host_key")));
        control.file(
            "ssh/config",
            format!("Host *\nUserKnownHostsFile {folder}/known_hosts\nIdentitiesOnly yes\nIdentityAgent none\nStrictHostKeyChecking yes\n"),
        );
        let sshd_config = control.file(
            "ssh/sshd_config",
            format!(
                "Port 2222\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\nAuthorizedKeysFile {folder}/authorized_keys\n\
                 StrictModes no\nPermitRootLogin yes\nPasswordAuthentication yes\nUsePAM no\nPidFile none\nLogLevel VERBOSE\n"
            ),
        );
        let etc = |name: &str| std::fs::read_to_string(format!("/etc/{name}")).unwrap();
        // Root's own bash would read this machine's /root/.bashrc, which may do anything.
        let passwd = etc("passwd").replacen(":/root:/bin/bash\n", ":/root:/bin/sh\n", 1);
        host.write("etc/passwd", format!("{passwd}{ACCOUNT}:x:4242:4242::/tmp:{shell}\n"));
        host.write("etc/shadow", format!("{}{ACCOUNT}:*:19000:0:99999:7:::\n", etc("shadow")));
        host.write("etc/sudoers", format!("root ALL=(ALL:ALL) NOPASSWD: ALL\n{sudoers}\n"));
        duct::cmd!("chmod", "440", host.path("etc/sudoers")).run().unwrap();
        duct::cmd!("chmod", "755", control.path("")).run().unwrap();
        std::fs::create_dir_all(host.path("run/sshd")).unwrap();
        let log = folder.join("log");
        let words = ["/usr/sbin/sshd", "-D", "-E", log.as_str(), "-f", sshd_config.as_str()];
        let daemon = host.command(&words).stdin_null().stdout_null().stderr_null().unchecked().start().unwrap();
        let sshd = Self { control, host, daemon };
        let start = Instant::now();
        while !sshd.log().contains("Server listening") {
            assert!(start.elapsed() < crate::support::within(20), "sshd does not start: {}", sshd.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        sshd
    }

    /// The host's variables, to log in as root with the key.
    pub fn variables(&self) -> Value {
        json!({
            "ansible_host": "127.0.0.1",
            "ansible_port": 2222,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": self.control.path("ssh/key").as_str(),
            "ansible_ssh_common_args": format!("-F {}", self.control.path("ssh/config")),
        })
    }

    /// The same for the other account, which becomes root by sudo.
    pub fn sudo_variables(&self) -> Value {
        let mut variables = self.variables();
        variables["ansible_user"] = ACCOUNT.into();
        variables["ansible_become"] = true.into();
        variables
    }

    /// Runs `lvs-ftp apply` for a router with these variables, where the daemon can be reached. Whatever comes of it,
    /// no ssh and no socket is left.
    pub fn apply(&self, variables: &Value, arguments: &[&str]) -> Ran {
        let ran = self.control.finish(&self.command(variables, &[&["--no-keep"], arguments].concat()));
        let socket = ran.stderr.split_once("ControlPath=").and_then(|(_, rest)| rest.split_whitespace().next());
        let folder = camino::Utf8Path::new(socket.unwrap()).parent().unwrap();
        assert!(!super::control::is_there(folder), "{folder} is still there");
        let start = Instant::now();
        while is_running(folder.as_str()) {
            assert!(start.elapsed() < crate::support::within(10), "an ssh is left");
            std::thread::sleep(Duration::from_millis(20));
        }
        ran
    }

    /// The command that does this.
    pub fn command(&self, variables: &Value, arguments: &[&str]) -> duct::Expression {
        let server = json!({"lvs_ftp_exec": ["false"], "lvs_real_ip": "10.1.1.11"});
        self.control.inventory(&[("lvs1", variables.clone())], &[("ftp1", server)]);
        let words =
            [&[env!("CARGO_BIN_EXE_lvs-ftp"), "apply", "--tags", "running", "-vv", "-l", "lvs1"], arguments].concat();
        self.host.command(&words).dir(self.control.path("")).env_remove("SSH_AUTH_SOCK")
    }

    /// What the daemon logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.control.path("ssh/log")).unwrap_or_default()
    }

    /// The daemon's processes that serve a connection: one each, or since OpenSSH 9.8 one and its child, which comes first.
    pub fn sessions(&self) -> Vec<rustix::process::Pid> {
        let mut all = vec![self.daemon.pids()[0].to_string()];
        let mut next = 0;
        while let Some(parent) = all.get(next) {
            // A process may end while it is looked at.
            let children =
                std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
            let is_sshd = |pid: &&str| {
                std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("sshd"))
            };
            all.extend(children.split_whitespace().filter(is_sshd).map(str::to_owned));
            next += 1;
        }
        all[1..].iter().rev().filter_map(|pid| rustix::process::Pid::from_raw(pid.parse().unwrap())).collect()
    }

    /// How often somebody logged in.
    pub fn log_ins(&self) -> usize {
        self.log().matches("Accepted publickey").count()
    }
}

impl Drop for Sshd<'_> {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
    }
}

/// Whether a process has this text in its arguments.
fn is_running(text: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|process| {
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&arguments).contains(text)
    })
}
