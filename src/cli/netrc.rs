//! A login from a file in the format of .netrc, so that no password stands in a command line.

use crate::ftp_client::Login;
use camino::Utf8Path;

/// A longer file is none, bytes.
const LIMIT: u64 = 64 * 1024;

/// Reads the first login of a file. The text of an error names the file.
pub(super) fn read(path: &Utf8Path) -> Result<Login, String> {
    let failed = |why: String| format!("failed to read the login in {path}: {why}");
    let meta = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
    if !meta.is_file() || meta.len() > LIMIT {
        return Err(failed("it is no file, or longer than 64 KiB".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    login(&text).map_err(failed)
}

/// The words are `machine NAME` or `default`, `login USER`, `password WORD`; blanks and line ends part them.
fn login(text: &str) -> Result<Login, String> {
    let (mut user, mut password) = (None, None);
    let mut words = text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
    while let Some(word) = words.next() {
        let mut value =
            |word: &str| words.next().map(str::to_owned).ok_or_else(|| format!("nothing stands behind `{word}`"));
        match word {
            "machine" | "account" => drop(value(word)?),
            "default" => {}
            "login" if user.is_none() => user = Some(value(word)?),
            "password" if password.is_none() => password = Some(value(word)?),
            "login" | "password" | "macdef" => break,
            // Only its place is told: it may be a password.
            _ => return Err("a word is none of machine, default, login, password".to_owned()),
        }
    }
    match (user, password) {
        (Some(user), Some(password)) if !(user.clone() + &password).chars().any(char::is_control) => {
            Ok(Login { user, password })
        }
        (Some(_), Some(_)) => Err("user or password has a control character".to_owned()),
        _ => Err("it must have `login USER` and `password WORD`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::login;

    #[test]
    fn the_first_login_counts() {
        let read = |text| login(text).map(|login| (login.user, login.password));
        let ann = Ok(("ann".to_owned(), "s3cret".to_owned()));
        assert_eq!(read("machine 192.0.2.10 login ann password s3cret\n"), ann);
        assert_eq!(read("# mine\ndefault\n\tlogin ann\n\tpassword s3cret\nmachine x login b password c\n"), ann);
        for wrong in
            ["", "login ann", "password x", "login", "machine x user ann password x", "login a\u{7}b password x"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
