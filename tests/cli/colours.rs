//! Colours: on a terminal only, and never the only carrier of meaning.

use super::{control::Control, host::Host};

/// A cluster that drifts.
fn cluster() -> (Control, Host) {
    let control = Control::new();
    let router = Host::new(&control, "lvs1");
    let dead = serde_json::json!({"lvs_ftp_exec": ["false"], "lvs_real_ip": "10.1.1.11"});
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", dead)]);
    (control, router)
}

/// The escape sequences taken out.
fn plain(text: &str) -> String {
    let mut pieces = text.split('\x1b');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    plain.extend(pieces.map(|piece| piece.split_once('m').map_or(piece, |(_, rest)| rest)));
    plain
}

#[test]
fn colours_are_for_terminals() {
    let (control, _router) = cluster();
    let arguments = ["apply", "--tags", "running", "--check", "--diff"];
    let piped = control.run(&arguments).ended(2);
    assert!(!piped.stdout.contains('\x1b') && !piped.stderr.contains('\x1b'), "{}", piped.stdout);

    // The line that shows how far a run has come is on standard error.
    let line = format!("{} {} 2>/dev/null", env!("CARGO_BIN_EXE_lvs-ftp"), arguments.join(" "));
    let on_terminal = |variables: &str| {
        let command = duct::cmd!("script", "-qec", format!("env {variables} {line}"), "/dev/null");
        let command = command
            .dir(control.path(""))
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .env_remove("CI")
            .env("HOME", control.path(""));
        control.finish(&command).ended(2).stdout.replace("\r\n", "\n")
    };
    let coloured = on_terminal("");
    for (colour, what) in [
        ("\x1b[33mchanged: [lvs1]\x1b[0m", "changed is yellow"),
        ("\x1b[31mfailed: [ftp1]", "failed is red"),
        ("\x1b[32mok: [lvs1]\x1b[0m", "ok is green"),
        ("\x1b[32m+-A PREROUTING", "what is added is green"),
    ] {
        assert!(coloured.contains(colour), "{what}: {coloured:?}");
    }
    assert!(plain(&coloured).ends_with(&piped.stdout), "colours are all that differs: {}", plain(&coloured));
    assert_eq!(on_terminal("NO_COLOR=1"), plain(&coloured));
    assert_eq!(on_terminal("TERM=dumb"), plain(&coloured));

    let command = duct::cmd!("env", "CLICOLOR_FORCE=1", "sh", "-c", &line).dir(control.path(""));
    let forced =
        control.finish(&command.env_remove("NO_COLOR").env_remove("CI").env("HOME", control.path(""))).ended(2);
    assert_eq!(plain(&forced.stdout), piped.stdout);
    assert!(forced.stdout.contains("\x1b[33mchanged: [lvs1]"), "CLICOLOR_FORCE is obeyed");
}

/// JSON has no colours, not even on a terminal.
#[test]
fn json_is_never_coloured() {
    let (control, _router) = cluster();
    let line = format!("{} apply --check --output json 2>/dev/null", env!("CARGO_BIN_EXE_lvs-ftp"));
    let command = duct::cmd!("script", "-qec", line, "/dev/null").dir(control.path("")).env("TERM", "xterm");
    let told = control.finish(&command).ended(2).stdout;
    assert!(!told.contains('\x1b'));
    serde_json::from_str::<serde_json::Value>(&told).unwrap();
}
