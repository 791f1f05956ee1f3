//! vsftpd as a daemon on a host.

use super::host::Host;
use std::time::{Duration, Instant};

/// The daemon. It ends with the value.
pub struct Daemon<'a> {
    host: &'a Host,
    process: duct::Handle,
}

impl<'a> Daemon<'a> {
    /// Starts it with /srv/vsftpd.conf, which must say `background=NO`.
    pub fn start(host: &'a Host) -> Self {
        std::fs::create_dir_all(host.path("run/vsftpd/empty")).unwrap();
        let quiet = host.command(&["vsftpd", "/srv/vsftpd.conf"]).stdin_null().stdout_null().stderr_null().unchecked();
        let daemon = Self { host, process: quiet.start().unwrap() };
        daemon.greets("");
        daemon
    }

    /// Waits until it greets with this text.
    #[track_caller]
    pub fn greets(&self, text: &str) {
        let start = Instant::now();
        loop {
            let ask = "timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/21 && head -n 1 <&3' 2>/dev/null || true";
            let greeting = self.host.sh(ask);
            if greeting.starts_with("220 ") && greeting.contains(text) {
                return;
            }
            assert!(start.elapsed() < crate::support::within(20), "vsftpd does not say {text:?}: {greeting}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}
