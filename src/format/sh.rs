//! Text for a POSIX shell. Every value that reaches a host's shell goes through here.

/// One word, whatever is in it. NUL cannot be in a command line: it is refused at the border, and dropped here.
#[must_use]
pub fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,=@%+".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\0', "").replace('\'', r"'\''"))
}

/// A command line of these words.
pub fn words<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|text| word(text.as_ref())).collect();
    quoted.join(" ")
}

/// A command that prints exactly these bytes, NUL and other control characters included.
#[must_use]
pub fn print(bytes: &[u8]) -> String {
    let mut format = String::with_capacity(bytes.len() + 16);
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            // A format that starts with a dash would be taken for an option.
            b'-' if index == 0 => format.push_str("\\055"),
            b'%' => format.push_str("%%"),
            b'\\' | b'\'' | 0..=0x09 | 0x0b..=0x1f | 0x7f.. => format.push_str(&format!("\\{byte:03o}")),
            printable => format.push(char::from(*printable)),
        }
    }
    format!("printf '{format}'")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{print, word};
    use proptest::prelude::*;

    /// The shells that a managed host may have.
    const SHELLS: [&[&str]; 3] = [&["dash"], &["bash", "--posix"], &["busybox", "sh"]];

    fn run(shell: &[&str], script: &str) -> Vec<u8> {
        duct::cmd(shell[0], &shell[1..]).stdin_bytes(script).stdout_capture().run().unwrap().stdout
    }

    #[test]
    fn a_dash_in_front_is_no_option() {
        for shell in SHELLS {
            assert_eq!(run(shell, &print(b"-n-%")), b"-n-%", "{shell:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn every_shell_prints_the_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for shell in SHELLS {
                prop_assert_eq!(run(shell, &print(&bytes)), &bytes[..], "{:?}", shell);
            }
        }

        #[test]
        fn every_shell_reads_one_word(text in "[^\\x00]*") {
            for shell in SHELLS {
                let read = run(shell, &format!("set -- {}; printf '%s/%s' $# \"$1\"", word(&text)));
                prop_assert_eq!(read, format!("1/{text}").into_bytes(), "{:?}", shell);
            }
        }
    }
}
