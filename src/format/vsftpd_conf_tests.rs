//! Reading and editing vsftpd.conf.

use super::{ValueKind, VsftpdConf, number};
use proptest::prelude::*;

#[track_caller]
fn check_set(before: &str, key: &str, value: &str, after: &str) {
    let mut conf = VsftpdConf::parse(before.as_bytes());
    conf.set(key, value);
    assert_eq!(String::from_utf8_lossy(&conf.render()), after);
    assert_eq!(conf.count(key), 1);
}

#[test]
fn the_last_line_counts_and_is_edited_in_place() {
    check_set("a=1\npasv_max_port=5\n# x\n", "pasv_max_port", "20000", "a=1\npasv_max_port=20000\n# x\n");
    check_set("pasv_max_port=5\nb=2\npasv_max_port=20000\n", "pasv_max_port", "20000", "b=2\npasv_max_port=20000\n");
    check_set("a=1", "pasv_max_port", "20000", "a=1\npasv_max_port=20000\n");
    check_set(
        "#pasv_address=1.2.3.4\n",
        "pasv_address",
        "192.0.2.10",
        "#pasv_address=1.2.3.4\npasv_address=192.0.2.10\n",
    );
    check_set("pasv_max_port=5\r\n", "pasv_max_port", "20000", "pasv_max_port=20000\r\n");
    check_set("connect_from_port_20=NO\r\n", "connect_from_port_20", "YES", "connect_from_port_20=YES\n");
    check_set("pasv_max_port=5", "pasv_max_port", "20000", "pasv_max_port=20000");
    check_set("\tpasv_max_port=5\n", "pasv_max_port", "20000", "pasv_max_port=20000\n");
}

#[test]
fn another_spelling_of_the_same_value_is_left() {
    for (key, text, value) in [
        ("connect_from_port_20", "connect_from_port_20=true\n", "YES"),
        ("pasv_max_port", "pasv_max_port=20000abc\n", "20000"),
        ("pasv_max_port", "pasv_max_port=+20000\n", "20000"),
        ("pasv_address", "pasv_address=192.0.2.10 \r\n", "192.0.2.10"),
        ("ftpd_banner", "ftpd_banner=a=b\n", "a=b"),
    ] {
        check_set(text, key, value, text);
    }
}

#[test]
fn lines_that_set_nothing() {
    let conf = VsftpdConf::parse(b"#a=1\n #a=2\n\n \r\na =3\n");
    assert_eq!(conf.value("a"), None);
    assert_eq!(conf.value("a "), Some(&b"3"[..]), "the blank is part of the name, and vsftpd refuses it");
}

#[test]
fn values_mean_what_vsftpd_reads() {
    assert_eq!(
        [number(b"010000"), number(b"10000"), number(b"-1"), number(b"x"), number(b"")],
        [4096, 10000, u32::MAX, 0, 0]
    );
    assert!(!ValueKind::Boolean.same(b"YES ", b"YES "), "vsftpd refuses the blank");
    assert!(!ValueKind::Text.same(b"YES", b"yes"));
    assert!(!ValueKind::Address.same(b"name", b"name"));
}

proptest! {
    #[test]
    fn every_text_is_rendered_as_it_was(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(VsftpdConf::parse(&text).render(), text);
    }

    /// Setting touches no line of another option, and a second time changes nothing.
    #[test]
    fn setting_is_local_and_idempotent(lines in proptest::collection::vec("[ #]?(pasv_max_port|x|y)?=?[ -~]{0,6}\r?", 0..8)) {
        let text = lines.join("\n");
        let mut conf = VsftpdConf::parse(text.as_bytes());
        let foreign = |text: &[u8]| -> Vec<Vec<u8>> {
            text.split(|byte| *byte == b'\n')
                .filter(|line| !super::sets(line, "pasv_max_port") && !line.is_empty())
                .map(<[u8]>::to_vec)
                .collect()
        };
        conf.set("pasv_max_port", "20000");
        let once = conf.render();
        prop_assert_eq!(foreign(&once), foreign(text.as_bytes()));
        prop_assert_eq!(number(conf.value("pasv_max_port").unwrap_or_default()), 20000);
        conf.set("pasv_max_port", "20000");
        prop_assert_eq!(conf.render(), once);
    }
}
