//! What the path of packets has to tell: what is lost, why, and what cures it.

use super::{
    router::Fate,
    service::{Mode, Service, Sort},
    verdict::{Cause, Loss, Verdict},
};
use crate::format::excerpt;

/// Something that keeps clients from being served, or may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The play whose clients they are.
    pub play: String,
    /// The mode that fails; nothing where all do.
    pub mode: Mode,
    /// How sure it is.
    pub weight: Weight,
    /// What is lost where, and why.
    pub text: String,
    /// What a person does about it.
    pub cure: String,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// It depends on what cannot be told, or only comes to be after a fail-over: a warning.
    MayBeLost,
    /// Packets are lost for certain: the cluster is not served.
    Lost,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.text, self.cure)
    }
}

impl Finding {
    /// What the fates of a router's packets come to. Sorts that the same thing loses are one finding; what is open, and was
    /// written to tell clients apart, is none.
    #[must_use]
    pub fn all<'f>(play: &str, fates: impl IntoIterator<Item = &'f Fate>, service: &Service) -> Vec<Self> {
        let mut groups: Vec<(Weight, Loss, Option<String>, Vec<&Fate>)> = Vec::new();
        for fate in fates {
            let (weight, loss, open) = match &fate.verdict {
                Verdict::Lost(loss) => (Weight::Lost, loss, None),
                Verdict::CannotTell { loss, doubts, .. } if fate.verdict.is_news() => {
                    let open = doubts.iter().find(|doubt| !doubt.is_meant).map_or(&loss.by, |doubt| &doubt.rule);
                    (Weight::MayBeLost, loss, Some(open.clone()))
                }
                _ => continue,
            };
            let is_same = |(known, same, condition, _): &&mut (Weight, Loss, Option<String>, Vec<&Fate>)| {
                *known == weight && same == loss && *condition == open
            };
            match groups.iter_mut().find(is_same) {
                Some((.., fates)) => fates.push(fate),
                None => groups.push((weight, loss.clone(), open, vec![fate])),
            }
        }
        groups
            .iter()
            .filter_map(|(weight, loss, open, fates)| Self::of(play, *weight, loss, open.as_deref(), fates, service))
            .collect()
    }

    fn of(
        play: &str,
        weight: Weight,
        loss: &Loss,
        open: Option<&str>,
        fates: &[&Fate],
        service: &Service,
    ) -> Option<Self> {
        let first = fates.first()?;
        let what: Vec<String> = fates.iter().map(|fate| what(fate)).collect();
        let what = what.join(", ");
        let text = match open {
            Some(rule) => {
                format!("{what} may be lost in {}; what this rule asks for cannot be told ({})", loss.hook, shown(rule))
            }
            None => format!("{what} are lost in {}{} ({})", loss.hook, why(loss.why), shown(&loss.by)),
        };
        let mode = fates.iter().map(|fate| fate.sort.mode()).min()?;
        Some(Self { play: play.to_owned(), mode, weight, text, cure: cure(first.sort, loss, service) })
    }
}

fn what(fate: &Fate) -> String {
    match fate.sort {
        Sort::ToRange | Sort::RangeAnswer => format!("{} (ports {})", fate.sort.words(), fate.ports),
        sort => sort.words().to_owned(),
    }
}

fn shown(rule: &str) -> String {
    excerpt(rule.as_bytes())
}

const fn why(cause: Cause) -> &'static str {
    match cause {
        Cause::Dropped | Cause::Unknown => "",
        Cause::ConntrackOff => ", since conntrack does not know IPVS' connections while net.ipv4.vs.conntrack is 0",
        Cause::Redirected => ", where they get another destination before IPVS sees them",
        Cause::NotMarked => ", where they come to IPVS without the cluster's mark",
        Cause::NotRewritten => ", where they leave with the real server's own address",
        Cause::NotTracked => ", since what conntrack is told to leave alone is not rewritten",
        Cause::Masked => ", where the real server gets to see the router's address in place of the client's",
        Cause::NotForwarded => ", since the interface does not forward what comes in by it",
    }
}

/// What lets the packets through, in iptables' words.
fn cure(sort: Sort, loss: &Loss, service: &Service) -> String {
    let vip = service.virtual_ip;
    let network = service.network.map_or_else(|| "REAL_NETWORK".to_owned(), |network| network.to_string());
    let (low, high) = service.passive_ports;
    let ports = format!("{},{low}:{high}", service.control_port);
    match (loss.why, loss.hook.as_str()) {
        (Cause::Dropped | Cause::Unknown, hook @ ("INPUT" | "FORWARD" | "OUTPUT")) => {
            let conditions = match (hook, sort) {
                ("INPUT", _) => format!("-d {vip} -p tcp -m multiport --dports {ports}"),
                ("OUTPUT", _) => format!("-d {network} -p tcp -m multiport --dports {ports}"),
                (_, Sort::ActiveData) => format!("-s {network} -p tcp --sport 20"),
                (_, Sort::ActiveAnswer) => format!("-d {network} -p tcp --dport 20"),
                _ => format!("-s {network} -p tcp -m multiport --sports {ports}"),
            };
            format!(
                "let them pass before that, now and at boot, in the words of what keeps the host's rules: iptables -I {hook} \
                 {conditions} -j ACCEPT"
            )
        }
        (Cause::Dropped | Cause::Unknown, _) => "look at that rule".to_owned(),
        (Cause::ConntrackOff, _) => {
            "sysctl -w net.ipv4.vs.conntrack=1, and say so in /etc/sysctl.d; it cuts no connection".to_owned()
        }
        (Cause::Redirected, _) => format!("delete that rule, or except {vip} from it"),
        (Cause::NotMarked, _) => {
            format!("except {vip} from that rule, or move it to where it does not meet FTP's packets")
        }
        (Cause::NotRewritten, _) => format!("except what comes from {network}, source port 20, from that rule"),
        (Cause::NotTracked, _) => format!("except {network} from the rule that says NOTRACK"),
        (Cause::Masked, _) => {
            format!("except {network} as destination from that rule, or bind it to the outer interface")
        }
        (Cause::NotForwarded, _) => {
            let name = loss.by.strip_suffix(" is 0").unwrap_or(&loss.by);
            format!("sysctl -w {name}=1, and say so in /etc/sysctl.d behind what sets it to 0")
        }
    }
}
