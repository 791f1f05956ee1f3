//! A second reader of lvs.cf, for tests alone: it goes through the bytes as the lexer of pulse (Piranha 0.8.6) does, and
//! shares nothing with the product. What it takes, pulse takes.
#![allow(dead_code, reason = "each suite uses a part")]

use std::{collections::BTreeMap, net::Ipv4Addr};

/// What pulse knows after it has read a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    pub globals: BTreeMap<String, Vec<String>>,
    pub virtuals: Vec<Virtual>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Virtual {
    pub name: String,
    pub is_failover: bool,
    pub settings: BTreeMap<String, Vec<String>>,
    pub servers: Vec<Server>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Server {
    pub name: String,
    pub address: Option<Ipv4Addr>,
    pub is_active: bool,
    pub weight: i64,
    pub port: i64,
}

impl Virtual {
    pub fn word(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(|words| words[0].as_str())
    }

    pub fn number(&self, key: &str, default: i64) -> i64 {
        self.word(key).map_or(default, |word| number(word).unwrap())
    }

    pub fn is_active(&self) -> bool {
        self.number("active", 0) == 1
    }

    /// By this lvsd knows it again.
    pub fn place(&self) -> (String, i64, String) {
        let address = self.word("address").unwrap_or("0.0.0.0").to_owned();
        (address, port(self.word("port").unwrap_or("80")).unwrap(), self.word("protocol").unwrap_or("tcp").to_owned())
    }

    pub fn persistence(&self) -> (i64, String) {
        let mask = self.word("pmask").filter(|mask| *mask != "255.255.255.255" && *mask != "0.0.0.0");
        (self.number("persistent", 0), mask.unwrap_or_default().to_owned())
    }
}

/// Reads a file, or says on which line and why pulse refuses it.
pub fn read(text: &[u8]) -> Result<Config, String> {
    if text.is_empty() {
        return Err("empty configuration".to_owned());
    }
    let mut contents = text.to_vec();
    contents.push(b'\n');
    let (mut config, mut at, mut line) = (Config::default(), 0, 0);
    // 0: outside, 1: in a virtual or failover, 2: in a server.
    let mut depth = 0;
    while at < contents.len() {
        // A carriage return anywhere behind this ends the line, if there is one.
        let ends = |wanted: u8| contents[at..].iter().position(|byte| *byte == wanted).map(|more| at + more);
        let end = ends(b'\r').or_else(|| ends(b'\n')).ok_or("no end")?;
        line += 1;
        let mut start = at;
        while contents[start] == b' ' || contents[start] == b'\t' {
            start += 1;
        }
        at = end + 1;
        if contents[start] == b'#' || contents[start] == b'\n' || contents[start] == b'\r' {
            continue;
        }
        let words = tokens(&contents[start..end]).map_err(|why| format!("line {line}: {why}"))?;
        take(&mut config, &mut depth, &words).map_err(|why| format!("line {line}: {why}: {words:?}"))?;
    }
    if depth != 0 {
        return Err("the end of the file is inside of a block".to_owned());
    }
    let mut persistence: BTreeMap<i64, (i64, String)> = BTreeMap::new();
    for one in config.virtuals.iter().filter(|one| one.is_active() && one.number("fwmark", 0) != 0) {
        let known = persistence.entry(one.number("fwmark", 0)).or_insert_with(|| one.persistence());
        if *known != one.persistence() {
            return Err(format!("two persistences of mark {}", one.number("fwmark", 0)));
        }
    }
    Ok(config)
}

fn tokens(line: &[u8]) -> Result<Vec<String>, &'static str> {
    let blank = |at: usize| line.get(at).is_some_and(|byte| *byte == b' ' || *byte == b'\t');
    let (mut words, mut at) = (Vec::new(), 0);
    while at < line.len() && words.len() < 99 {
        let mut end = at;
        while end < line.len() && !blank(end) {
            end += 1;
        }
        let quote = line[at];
        let quoted = quote == b'"' || quote == b'\'';
        if quoted {
            at += 1;
            while end < line.len() && line[end] != quote {
                end += 1;
            }
            if end < line.len() {
                end += 1;
            }
            if end == at || line[end - 1] != quote {
                return Err("quotation mismatch");
            }
        }
        let text = String::from_utf8_lossy(&line[at..if quoted { end - 1 } else { end }]).into_owned();
        words.push(if quote == b'\'' { format!("'{text}'") } else { text });
        at = end;
        while blank(at) {
            at += 1;
        }
    }
    Ok(words)
}

fn number(word: &str) -> Option<i64> {
    let (digits, radix) = match word.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None if word.len() > 1 && word.starts_with('0') => (&word[1..], 8),
        None => (word, 10),
    };
    i64::from_str_radix(digits, radix).ok()
}

fn port(word: &str) -> Option<i64> {
    match word {
        "http" => Some(80),
        "ftp" => Some(21),
        _ => number(word),
    }
}

const NUMBERS: &str = " serial_no keepalive deadtime monitor_links syncd_id tcp_timeout tcpfin_timeout udp_timeout fwmark \
    persistent timeout reentry ";
const SWITCHES: &str = " backup_active heartbeat syncdaemon hard_shutdown sync active use_regex quiesce_server ";
const GLOBALS: &str = " serial_no primary primary_private primary_shared backup backup_active backup_private backup_shared \
    reservation_conflict_action nat_nmask nat_router active_cmd inactive_cmd monitor_links debug_level hard_shutdown ipvsadm \
    keepalive deadtime rsh_command syncdaemon syncd_iface syncd_id tcp_timeout tcpfin_timeout udp_timeout heartbeat \
    heartbeat_port sync network service ";
const VIRTUALS: &str = " active address sorry_server vip_nmask fwmark protocol port scheduler persistent pmask client_monitor \
    send_program send expect use_regex timeout reentry load_monitor quiesce_server start_cmd stop_cmd master ";
const SCHEDULERS: &str = " lc rr wlc wrr lblc lblcr dh sh ";

fn has(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
}

fn take(config: &mut Config, depth: &mut usize, words: &[String]) -> Result<(), String> {
    let key = words[0].as_str();
    if key == "}" && *depth > 0 {
        *depth -= 1;
        return if words.len() > 1 { Err("unexpected arguments".to_owned()) } else { Ok(()) };
    }
    let opens = (*depth == 0 && (key == "virtual" || key == "failover")) || (*depth == 1 && key == "server");
    if opens {
        if words.len() != 3 || words[2] != "{" {
            return Err("missing arguments".to_owned());
        }
        let name = words[1].clone();
        if *depth == 0 {
            config.virtuals.push(Virtual { name, is_failover: key == "failover", ..Virtual::default() });
        } else {
            let parent = config.virtuals.last_mut().unwrap();
            // What stands below does not count here.
            let port = parent.place().1;
            parent.servers.push(Server { name, weight: 1, port, ..Server::default() });
        }
        *depth += 1;
        return Ok(());
    }
    if words.get(1).is_none_or(|word| word != "=") {
        return Err("equal (=) expected after command, or unknown command".to_owned());
    }
    let wanted = if key == "nat_router" || (*depth == 1 && key == "address") { 2 } else { 1 };
    if words.len() != wanted + 2 {
        return Err("missing or unexpected arguments".to_owned());
    }
    let value = words[2].as_str();
    if *depth == 2 {
        let server = config.virtuals.last_mut().unwrap().servers.last_mut().unwrap();
        let number = || number(value).ok_or("integer expected");
        match key {
            "address" => server.address = Some(value.parse().map_err(|_| "invalid host name or ip address")?),
            "active" => server.is_active = number()? == 1,
            "weight" => server.weight = number()?,
            "port" => server.port = number()?,
            _ => return Err("unknown command".to_owned()),
        }
        return Ok(());
    }
    let known = if *depth == 0 { GLOBALS } else { VIRTUALS };
    let fits = has(known, key)
        && (!has(NUMBERS, key) || number(value).is_some())
        && (!has(SWITCHES, key) || matches!(number(value), Some(0 | 1)))
        && (!matches!(key, "network") || matches!(value, "nat" | "direct" | "tunnel"))
        && (!matches!(key, "service") || matches!(value, "lvs" | "fos"))
        && (!matches!(key, "protocol") || matches!(value, "tcp" | "udp"))
        && (!matches!(key, "scheduler") || has(SCHEDULERS, value))
        && (!matches!(key, "port" | "heartbeat_port") || port(value).is_some())
        && (!matches!(key, "vip_nmask" | "nat_nmask" | "pmask" | "sorry_server") || value.parse::<Ipv4Addr>().is_ok());
    if !fits {
        return Err("unknown command or invalid argument".to_owned());
    }
    let settings = if *depth == 0 { &mut config.globals } else { &mut config.virtuals.last_mut().unwrap().settings };
    settings.insert(key.to_owned(), words[2..].to_vec());
    Ok(())
}
