//! The variables that only lvs-ftp knows, as a table: the reader takes no other by such a name, and the schema is made of
//! it.

use crate::source::{Fault, Field, Place, Shape, did_you_mean, shown};

/// A list of words, or one text that is split like a shell's command line.
const COMMAND: Shape = Shape::OneOf(&[Shape::Text, Shape::List(&Shape::Text)]);

/// Ansible's words, in any case.
const BOOLEAN: Shape = Shape::OneOf(&[
    Shape::Boolean,
    Shape::Number(0, 1),
    Shape::Matching(
        "^([Yy]([Ee][Ss])?|[Nn][Oo]?|[Oo][Nn]|[Oo][Ff][Ff]|[Tt]([Rr][Uu][Ee])?|[Ff]([Aa][Ll][Ss][Ee])?|[01])$",
    ),
]);

/// Each of them.
pub const FIELDS: &[Field] = &[
    Field::optional(
        "lvs_real_ip",
        Shape::Matching(r"^(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}$"),
        "A real server's address on the real network; ansible_host if not given",
    ),
    Field::optional(
        "lvs_weight",
        Shape::OneOf(&[Shape::Number(0, 65535), Shape::Matching("^(0|[1-9][0-9]{0,4})$")]),
        "A real server's share of new clients; 1 if not given",
    ),
    Field::optional(
        "lvs_iptables",
        COMMAND,
        "What runs iptables there, such as iptables-legacy; iptables if not given",
    ),
    Field::optional(
        "lvs_ftp_exec",
        COMMAND,
        "Words put before /bin/sh to get onto the host, such as [ip, netns, exec, lvs1]",
    ),
    Field::optional(
        "lvs_vrrp_priority",
        Shape::OneOf(&[Shape::Number(1, 254), Shape::Matching("^([1-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-4])$")]),
        "A router's priority for the virtual IP with keepalived, the greatest wins; 100 if not given",
    ),
    Field::optional("lvs_ssh_keep", BOOLEAN, "Whether its ssh connection is kept for the next run; true if not given"),
];

/// What begins the name of each of them. No other variable's name begins so: one that does is a slip.
pub const PREFIX: &str = "lvs_";

/// Why a variable of this name is refused, if it is.
pub(super) fn check(name: &str, place: &Place) -> Option<Fault> {
    let known = || FIELDS.iter().map(|field| field.key);
    (!knows(name)).then(|| {
        let hint = did_you_mean(name, known()).unwrap_or_else(|| {
            format!("its variables are {}; name your own otherwise", known().collect::<Vec<_>>().join(", "))
        });
        Fault::at(place, format!("lvs-ftp knows no variable {}", shown(name))).hint(hint)
    })
}

/// Whether a variable's name is in the table, if it is one of ours at all.
pub(super) fn knows(name: &str) -> bool {
    !name.starts_with(PREFIX) || FIELDS.iter().any(|field| field.key == name)
}
