use super::{answered, broken, sent};
use crate::{
    host::{Command, HostError},
    probe::Answer,
};

fn commands() -> [Command; 3] {
    let rules =
        Command { short: "iptables-restore <<END\n*nat\nEND".to_owned(), full: "printf x |\niptables".to_owned() };
    [Command::asking("exec ipvsadm -S -n"), Command::asking("cd /proc\nfor one in *; do\n:\ndone"), rules]
}

#[test]
fn in_short() {
    assert_eq!(
        sent("lvs1", &commands()),
        "lvs1: $ ipvsadm -S -n\nlvs1: $ cd /proc … (3 more lines)\nlvs1: $ iptables-restore <<END\nlvs1: > *nat\nlvs1: > END\n"
    );
}

#[test]
fn in_full_with_what_came_back() {
    let answers = [
        Answer { status: 0, stdout: b"-A -f 21\n-a \x1b[2J\n".to_vec(), stderr: Vec::new() },
        Answer { status: 2, stdout: Vec::new(), stderr: b"no /proc\n".to_vec() },
    ];
    assert_eq!(
        answered("lvs1", &commands(), &answers),
        "lvs1: $ exec ipvsadm -S -n\nlvs1:   -A -f 21\nlvs1:   -a \\u{1b}[2J\n\
         lvs1: $ cd /proc\nlvs1: > for one in *; do\nlvs1: > :\nlvs1: > done\nlvs1:   no /proc\nlvs1:   (exit status 2)\n\
         lvs1: $ printf x |\nlvs1: > iptables\nlvs1:   (not run: what stands before it failed)\n"
    );
    let error = HostError::Unreachable("no route".to_owned());
    assert_eq!(
        broken("ftp1", &commands()[..1], &error),
        "ftp1: $ exec ipvsadm -S -n\nftp1:   (no answer: failed to connect: no route)\n"
    );
}
