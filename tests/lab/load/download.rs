//! One download from a chosen real server, that goes on for as long as the trial wants.

use crate::hosts::on;
use std::{
    fs,
    io::Read,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    thread::spawn,
    time::Duration,
};

/// curl, whose output is read only when somebody asks for it: the file is larger than all buffers on the way.
pub struct Download {
    curl: Child,
    parts: Receiver<Vec<u8>>,
    left: Vec<u8>,
}

/// A connection that brings nothing for so long was cut.
const PATIENCE: Duration = Duration::from_secs(20);

impl Download {
    pub fn start(server: &str) -> Self {
        // Persistence keeps an address at its real server.
        let script = format!(
            "host=1
            until [ \"$(curl --silent --interface 198.19.$host.1 ftp://192.0.2.10/hello.txt)\" = 'hello from {server}' ]
            do
                [ $((host += 1)) -le 30 ]
            done
            echo 198.19.$host.1"
        );
        let address = on("client", &script).trim_end().to_owned();
        let mut command = Command::new("on");
        command.args(["client", "curl", "--silent", "--max-time", "300", "--interface", &address]);
        command.arg("ftp://192.0.2.10/big.bin").stdout(Stdio::piped());
        let mut curl = command.spawn().unwrap();
        let mut output = curl.stdout.take().unwrap();
        let (sender, parts) = sync_channel(0);
        spawn(move || {
            let mut part = vec![0; 65536];
            while let Ok(count @ 1..) = output.read(&mut part) {
                if sender.send(part[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { curl, parts, left: fs::read("/run/lab/ftp/big.bin").unwrap() }
    }

    /// Reads a part.
    pub fn goes_on(&mut self) -> bool {
        self.read(self.left.len() / 2)
    }

    /// Reads the rest.
    pub fn ends_whole(mut self) -> bool {
        self.read(0) && self.parts.recv_timeout(PATIENCE).is_err() && self.curl.wait().unwrap().success()
    }

    /// Reads until no more than this is left.
    fn read(&mut self, left: usize) -> bool {
        while self.left.len() > left {
            match self.parts.recv_timeout(PATIENCE) {
                Ok(part) if self.left.starts_with(&part) => self.left.drain(..part.len()),
                _ => return false,
            };
        }
        true
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let _ = self.curl.kill();
        let _ = self.curl.wait();
    }
}
