//! keepalived.conf: braces, quotes and comments as keepalived reads them, and edits that leave the rest alone.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::KeepalivedConf;
use crate::format::keepalived_edit::{Setting, Wanted};
use proptest::prelude::*;

fn parsed(text: &str) -> KeepalivedConf {
    KeepalivedConf::parse(text.as_bytes()).unwrap()
}

/// What the file says, in one form.
fn shown(statements: &[super::Statement]) -> String {
    let one = |one: &super::Statement| {
        let inner = if one.block.is_some() { format!(" {{ {}}}", shown(one.inner())) } else { String::new() };
        format!("{}{inner}; ", one.words.join("|"))
    };
    statements.iter().map(one).collect()
}

#[test]
fn statements_blocks_and_comments() {
    for (text, expected) in [
        ("", ""),
        ("# a { b\n! c }\n", ""),
        ("a b{\n}\n", "a|b { }; "),
        ("a b\n{\n c # d }\n}}", "?"),
        ("a b\n\n{\n c # d }\n}", "a|b { c; }; "),
        ("a {\n b {\n c\n }}\nd", "a { b { c; }; }; d; "),
        ("a \"b c\" 'd \"e'\\x f\"g h\"i", "a|b c|d \"e\\x|fg hi; "),
        ("a { weight 1\n }", "a { weight|1; }; "),
        ("include {a,b}/*.conf\n", "include|{a,b}/*.conf; "),
        ("a ${B} ${C}{\n}", "a|${B}|${C} { }; "),
        ("a#b", "a; "),
        ("a {}\nb { # c\n}", "a { }; b { }; "),
        ("a {\n", "?"),
        ("{\n}\n", "?"),
        ("}", "?"),
        ("a \"b\n", "?"),
        ("a 'b", "?"),
    ] {
        let conf = KeepalivedConf::parse(text.as_bytes());
        let said = conf.as_ref().map_or_else(|_| "?".to_owned(), |conf| shown(&conf.statements));
        assert_eq!(said, expected, "{text:?}");
        assert!(conf.map_or(true, |conf| conf.render() == text.as_bytes()));
    }
}

/// Every sample that Debian's package brings is read whole, and a block put behind it leaves it as it was.
#[test]
fn the_samples_of_the_package_are_read() {
    let samples = std::fs::read_dir("/usr/share/doc/keepalived/samples").unwrap();
    let mut read = 0;
    for path in samples.map(|entry| entry.unwrap().path()).filter(|path| path.to_string_lossy().contains(".conf.")) {
        let text = std::fs::read(&path).unwrap();
        let conf = KeepalivedConf::parse(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let new = conf.with(&wanted(), &|one| wanted().is_head_of(one)).unwrap();
        assert_eq!(new.render().strip_prefix(&text[..]).unwrap().trim_ascii_start(), NEW.as_bytes(), "{path:?}");
        read += 1;
    }
    assert!(read >= 20, "{read}");
}

const NEW: &str =
    "virtual_server fwmark 777 {\n    lvs_sched wlc\n    real_server 10.1.1.11 0 {\n        weight 1\n    }\n}\n";

fn wanted() -> Wanted {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    Wanted {
        head: words("virtual_server fwmark 777"),
        settings: vec![Setting::is(&["lvs_sched", "lb_algo"], &"wlc"), Setting::none(&["protocol"])],
        blocks: vec![Wanted {
            head: words("real_server 10.1.1.11 0"),
            settings: vec![Setting::is(&["weight"], &1)],
            ..Wanted::default()
        }],
        only: &["real_server"],
        ..Wanted::default()
    }
}

/// What differs is edited where it stands; what is meant in other words stays.
#[test]
fn edits_are_the_least() {
    for (text, expected) in [
        ("", NEW),
        (NEW, NEW),
        ("a", "a\n\nNEW"),
        // Other words for the same.
        (
            "virtual_server fwmark 0777 { # ours\n\tlb_algo \"wlc\" ! b\n\treal_server 10.1.1.11 {\n\tweight 1.0\n\tnotify_up x\n}\n quorum 2\n}\n",
            "",
        ),
        (
            "virtual_server fwmark 777 {\n lb_algo rr # b\n protocol TCP # no\n real_server 10.1.1.11 0 {\n  weight 3\n  weight 2\n }\n real_server 10.1.1.12 0 {\n }\n}\n# end\n",
            "virtual_server fwmark 777 {\n lvs_sched wlc # b\n real_server 10.1.1.11 0 {\n  weight 1\n }\n}\n# end\n",
        ),
        (
            "virtual_server fwmark 777 {\n}\nb\nvirtual_server fwmark 777\n{\n\tdelay_loop 3 }\nc\n",
            "b\nvirtual_server fwmark 777\n{\n\tdelay_loop 3\n\tlvs_sched wlc\n\treal_server 10.1.1.11 0 {\n\t    weight 1\n\t}\n }\nc\n",
        ),
    ] {
        let new = parsed(text).with(&wanted(), &|one| wanted().is_head_of(one)).unwrap();
        let expected =
            if expected.is_empty() { text.to_owned() } else { expected.replace("\n\nNEW", &format!("\n\n{NEW}")) };
        assert_eq!(String::from_utf8_lossy(new.render()), expected, "{text}");
        let again = new.with(&wanted(), &|one| wanted().is_head_of(one)).unwrap();
        assert_eq!(again.render(), new.render());
    }
}

proptest! {
    /// Any text is read and rendered byte for byte, or refused.
    #[test]
    fn what_is_read_is_rendered(text in "[ab{}\"'#!$ \\\\\n\t]{0,60}") {
        if let Ok(conf) = KeepalivedConf::parse(text.as_bytes()) {
            prop_assert_eq!(conf.render(), text.as_bytes());
        }
    }

    /// Whatever is in the file, it says what is wanted after one edit, and a second one changes nothing.
    #[test]
    fn one_edit_is_enough(lines in proptest::collection::vec(prop_oneof![
        Just("virtual_server fwmark 777 {\n"), Just("virtual_server fwmark 777\n{\n"), Just("virtual_server fwmark 78 {\n"), Just("}\n"), Just("}"), Just(" lvs_sched rr"),
        Just("  lb_algo wlc\n"), Just("protocol TCP # x\n"), Just("  real_server 10.1.1.11 {\n"), Just("real_server 10.1.1.12 0 {"),
        Just("weight 1\n"), Just("weight 2 "), Just("\n"), Just("# }\n"),
    ], 0..14)) {
        if let Ok(conf) = KeepalivedConf::parse(lines.concat().as_bytes()) {
            let is_it = |one: &super::Statement| wanted().is_head_of(one);
            let new = conf.with(&wanted(), &is_it).unwrap();
            let found: Vec<_> = new.statements.iter().filter(|one| is_it(one)).collect();
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].setting(&["lvs_sched", "lb_algo"]).unwrap(), ["wlc"]);
            prop_assert_eq!(found[0].inner().iter().filter(|one| one.name() == "real_server").count(), 1);
            let again = new.with(&wanted(), &is_it).unwrap();
            prop_assert_eq!(again.render(), new.render());
        }
    }
}

/// With the square of a line's length this would take minutes.
#[test]
fn as_many_braces_on_a_line_as_there_is_room() {
    for (unit, statements) in [("a { } ", 200_000), ("a{   } ", 1), ("a {b} ", 200_000), ("a{ ", 1)] {
        let text = unit.repeat(200_000);
        if let Ok(conf) = KeepalivedConf::parse(text.as_bytes()) {
            assert!(conf.statements.len() <= statements, "{unit}");
        }
    }
    let deep = KeepalivedConf::parse("a {\n".repeat(100_000).as_bytes()).unwrap_err();
    assert_eq!((deep.line, deep.what), (101, "blocks nested deeper than keepalived's are"));
}
