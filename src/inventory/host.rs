//! What a host's variables mean: how to reach it, as whom, and its part in a cluster.

use super::{
    address,
    meaning::{self, Meaning},
    ours,
    variables::Layers,
};
use crate::lvs::{Port, Weight, host_address};
use crate::source::{Fault, Faults, Node, Place, Reading, shown};
use camino::Utf8PathBuf;
use std::net::Ipv4Addr;

/// One host, with every value checked.
#[derive(Debug, Clone)]
pub struct HostVars {
    /// Its name in the inventory.
    pub name: String,
    /// Where the inventory first names it.
    pub place: Place,
    /// How commands get there.
    pub connection: Connection,
    /// Whether its ssh connection may stay for the next run.
    pub keep: bool,
    /// As whom they run, if not as the user who connects.
    pub become_: Option<Become>,
    /// Its address on the real network: `lvs_real_ip`, else `ansible_host` or its name where that is an IPv4 address.
    pub real_ip: Option<Ipv4Addr>,
    /// Where that address is written.
    pub real_ip_place: Place,
    /// Its weight as a real server.
    pub weight: Weight,
    /// Its priority among the routers that VRRP moves a virtual IP between, 1 to 254.
    pub vrrp_priority: u8,
    /// The words that run iptables there, if not `iptables`.
    pub iptables: Option<Vec<String>>,
}

/// How commands get to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// By ssh.
    Ssh {
        /// The name or address to connect to; never starts with `-`.
        address: String,
        /// The port, if not ssh's own choice.
        port: Option<Port>,
        /// The user, if not ssh's own choice.
        user: Option<String>,
        /// The private key's file.
        private_key: Option<Utf8PathBuf>,
        /// `ansible_ssh_common_args`.
        common_args: Vec<String>,
        /// `ansible_ssh_extra_args`.
        extra_args: Vec<String>,
    },
    /// The host is this one.
    Local,
    /// These words are put before `/bin/sh`; there is at least one.
    Exec(Vec<String>),
}

/// Running commands as another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Become {
    /// By which program.
    pub method: BecomeMethod,
    /// As whom; never starts with `-`.
    pub user: String,
}

/// The program that changes the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BecomeMethod {
    /// sudo(8).
    Sudo,
    /// doas(1).
    Doas,
    /// su(1).
    Su,
}

/// What the command line says about connections; an inventory's own words win, as in Ansible.
#[derive(Debug, Clone, Default)]
pub struct ConnectionOptions {
    /// `-u`: the user to connect as.
    pub user: Option<String>,
    /// `-b`: become another user.
    pub become_: bool,
    /// `--private-key`.
    pub private_key: Option<Utf8PathBuf>,
}

impl ConnectionOptions {
    /// Whether these can be given to ssh; the inventory's own values are checked where they are read.
    pub fn check(&self) -> Result<(), Faults> {
        match self.user.as_deref().map(address::check_user) {
            Some(Err(why)) => Err(Fault::about("--user", format!("the user {why}")).into()),
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Ssh,
    Local,
    Exec,
}

pub(super) fn read(
    name: &str,
    place: &Place,
    variables: &Layers<'_>,
    options: &ConnectionOptions,
) -> Result<HostVars, Faults> {
    let mut meaning = Meaning::new(variables);
    let connection = connection(name, place, options, &mut meaning);
    let become_ = become_(options, &mut meaning);
    let (real_ip, real_ip_place) = real_ip(name, place, &mut meaning);
    let weight = meaning.read(&["lvs_weight"], |reading, node, what| {
        let number = meaning::number(reading, node, what)?;
        reading.fit(node.span, Weight::try_from(number))
    });
    let vrrp_priority = meaning.read(&["lvs_vrrp_priority"], |reading, node, what| {
        let number = meaning::number(reading, node, what)?;
        match u8::try_from(number) {
            Ok(priority @ 1..=254) => Some(priority),
            _ => reading.refuse(node.span, format!("{what} is 1 to 254, not {number}")),
        }
    });
    let iptables = meaning.read(&["lvs_iptables"], meaning::command);
    let keep = meaning.read(&["lvs_ssh_keep"], meaning::boolean);
    for (name, variable) in variables.all() {
        if let Some(fault) = ours::check(name, &variable.place()) {
            meaning.refuse(fault);
        }
    }
    Faults::check(meaning.into_faults())?;
    Ok(HostVars {
        name: name.to_owned(),
        place: place.clone(),
        connection: connection.unwrap_or(Connection::Local),
        keep: keep.unwrap_or(true),
        become_,
        real_ip,
        real_ip_place,
        weight: weight.unwrap_or(Weight::DEFAULT),
        vrrp_priority: vrrp_priority.unwrap_or(100),
        iptables,
    })
}

fn connection(name: &str, place: &Place, options: &ConnectionOptions, meaning: &mut Meaning<'_>) -> Option<Connection> {
    let exec = meaning.read(&["lvs_ftp_exec"], meaning::command);
    let way = match meaning.variable(&["ansible_connection"]) {
        Some(_) => meaning.read(&["ansible_connection"], way)?,
        None if exec.is_some() => Way::Exec,
        None => Way::Ssh,
    };
    match way {
        Way::Local => Some(Connection::Local),
        Way::Ssh => Some(ssh(name, place, options, meaning)),
        Way::Exec => {
            if meaning.variable(&["lvs_ftp_exec"]).is_none() {
                let message = format!("the host {} needs `lvs_ftp_exec` for this connection", shown(name));
                let at = meaning.variable(&["ansible_connection"]);
                let at = at.map_or_else(|| place.clone(), |(_, variable)| variable.place());
                meaning.refuse(
                    Fault::at(&at, message)
                        .hint("it is a list of words, such as [\"ip\", \"netns\", \"exec\", \"lvs1\"]"),
                );
            }
            exec.map(Connection::Exec)
        }
    }
}

fn way(reading: &mut Reading, node: &Node, what: &str) -> Option<Way> {
    let text = reading.text(node, what)?;
    let words = [("ssh", Way::Ssh), ("local", Way::Local), ("lvs_ftp_exec", Way::Exec)];
    match plugin(text) {
        "smart" => Some(Way::Ssh),
        word => reading.one_of(node.span, word, what, &words),
    }
}

/// A plugin's own name: `ssh` of `ansible.builtin.ssh`.
fn plugin(text: &str) -> &str {
    let collections = ["ansible.builtin.", "community.general."];
    collections.iter().find_map(|collection| text.strip_prefix(collection)).unwrap_or(text)
}

fn ssh(name: &str, place: &Place, options: &ConnectionOptions, meaning: &mut Meaning<'_>) -> Connection {
    // Where both are set, Ansible's ssh plugin lets the older name win.
    let address = meaning.read(&["ansible_ssh_host", "ansible_host"], host_text);
    if meaning.variable(&["ansible_ssh_host", "ansible_host"]).is_none()
        && let Err(why) = address::check_host(name)
    {
        let message = format!("the host's name, which is also its address, {why}");
        meaning.refuse(Fault::at(place, message).hint("set `ansible_host` to its address"));
    }
    let port = meaning.read(&["ansible_ssh_port", "ansible_port"], |reading, node, what| {
        let number = meaning::number(reading, node, what)?;
        reading.fit(node.span, Port::try_from(number))
    });
    let user = meaning.read(&["ansible_ssh_user", "ansible_user"], user_text);
    let private_key = meaning.read(
        &["ansible_ssh_private_key_file", "ansible_private_key_file"],
        |reading, node, what| match reading.text(node, what)? {
            "" => reading.refuse(node.span, format!("{what} is empty")),
            path if path.starts_with('-') => reading.refuse(node.span, format!("{what} must not start with `-`")),
            path => Some(Utf8PathBuf::from(path)),
        },
    );
    Connection::Ssh {
        address: address.unwrap_or_else(|| name.to_owned()),
        port,
        user: user.or_else(|| options.user.clone()),
        private_key: private_key.or_else(|| options.private_key.clone()),
        common_args: meaning.read(&["ansible_ssh_common_args"], meaning::words).unwrap_or_default(),
        extra_args: meaning.read(&["ansible_ssh_extra_args"], meaning::words).unwrap_or_default(),
    }
}

fn become_(options: &ConnectionOptions, meaning: &mut Meaning<'_>) -> Option<Become> {
    let wanted = meaning.read(&["ansible_become"], meaning::boolean).unwrap_or(options.become_);
    let method = meaning.read(&["ansible_become_method"], |reading, node, what| {
        let words = [("sudo", BecomeMethod::Sudo), ("doas", BecomeMethod::Doas), ("su", BecomeMethod::Su)];
        let text = reading.text(node, what)?;
        reading.one_of(node.span, plugin(text), what, &words)
    });
    let method = method.unwrap_or(BecomeMethod::Sudo);
    // Of the two names that each plugin knows, its own wins.
    let user = match method {
        BecomeMethod::Sudo => meaning.read(&["ansible_sudo_user", "ansible_become_user"], user_text),
        BecomeMethod::Doas => meaning.read(&["ansible_doas_user", "ansible_become_user"], user_text),
        BecomeMethod::Su => meaning.read(&["ansible_su_user", "ansible_become_user"], user_text),
    };
    wanted.then(|| Become { method, user: user.unwrap_or_else(|| "root".to_owned()) })
}

/// The real address and where it is written; a name that is no IPv4 address is no real address, and no error.
fn real_ip(name: &str, place: &Place, meaning: &mut Meaning<'_>) -> (Option<Ipv4Addr>, Place) {
    if let Some((_, variable)) = meaning.variable(&["lvs_real_ip"]) {
        let address = meaning.read(&["lvs_real_ip"], |reading, node, what| {
            let text = reading.text(node, what)?;
            reading.fit(node.span, host_address(text).map_err(|why| format!("{what}: {why}")))
        });
        return (address, variable.place());
    }
    if let Some((_, variable)) = meaning.variable(&["ansible_ssh_host", "ansible_host"])
        && let crate::source::Value::Text(text) = &variable.node.value
    {
        return (host_address(text).ok(), variable.place());
    }
    (host_address(name).ok(), place.clone())
}

fn host_text(reading: &mut Reading, node: &Node, what: &str) -> Option<String> {
    let text = reading.text(node, what)?;
    let checked = address::check_host(text).map_err(|why| format!("{what} {why}"));
    reading.fit(node.span, checked).map(|()| text.to_owned())
}

fn user_text(reading: &mut Reading, node: &Node, what: &str) -> Option<String> {
    let text = reading.text(node, what)?;
    let checked = address::check_user(text).map_err(|why| format!("{what} {why}"));
    reading.fit(node.span, checked).map(|()| text.to_owned())
}
