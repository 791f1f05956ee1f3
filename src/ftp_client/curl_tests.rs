//! Traces of curl 7.88.1, as it wrote them before a real vsftpd or nothing at all.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::ftp_client::Login;

fn request(mode: Mode) -> Request {
    let login = Login { user: "an\"na".to_owned(), password: "s\\e".to_owned() };
    Request { mode, to: "127.0.0.1:2121".parse().unwrap(), from: None, named: None, login, tls: false, wait: 5 }
}

#[test]
fn the_password_is_in_no_word() {
    let request = request(Mode::Pasv);
    assert!(!words(&request).iter().any(|word| word.contains("s\\e") || word.contains("na")));
    assert_eq!(config(&request), "user = \"an\\\"na:s\\\\e\"\n");
}

const PASSIVE: &str = "*   Trying 127.0.0.1:2121...
* Connected to 127.0.0.1 (127.0.0.1) port 2121 (#0)
< 220 (vsFTPd 3.0.3)
> USER anonymous
< 331 Please specify the password.
> PASS secret
< 230 Login successful.
> PWD
< 257 \"/\" is the current directory
* Entry path is '/'
> PASV
* Connect data stream passively
< 227 Entering Passive Mode (127,0,0,1,117,51).
*   Trying 127.0.0.1:30003...
* Connecting to 127.0.0.1 (127.0.0.1) port 30003
* Connected to 127.0.0.1 (127.0.0.1) port 2121 (#0)
> TYPE A
< 200 Switching to ASCII mode.
> NLST
< 150 Here comes the directory listing.
< 226 Directory send OK.
";

#[test]
fn a_session_that_ends_well() {
    let trial = read(&request(Mode::Pasv), PASSIVE, 0);
    assert_eq!(trial.failure, None);
    assert_eq!(trial.greeting.as_deref(), Some("220 (vsFTPd 3.0.3)"));
    assert_eq!(trial.named, Some("127.0.0.1:30003".parse().unwrap()));
}

#[test]
fn failures_are_named_at_their_step() {
    let failed = |mode, trace: &str, status| {
        let failure = read(&request(mode), trace, status).failure.unwrap();
        (failure.step, failure.why)
    };
    let cut = |at: &str| PASSIVE.split_once(at).map(|(before, _)| format!("{before}{at}")).unwrap();
    assert_eq!(
        failed(Mode::Pasv, "*   Trying\ncurl: (7) Failed to connect to 127.0.0.1 port 1: Connection refused\n", 7),
        (Step::Connect, Why::Refused)
    );
    assert_eq!(
        failed(Mode::Epsv, "*   Trying\ncurl: (28) Connection timeout after 5001 ms\n", 28),
        (Step::Connect, Why::NoAnswer)
    );
    assert_eq!(
        failed(Mode::Epsv, &cut("port 2121 (#0)\n"), 28),
        (Step::Greeting, Why::NoAnswer),
        "connected, and no greeting"
    );
    assert_eq!(
        failed(Mode::Pasv, &(cut("> PASS secret\n") + "< 530 Login incorrect.\n"), 67),
        (Step::Login, Why::Reply("530 Login incorrect.".to_owned()))
    );
    assert_eq!(failed(Mode::Pasv, &cut("117,51).\n"), 28), (Step::DataConnection, Why::NoAnswer));
    let wrong = PASSIVE.replace("127,0,0,1,117,51", "10,1,1,11,117,51");
    let named = "10.1.1.11:30003".parse().unwrap();
    assert_eq!(
        failed(Mode::Pasv, &wrong, 28),
        (Step::Negotiate, Why::WrongAddress { named, expected: "127.0.0.1".parse().unwrap() })
    );
    let refused = cut("is '/'\n") + "> PORT 127,0,0,1,1,2\n< 500 Illegal PORT command.\n";
    assert_eq!(failed(Mode::Port, &refused, 30), (Step::Negotiate, Why::Reply("500 Illegal PORT command.".to_owned())));
    // EPSV that failed, and curl's own second try.
    assert_eq!(failed(Mode::Epsv, &cut("> PASV\n"), 28), (Step::DataConnection, Why::NoAnswer));
    assert_eq!(failed(Mode::Pasv, &cut("listing.\n"), 28), (Step::Completion, Why::NoAnswer));
}
