//! lvs.cf: lines, quotes and blocks as pulse's lexer has them, and edits that leave the rest alone.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{LvsCf, Statement};
use crate::format::lvs_cf_edit::{Server, Setting, Virtual};
use proptest::prelude::*;

fn all(statements: &[Statement]) -> String {
    let one = |one: &Statement| {
        let inner = if one.block.is_some() { format!(" {{ {}}}", all(one.inner())) } else { String::new() };
        format!("{}{inner}; ", one.words.join("|"))
    };
    statements.iter().map(one).collect()
}

/// What the file says, in one form; what is wrong with it where it is refused.
fn shown(text: &str) -> String {
    match LvsCf::parse(text.as_bytes()) {
        Ok(conf) => {
            assert_eq!(conf.render(), text.as_bytes());
            all(&conf.statements)
        }
        Err(malformed) => malformed.to_string(),
    }
}

#[test]
fn lines_and_blocks() {
    for (text, expected) in [
        ("", ""),
        (" \n\t# virtual x {\n\n", ""),
        ("primary = 192.0.2.2", "primary|192.0.2.2; "),
        ("\tnat_router\t=  10.1.1.1   eth1:1 \t\nserial_no = 0x1F\n", "nat_router|10.1.1.1|eth1:1; serial_no|0x1F; "),
        (
            "virtual a {\n active = 1\n server b {\n  weight = 010\n }\n}\nfailover c {\n stop_cmd = \"x y\"\n} \n",
            "virtual|a { active|1; server|b { weight|010; }; }; failover|c { stop_cmd|x y; }; ",
        ),
        ("virtual a {\n dirs = [ /a:/b /c ]\n}\n", "virtual|a { dirs|[|/a:/b|/c|]; }; "),
        ("virtual {\n}\n", "line 1: a block whose line is not `NAME {` behind its kind: virtual {"),
        ("virtual a\n{\n}\n", "line 1: a block whose line is not `NAME {` behind its kind: virtual a"),
        ("virtual a {\n", "line 1: a block that is not closed: virtual a"),
        ("}\n", "line 1: a closing brace without an opening one: }"),
        ("virtual a {\n} # end\n", "line 2: something behind a closing brace: } # end"),
        ("server a {\n}\n", "line 1: a key that pulse does not know here: server a {"),
        ("weight = 1\n", "line 1: a key that pulse does not know here: weight = 1"),
        ("backup_active=1\n", "line 1: a key that pulse does not know here: backup_active=1"),
        ("backup_active =1\n", "line 1: a key without ` = ` behind it, with a blank on both sides: backup_active =1"),
        (
            "keepalive = 6 # seconds\n",
            "line 1: more words than this key takes (a comment needs a line of its own): keepalive = 6 # seconds",
        ),
        ("nat_router = 10.1.1.1\n", "line 1: fewer words than this key takes: nat_router = 10.1.1.1"),
        ("keepalive = 6s\n", "line 1: no whole number: keepalive = 6s"),
        ("heartbeat = yes\n", "line 1: neither 0 nor 1: heartbeat = yes"),
        ("network = NAT\n", "line 1: a word that pulse does not know here: network = NAT"),
        ("primary = 192.0.2.2\r\n", "line 1: a carriage return: pulse loses lines of such a file: primary = 192.0.2.2"),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

#[test]
fn quotes() {
    let said = |word: &str| shown(&format!("virtual a {{\n expect = {word}\n}}\n"));
    for (word, expected) in [
        ("\"ok\"", Some("ok")),
        ("\"GET / HTTP/1.0\\r\\n\"", Some("GET / HTTP/1.0\\r\\n")),
        ("\"two words\"  ", Some("two words")),
        ("\"a\"b\"", Some("a\"b")),
        ("'a b'", Some("'a b'")),
        ("a\"b", Some("a\"b")),
        ("\"\"", Some("")),
        ("\"ok\" ", None),
        ("\"", None),
        ("\"two words", None),
        ("\"two words\"x", None),
    ] {
        let expected = expected.map(|word| format!("virtual|a {{ expect|{word}; }}; "));
        match expected {
            Some(expected) => assert_eq!(said(word), expected, "{word}"),
            None => assert!(said(word).starts_with("line 2: "), "{word}: {}", said(word)),
        }
    }
}

fn wanted(servers: &[u8]) -> Virtual {
    Virtual {
        name: "FTP".to_owned(),
        settings: vec![Setting::is("fwmark", &21), Setting::is("port", &21), Setting::quoted("send", "QUIT\\r\\n")],
        servers: servers
            .iter()
            .map(|last| Server {
                name: format!("ftp{last}"),
                address: [10, 1, 1, *last].into(),
                settings: vec![Setting::is("active", &1), Setting::unless("weight", &1)],
            })
            .collect(),
        leaving: Vec::new(),
    }
}

fn edited(text: &str, servers: &[u8]) -> String {
    let conf = LvsCf::parse(text.as_bytes()).unwrap();
    let is_it = |one: &Statement| super::number_of(one, "fwmark") == Some(21);
    let new = conf.with_virtual(&wanted(servers), &is_it).unwrap().raised_from(&conf).unwrap();
    assert_eq!(new.with_virtual(&wanted(servers), &is_it).unwrap().raised_from(&new).unwrap(), new, "{text}");
    String::from_utf8(new.render().to_vec()).unwrap()
}

#[test]
fn a_new_block_stands_behind_the_others() {
    let new = "virtual FTP {\n     fwmark = 21\n     port = 21\n     send = \"QUIT\\r\\n\"\n     server ftp11 {\n         \
               address = 10.1.1.11\n         active = 1\n         weight = 1\n     }\n}\n";
    assert_eq!(edited("", &[11]), format!("serial_no = 1\n{new}"));
    assert_eq!(edited("# x\nserial_no = 9\n", &[11]), format!("# x\nserial_no = 10\n\n{new}"));
    assert_eq!(edited("serial_no = 2147483647", &[11]), format!("serial_no = 1\n\n{new}"));
}

#[test]
fn only_what_differs_is_edited() {
    let text = "serial_no = 7\n\nvirtual mine {\n\tfwmark\t=   025\n\t# by hand\n\tsend = 'QUIT\\r\\n'\n\tserver one {\n\t\t\
                address = 10.1.1.11\n\t\tactive = 0x1\n\t\tweight = 9\n\t}\n\tserver gone {\n\t\taddress = 10.1.1.99\n\t\t\
                active = 1\n\t}\n\t# behind\n} \nvirtual other {\n\tfwmark = 22\n}\n";
    let expected = text
        .replace("serial_no = 7", "serial_no = 8")
        .replace("'QUIT\\r\\n'\n", "\"QUIT\\r\\n\"\n\tport = 21\n")
        .replace("10.1.1.99\n\t\tactive = 1\n\t}\n", "10.1.1.99\n\t\tactive = 0\n\t}\n\tserver ftp12 {\n\t\taddress = 10.1.1.12\n\t\tactive = 1\n\t\tweight = 1\n\t}\n");
    assert_eq!(edited(text, &[11, 12]), expected);
}

#[test]
fn globals_come_behind_the_others() {
    let globals =
        [Setting::is("network", &"nat"), Setting::are("nat_router", vec!["10.1.1.1".into(), "eth1:1".into()])];
    for (text, expected) in [
        ("", "network = nat\nnat_router = 10.1.1.1 eth1:1\n"),
        ("# a\n", "network = nat\nnat_router = 10.1.1.1 eth1:1\n# a\n"),
        ("# a\nvirtual a {\n}", "# a\nnetwork = nat\nnat_router = 10.1.1.1 eth1:1\nvirtual a {\n}"),
        (
            "network = nat\nnetwork =\tdirect\nvirtual a {\n}\nkeepalive = 6\n",
            "network = nat\nnetwork =\tnat\nnat_router = 10.1.1.1 eth1:1\nvirtual a {\n}\nkeepalive = 6\n",
        ),
        ("network = nat\nnat_router =  10.1.1.1\teth1:1", "network = nat\nnat_router =  10.1.1.1\teth1:1"),
    ] {
        let conf = LvsCf::parse(text.as_bytes()).unwrap().with_globals(&globals).unwrap();
        assert_eq!(String::from_utf8_lossy(conf.render()), expected);
    }
}

proptest! {
    /// Whatever it is read from, it is the same text again; and nothing panics.
    #[test]
    fn any_text_is_kept(text in "([a-z{}#=\"' \t\n]|virtual x \\{\n|server y \\{\n|\\}\n|active = 1\n){0,30}") {
        if let Ok(conf) = LvsCf::parse(text.as_bytes()) {
            prop_assert_eq!(conf.render(), text.as_bytes());
        }
    }
}
