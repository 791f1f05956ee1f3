//! A host has the virtual IP: a router so that clients reach it, a real server behind direct routing or a tunnel so that
//! it takes packets for it.

use super::{Kind, Resource};
use crate::{
    lvs::InterfaceAddress,
    plan::{Action, Change, Diff, Proof, Stage, Step},
    probe::{Facts, Held, Probe, Unknown},
};
use camino::Utf8PathBuf;

/// The device of every IP-in-IP tunnel; it comes with its kernel module.
const TUNNEL: &str = "tunl0";

/// The address is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address, its network's length and its device.
    pub address: InterfaceAddress,
    /// Whether the host takes packets for it and does not tell the network so: then the device's network does not matter.
    pub hidden: bool,
}

/// The address comes up at boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressAtBoot(pub Address);

impl Address {
    /// Whether a device will do that has it already. A real server's must not be one that answers for it in a network.
    fn fits(&self, device: &str) -> bool {
        let quiet = ["lo", "dummy", "tunl"].iter().any(|kind| device.starts_with(kind));
        if self.hidden { quiet } else { device == self.address.device }
    }

    /// Whether it is enough that this device has it. What comes through a tunnel needs the tunnel's device up.
    fn serves(&self, device: &str) -> bool {
        self.fits(device) && (self.address.device != TUNNEL || device == TUNNEL)
    }

    fn wrong_place(&self, held: &Held) -> Option<Diff> {
        let device = held.on.iter().find(|device| !self.fits(device))?;
        let InterfaceAddress { address, device: wanted, .. } = &self.address;
        let why =
            if self.hidden { "where it answers for it in place of the routers" } else { "not where the play says" };
        let what = format!("{address} is on {device}, {why}, and not on {wanted}: ip addr del {address} dev {device}");
        let mut diff = Diff::for_a_person(&what);
        for change in &mut diff.changes {
            change.stage = self.stage();
        }
        Some(diff)
    }

    const fn stage(&self) -> Stage {
        // A router takes clients when everything else is there.
        if self.hidden { Stage::Serve } else { Stage::Steer }
    }

    fn stanza(&self) -> String {
        let InterfaceAddress { address, prefix, device } = &self.address;
        let mask = ipnet::Ipv4Net::new(*address, *prefix).map_or(std::net::Ipv4Addr::BROADCAST, |net| net.netmask());
        // It may be part of the kernel.
        let module = if device == TUNNEL { "    pre-up modprobe ipip || true\n" } else { "" };
        format!(
            "# lvs-ftp: the virtual IP\nauto {device}\niface {device} inet static\n    address {address}\n    netmask {mask}\n{module}"
        )
    }
}

impl Resource for Address {
    fn kind(&self) -> Kind {
        Kind::Address
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::Held(self.address.address)]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let held = facts.held(self.address.address)?;
        if let Some(diff) = self.wrong_place(held) {
            return Ok(diff);
        }
        if held.on.iter().any(|device| self.serves(device)) {
            return Ok(Diff::default());
        }
        let change = Change {
            needs: Vec::new(),
            drain: None,
            stage: self.stage(),
            action: Action::Add,
            summary: format!("address {}", self.address),
            before: Vec::new(),
            after: format!("{}\n", self.address).into_bytes(),
            step: Step::Address(self.address.clone()),
        };
        Ok(Diff { changes: vec![change], warnings: Vec::new() })
    }
}

impl Resource for AddressAtBoot {
    fn kind(&self) -> Kind {
        Kind::AddressAtBoot
    }

    fn probes(&self) -> Vec<Probe> {
        self.0.probes()
    }

    /// A file of the host's network configuration that names the address is somebody's own: it is taken to be right.
    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let address = &self.0.address;
        let held = facts.held(address.address)?;
        if !held.named_in.is_empty() {
            return Ok(Diff::default());
        }
        if !held.by_ifupdown {
            return Ok(Diff::for_a_person(&format!(
                "no file of the host's network configuration names {}: put {address} into it",
                address.address
            )));
        }
        let text = self.0.stanza().into_bytes();
        let path = format!("/etc/network/interfaces.d/lvs-ftp-{}", address.address.to_string().replace('.', "-"));
        let change = Change {
            needs: Vec::new(),
            drain: None,
            stage: Stage::Persist,
            action: Action::Add,
            summary: format!("{path}: {address} at boot"),
            before: Vec::new(),
            after: text.clone(),
            step: Step::File { path: Utf8PathBuf::from(path), observed: None, text, proof: Proof::None },
        };
        Ok(Diff { changes: vec![change], warnings: Vec::new() })
    }
}
