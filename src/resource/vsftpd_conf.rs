//! vsftpd.conf on a real server: what it names to clients must be what the routers mark.

use super::{Kind, Resource};
use crate::{
    format::{
        cksum::cksum,
        excerpt,
        vsftpd_conf::{READ_LIMIT, ValueKind, VsftpdConf, boolean},
    },
    lvs::{Port, PortRange},
    plan::{Action, Change, Diff, Proof, Stage, Step},
    probe::{Facts, Probe, Unknown, Vsftpd},
};
use camino::Utf8PathBuf;
use std::net::Ipv4Addr;

/// What one cluster wants in a vsftpd.conf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VsftpdSettings {
    /// The file; nothing is where the distribution puts it.
    pub conf: Option<Utf8PathBuf>,
    /// The passive range.
    pub passive_ports: PortRange,
    /// The address that passive replies name: the virtual IP, where real servers are behind NAT.
    pub passive_address: Option<Ipv4Addr>,
    /// The control port, which vsftpd should listen on.
    pub control_port: Port,
    /// The user's own settings, in order.
    pub own: Vec<(String, String)>,
}

impl Resource for VsftpdSettings {
    fn kind(&self) -> Kind {
        Kind::VsftpdConf
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::Vsftpd(self.conf.clone())]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let found = facts.vsftpd(self.conf.as_deref())?;
        let mut diff = Diff { changes: Vec::new(), warnings: self.listening(found) };
        let text = self.text(found)?;
        if text != found.text {
            diff.changes.push(Change {
                needs: Vec::new(),
                drain: None,
                stage: Stage::Serve,
                action: Action::Edit,
                summary: format!("{}: {}", found.conf, self.differences(found).join(", ")),
                before: found.text.clone(),
                after: text.clone(),
                step: Step::File {
                    path: found.conf.clone(),
                    observed: Some(cksum(&found.text)),
                    text,
                    proof: Proof::Vsftpd,
                },
            });
        }
        Ok(diff)
    }
}

impl VsftpdSettings {
    /// The options that shall have a value, and the value.
    fn settings(&self) -> Vec<(&str, String)> {
        let mut settings = vec![
            ("pasv_min_port", self.passive_ports.low().to_string()),
            ("pasv_max_port", self.passive_ports.high().to_string()),
            ("connect_from_port_20", "YES".to_owned()),
        ];
        settings.extend(self.passive_address.map(|address| ("pasv_address", address.to_string())));
        settings.extend(self.own.iter().map(|(key, value)| (key.as_str(), value.clone())));
        settings
    }

    /// Options that may be absent, but not have another value: both modes stay on, and active data leaves from the port
    /// that the NAT rule matches.
    fn limits(found: &VsftpdConf) -> Vec<(&'static str, String)> {
        let mut limits = Vec::new();
        for key in ["pasv_enable", "port_enable"] {
            if found.value(key).is_some_and(|value| boolean(value) == Some(false)) {
                limits.push((key, "YES".to_owned()));
            }
        }
        let data_port = Port::FTP_DATA.to_string();
        if found.value("ftp_data_port").is_some_and(|value| !ValueKind::Number.same(value, data_port.as_bytes())) {
            limits.push(("ftp_data_port", data_port));
        }
        limits
    }

    /// The file's text as it shall be; the text as it is when nothing differs.
    pub(super) fn text(&self, found: &Vsftpd) -> Result<Vec<u8>, Unknown> {
        let mut conf = VsftpdConf::parse(&found.text);
        for (key, value) in self.settings().into_iter().chain(Self::limits(&conf)) {
            conf.set(key, &value);
        }
        let text = conf.render();
        if text.len() > READ_LIMIT || found.text.len() > READ_LIMIT {
            return Err(Unknown {
                what: found.conf.to_string(),
                why: format!("vsftpd reads only the first {READ_LIMIT} bytes of it; make it shorter"),
            });
        }
        Ok(text)
    }

    /// What differs, option by option.
    fn differences(&self, found: &Vsftpd) -> Vec<String> {
        let conf = VsftpdConf::parse(&found.text);
        let mut all = Vec::new();
        for (key, value) in self.settings().into_iter().chain(Self::limits(&conf)) {
            match conf.value(key) {
                None => all.push(format!("{key} (not set) -> {value}")),
                Some(old) if !ValueKind::of(key).same(old, value.as_bytes()) => {
                    all.push(format!("{key} {} -> {value}", excerpt(old)));
                }
                Some(_) => {}
            }
            if conf.count(key) > 1 {
                all.push(format!("{key} is set {} times", conf.count(key)));
            }
        }
        all
    }

    /// A reload does not move the listening socket, so what is wrong with it is for a person to mend.
    fn listening(&self, found: &Vsftpd) -> Vec<String> {
        let conf = VsftpdConf::parse(&found.text);
        let wanted = self.control_port.to_string();
        let port = conf.value("listen_port").unwrap_or(b"21");
        let mut warnings = Vec::new();
        if !ValueKind::Number.same(port, wanted.as_bytes()) {
            warnings.push(format!(
                "{} has listen_port={}, but clients come to port {wanted}: set listen_port={wanted} and restart vsftpd",
                found.conf,
                excerpt(port)
            ));
        }
        // Measured with 3.0.3: on an IPv6 socket, PASV answers 0,0,0,0 as soon as pasv_address is set.
        if self.passive_address.is_some() && conf.value("listen_ipv6").is_some_and(|value| boolean(value) == Some(true))
        {
            warnings.push(format!(
                "{} has listen_ipv6=YES, with which vsftpd names 0.0.0.0 in PASV replies: set listen=YES and \
                 listen_ipv6=NO, and restart vsftpd",
                found.conf
            ));
        }
        warnings
    }
}
