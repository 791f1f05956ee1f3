//! Completions and manual pages: they know what `--help` knows.

use super::control::Control;
use std::collections::BTreeSet;

/// The long options that a text names.
fn options(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).filter(|word| word.starts_with("--"));
    words.filter(|word| word.len() > 2).map(str::to_owned).collect()
}

/// The verbs that the program's help lists.
fn verbs(control: &Control) -> Vec<String> {
    let help = control.run(&["--help"]).ended(0).stdout;
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next().filter(|word| !word.is_empty()));
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn each_verb_has_a_page_with_all_its_options() {
    let control = Control::empty();
    control.run(&["man", "--out", "pages/man1"]).ended(0);
    let verbs = verbs(&control);
    assert!(verbs.len() >= 3 && verbs.contains(&"apply".to_owned()), "{verbs:?}");
    let mut pages: Vec<String> = verbs.iter().map(|verb| format!("lvs-ftp-{verb}.1")).collect();
    pages.push("lvs-ftp.1".to_owned());
    let mut written: Vec<String> = control
        .path("pages/man1")
        .read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_owned())
        .collect();
    pages.sort();
    written.sort();
    assert_eq!(written, pages);
    for verb in &verbs {
        let page = std::fs::read_to_string(control.path(&format!("pages/man1/lvs-ftp-{verb}.1"))).unwrap();
        assert_eq!(page, control.run(&["man", verb]).ended(0).stdout);
        let (page, help) =
            (page.replace(r"\fR", " ").replace('\\', ""), control.run(&[verb, "--help"]).ended(0).stdout);
        assert_eq!(&options(&help) - &options(&page), BTreeSet::new(), "{verb}");
        assert_eq!(page.contains("EXIT STATUS"), help.contains("Exit status:"), "{verb}");
    }
    let ran = control.run(&["man", "aply"]).ended(1);
    assert!(ran.stderr.contains("there is no verb aply") && ran.stdout.is_empty(), "{}", ran.stderr);
    control.file("file", "");
    control.run(&["man", "--out", "file/man1"]).ended(2);
}

#[test]
fn bash_completes_verbs_and_options() {
    let control = Control::empty();
    for (line, wanted) in
        [("lvs-ftp ap", "apply"), ("lvs-ftp apply --che", "--check"), ("lvs-ftp completions z", "zsh")]
    {
        let script = format!(
            ". <({} completions bash); COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             $(complete -p lvs-ftp | sed 's/.*-F \\([^ ]*\\).*/\\1/') lvs-ftp \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo \"${{COMPREPLY[*]}}\"",
            env!("CARGO_BIN_EXE_lvs-ftp")
        );
        let ran = control.finish(&duct::cmd!("bash", "-c", script)).ended(0);
        assert_eq!(ran.stdout.trim(), wanted, "{line}: {}", ran.stderr);
    }
}

#[test]
fn every_shell_is_told_every_option() {
    let control = Control::empty();
    let known = options(&control.run(&["apply", "--help"]).ended(0).stdout);
    for shell in ["bash", "zsh", "fish"] {
        let text = control.run(&["completions", shell]).ended(0).stdout;
        // fish is told the name alone: `-l check`.
        let lacks: Vec<&String> = known
            .iter()
            .filter(|option| {
                !text.contains(*option) && !text.contains(&format!("-l {}", option.trim_start_matches('-')))
            })
            .collect();
        assert!(lacks.is_empty(), "{shell}: {lacks:?}");
    }
    control.run(&["completions", "tcsh"]).ended(1);
}
