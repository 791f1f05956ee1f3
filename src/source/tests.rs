//! Trees of JSON and YAML, what their errors say, and that nothing in a file can do harm.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use super::{Fault, Faults, Node, Source, Span, Value, decimal, nearest};
use proptest::prelude::*;

fn tree(name: &str, text: &str) -> Result<Node, Faults> {
    Source::new(name, text).tree()
}

/// A tree as text without places, for comparison.
fn plain(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(written) => format!("#{written}"),
        Value::Text(text) => format!("{text:?}"),
        Value::Time(text) => format!("@{text}"),
        Value::Tagged(tag, inner) => {
            let inner = Node { span: node.span, value: (**inner).clone() };
            format!("<{tag} {}>", plain(&inner))
        }
        Value::List(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Map(entries) => {
            let parts = entries.iter().map(|entry| format!("{}={}", entry.key, plain(&entry.value)));
            format!("{{{}}}", parts.collect::<Vec<_>>().join(" "))
        }
    }
}

fn check(name: &str, text: &str, expected: &str) {
    match tree(name, text) {
        Ok(node) => assert_eq!(plain(&node), expected, "{text}"),
        Err(faults) => assert_eq!(faults.as_slice()[0].message(), expected, "{text}"),
    }
}

#[test]
fn json_keeps_numbers_as_written_and_keys_in_order() {
    check("a.json", "{\"b\": 1e3, \"a\": [true, null, -0.5]}", "{b=#1e3 a=[true null #-0.5]}");
    check("a.json", "\u{feff} \"\\u00e9\\n\"", "\"é\\n\"");
}

#[test]
fn yaml_words_mean_what_ansible_takes_them_for() {
    check(
        "a.yml",
        "a: yes\nb: 'yes'\nc: 010\nd: ~\ne: 12:30:45\nf: 1.5\ng: 1.2.3.4\nh: 08\ni: 0o17\nj: 1e3",
        "{a=true b=\"yes\" c=#010 d=null e=#12:30:45 f=#1.5 g=\"1.2.3.4\" h=\"08\" i=\"0o17\" j=\"1e3\"}",
    );
    check(
        "a.yml",
        "a: !!str 1\nb: !unsafe '{{ x }}'\nc: !vault x\nd: -\n",
        "this is not YAML: block sequence entries are not allowed in this context",
    );
    check(
        "a.yml",
        "a: !!str 1\nb: !unsafe '{{ x }}'\nc: !vault x",
        "{a=\"1\" b=<!unsafe \"{{ x }}\"> c=<!vault \"x\">}",
    );
    check("a.yml", "# nothing but a comment\n", "null");
    check("a.yml", "1: a\nno: b\n", "{1=\"a\" false=\"b\"}");
}

#[test]
fn yaml_anchors_and_merge_keys_are_written_out() {
    check("a.yml", "x: &x {a: 1, b: 2}\ny: *x\nz: {<<: *x, b: 3}", "{x={a=#1 b=#2} y={a=#1 b=#2} z={a=#1 b=#3}}");
    check("a.yml", "x: &x [*x]", "this alias stands inside the value that it names");
    check("a.yml", "x: {<<: 1}", "`<<` takes a map, or a list of maps");
}

#[test]
fn a_file_without_an_ending_is_json_where_it_starts_like_it() {
    check("hosts", " {\"a\": 1}", "{a=#1}");
    check("hosts", "a: 1", "{a=#1}");
    check("hosts", "{a: 1}", "{a=#1}");
    check("a.yml", "{\"a\": 1e3, \"b\": {\"__ansible_vault\": \"x\"}}", "{a=#1e3 b=<!vault \"x\">}");
}

#[test]
fn nesting_ends_before_the_stack_does() {
    let deep = "values are nested deeper than 100 levels";
    for unit in ["[", "{\"a\":", "- ", "a:\n "] {
        let text = unit.repeat(100_000);
        assert!(tree("a.yml", &text).is_err(), "{unit}");
        assert!(tree("a.json", &text).is_err(), "{unit}");
    }
    check("a.json", &format!("{}{}", "[".repeat(5000), "]".repeat(5000)), deep);
    check("a.yml", &"- ".repeat(5000), deep);
}

#[test]
fn ten_megabytes_are_read() {
    let hosts: Vec<String> =
        (0..200_000).map(|n| format!("\"host{n}\": {{\"ansible_host\": \"192.0.2.1\"}}")).collect();
    let text = format!("{{{}}}", hosts.join(",\n"));
    assert!(text.len() > 8 << 20);
    let Value::Map(entries) = tree("a.json", &text).unwrap().value else {
        panic!("not a map");
    };
    assert_eq!(entries.len(), 200_000);
    let last = &entries[199_999];
    assert_eq!(&text[last.key_span.start..last.key_span.end], "\"host199999\"");
}

#[test]
fn places_count_bytes_in_a_text_that_is_not_ascii() {
    for name in ["a.json", "a.yml"] {
        let text = "{\"größe\": \"ä\", \"ß\": [1, 22]}";
        let node = tree(name, text).unwrap();
        let list = node.entry("ß").unwrap();
        let Value::List(items) = &list.value else { panic!("{list:?}") };
        assert_eq!(&text[items[1].span.start..items[1].span.end], "22", "{name}");
        let first = node.entry("größe").unwrap();
        assert_eq!(&text[first.span.start..first.span.end], "\"ä\"", "{name}");
    }
}

#[test]
fn a_repeated_key_is_refused_with_both_places() {
    let faults = tree("a.yml", "a: 1\nb: 2\na: 3\n").unwrap_err();
    let text = faults.to_string();
    assert!(text.contains("a.yml:3:1") && text.contains("a.yml:1:1"), "{text}");
}

#[test]
fn a_long_line_is_named_but_not_shown() {
    let source = Source::new("a.json", format!("[\"{}\"]", "ä".repeat(20_000)));
    let fault = Fault::at(&source.place(Span { start: 40_003, end: 40_004 }), "x");
    assert_eq!(Faults::from(fault).to_string(), "error: x\n --> a.json:1:20004");
}

#[test]
fn many_faults_are_counted_not_shown() {
    let faults: Vec<Fault> = (0..60).map(|n| Fault::about("f", n.to_string())).collect();
    let text = Faults::check(faults).unwrap_err().to_string();
    assert!(text.ends_with("error: and 10 more"), "{text}");
}

#[test]
fn numbers_are_decimal() {
    assert_eq!(decimal("0"), Ok(0));
    assert_eq!(decimal("21"), Ok(21));
    for bad in ["", "021", "00", "+1", "-1", "1.0", "1e3", "0x15", " 1", "1_000", "99999999999999999999"] {
        assert!(decimal(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_near_miss_is_a_slip_or_two_not_another_word() {
    let words = ["virtual_ip", "hosts", "wlc", "tags"];
    assert_eq!(nearest("virtaul_ip", words), Some("virtual_ip"));
    assert_eq!(nearest("Host", words), Some("hosts"));
    assert_eq!(nearest("wcl", words), Some("wlc"));
    assert_eq!(nearest("tasks", words), None);
}

fn spans_fit(node: &Node, text: &str) -> bool {
    let fits = |span: Span| text.get(span.start..span.end).is_some();
    fits(node.span)
        && match &node.value {
            Value::List(items) => items.iter().all(|item| spans_fit(item, text)),
            Value::Map(entries) => entries.iter().all(|entry| fits(entry.key_span) && spans_fit(&entry.value, text)),
            _ => true,
        }
}

/// Pieces that make up both formats, so that random texts get past the first byte.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{", "}", "[", "]", ":", ",", "\"", "'", "\n", "  ", "- ", "? ", "a", "é", "\u{1b}", "\r", "\t", "1", "021",
        "&a ", "*a", "<<", "!vault ", "|", ">", "---", "#", "\\u12", "\\", "null", "\u{202e}", "\u{feff}", "%", "@",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_can_stop_the_readers(text in prop_oneof![pieces(), any::<String>()]) {
        for name in ["a.json", "a.yml"] {
            match tree(name, &text) {
                Ok(node) => prop_assert!(spans_fit(&node, &text)),
                Err(faults) => prop_assert!(!faults.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn no_fault_can_drive_a_terminal(text in any::<String>(), message in any::<String>(), at in 0_usize..50, length in 0_usize..50) {
        let source = Source::new(message.as_str(), text.as_str());
        let place = source.place(Span { start: at, end: at + length });
        let shown = Faults::from(Fault::at(&place, message.clone()).hint(message)).to_string();
        prop_assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
        prop_assert!(!shown.contains(['\u{202e}', '\u{200b}', '\u{2066}']), "{shown:?}");
    }
}
