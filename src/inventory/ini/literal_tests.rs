//! Values as Python's `ast.literal_eval` has them; what it refuses is text.

use super::value;
use crate::source::{Span, Value};

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.clone(),
        Value::Text(text) | Value::Time(text) => format!("{text:?}"),
        Value::List(items) => {
            format!("[{}]", items.iter().map(|item| plain(&item.value)).collect::<Vec<_>>().join(" "))
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|entry| format!("{}={}", entry.key, plain(&entry.value.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
        }
        Value::Tagged(tag, inner) => format!("{tag} {}", plain(inner)),
    }
}

fn check(text: &str, expected: &str) {
    assert_eq!(value(text, Span::default()).map(|value| plain(&value)).as_deref(), Ok(expected), "{text}");
}

fn is_text(text: &str) {
    assert_eq!(value(text, Span::default()), Ok(Value::Text(text.to_owned())), "{text}");
}

#[test]
fn numbers_and_words() {
    check("1", "1");
    check("-1", "-1");
    check("- 1", "-1");
    check("+1", "1");
    check("1_000", "1000");
    check("00", "0");
    check("0x1F", "31");
    check("0o17", "15");
    check("0b11", "3");
    check("1.50", "1.5");
    check("1.", "1.0");
    check(".5", "0.5");
    check("01.5", "1.5");
    check("00.5", "0.5");
    check("0.0", "0.0");
    check("1e3", "1000.0");
    check("1e-3", "0.001");
    check("1E+3", "1000.0");
    check("09e1", "90.0");
    check("True", "true");
    check("None", "null");
    check("5 # comment", "5");
    check("...", "\"...\"");
    check("set()", "[]");
    for text in [
        "",
        "017",
        "08",
        "1__0",
        "1_",
        "_1",
        "0x",
        "--1",
        "1+2",
        "10.0.0.1",
        "1.5.3",
        "1a",
        "2j",
        "true",
        "yes",
        "null",
        "None1",
        "Truey",
        "1 2",
        "foo",
        "foo # bar",
        "1,,2",
        ",",
        "1;",
        "0x_",
        "1e",
        "-",
        "-True",
        ".",
        "-'a'",
        "nan",
    ] {
        is_text(text);
    }
}

#[test]
fn texts() {
    check("'a b'", "\"a b\"");
    check("\"a\" # c", "\"a\"");
    check("'a' \"b\"", "\"ab\"");
    check("'''it's'''", "\"it's\"");
    check("''", "\"\"");
    check("'\\n\\t\\\\\\x41\\u00e9\\101\\q'", "\"\\n\\t\\\\AéA\\\\q\"");
    check("r'\\n'", "\"\\\\n\"");
    check("u'a'", "\"a\"");
    check("b'\\xc3\\xa9'", "!unsafe \"é\"");
    for text in ["'a", "'a' b", "f'a'", "'\\ud800'", "'a' b'b'", "'\\x4'", "b'é'", "ur'a'", "\"\"\"a\"\""] {
        is_text(text);
    }
}

#[test]
fn lists_and_maps() {
    check("[1,2]", "[1 2]");
    check("[ 'a' , None, [], ]", "[\"a\" null []]");
    check("1,2", "[1 2]");
    check("1,", "[1]");
    check("(1)", "1");
    check("(1,)", "[1]");
    check("()", "[]");
    check("(1, (2, 3))", "[1 [2 3]]");
    check("{}", "{}");
    check("{'a': 1, 'b': {'c': [True]},}", "{a=1 b={c=[true]}}");
    check("{'a': 1, 'a': 2}", "{a=2}");
    check("{1: 'x', None: 'y'}", "{1=\"x\" null=\"y\"}");
    check("{1, 2, 1}", "[1 2]");
    check("{1,}", "[1]");
    for text in ["[1", "[,]", "[1,,]", "(,)", "{1:}", "{'a'}x", "{'a': 1 'b': 2}", "[1 # c]", "[a]", "{,}"] {
        is_text(text);
    }
    check("{1, 1.0, True, '1'}", "[1 \"1\"]");
    check("{1: 2, 1.0: 3, True: 4}", "{1=4}");
    check("{(1, 2), (1, 2), (1,)}", "[[1 2] [1]]");
    is_text(&"[".repeat(10_000));
    is_text(&format!("{}{}", "[".repeat(1000), "]".repeat(1000)));
}

/// Python has a value for them, and JSON none.
#[test]
fn literals_that_are_not_read_are_refused() {
    for (text, what) in [
        ("[1j]", "a complex number"),
        ("1+2j", "a complex number"),
        ("- 1j", "a complex number"),
        ("{'a': (1 - 2.5J,)}", "a complex number"),
        ("{[1]}", "a list or a map in a set, or as a key"),
        ("{1, ([2],)}", "a list or a map in a set, or as a key"),
        ("{[1]: 2}", "a list or a map in a set, or as a key"),
        ("{1: 2, {}: 3}", "a list or a map in a set, or as a key"),
        ("{(1, 2): 3}", "a key that is no word"),
        ("{b'x': 3}", "a key that is no word"),
        ("'\\N{BULLET}'", "a character by its name (\\N)"),
    ] {
        let expected = format!("the value is a Python literal with {what}, which is not read here");
        assert_eq!(value(text, Span::default()), Err(expected), "{text}");
    }
    for text in ["1j x", "[1j", "1+2", "{[1]", "b'\\N{BULLET}' x", "'\\N{BULLET}", "-+1", "+-1"] {
        is_text(text);
    }
    check("2j", "\"2j\"");
    check("-(1)", "-1");
    check("[- ( (1.5) )]", "[-1.5]");
    check(&"1".repeat(4300), &"1".repeat(4300));
    is_text(&"1".repeat(4301));
}
