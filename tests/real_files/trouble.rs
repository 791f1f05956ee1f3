//! What a file system may have against it.

use super::{Host, NEW, OLD};
use crate::root::{content, names};
use lvs_ftp::plan::Proof;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

fn sh(script: &str) -> String {
    duct::cmd!("sh", "-ec", script).read().unwrap()
}

#[test]
fn a_file_is_replaced_and_the_old_one_kept() {
    let host = Host::with_file("");
    host.succeeds(Some(OLD));
    assert_eq!(names(&host.folder.join("etc")), [host.conf().as_str(), &format!("{}.lvs-ftp-old", host.conf())]);
    assert_eq!(std::fs::read_to_string(format!("{}.lvs-ftp-old", host.conf())).unwrap(), OLD);
    // A second time: the copy is the newest old one.
    host.replace(&host.conf(), Some(NEW), "x", Proof::None).unwrap();
    assert_eq!(std::fs::read_to_string(format!("{}.lvs-ftp-old", host.conf())).unwrap(), NEW);
    assert_eq!(names(&host.folder.join("etc")).len(), 2);
}

/// A run that died made the copy, and did not come to the new file.
#[test]
fn a_copy_that_is_there_already() {
    let host = Host::with_file("");
    let copy = format!("{}.lvs-ftp-old", host.conf());
    std::fs::hard_link(host.conf(), &copy).unwrap();
    host.succeeds(Some(OLD));
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), OLD);
    assert_eq!(names(&host.folder.join("etc")), [host.conf().as_str(), &copy]);
}

#[test]
fn a_new_file_is_written() {
    let host = Host::new("");
    host.succeeds(None);
    assert_eq!(std::fs::metadata(host.conf()).unwrap().mode() & 0o7777, 0o644);
    assert_eq!(names(&host.folder.join("etc")), [host.conf().as_str()], "there was nothing to keep");
}

/// A file system of so many pages of 4 KiB; the old file has two. Before and after are written down outside of it.
#[test]
fn a_full_disk() {
    let (old, new) = ("o".repeat(6000), "x".repeat(6000));
    for (pages, fits) in [(2, false), (3, false), (4, true)] {
        let host = Host::new(&format!(
            "mount -t tmpfs -o size={}k none etc && printf %s {old} >etc/sysctl.conf || exit
             look() {{ ls -lain --full-time etc | grep -v ' [.]*$'; cat etc/sysctl.conf; }}
             look >before; \"$@\"; status=$?; look >after; exit $status",
            pages * 4
        ));
        let outcome = host.replace(&host.conf(), Some(&old), &new, Proof::None);
        let look = |name: &str| std::fs::read_to_string(host.folder.join(name)).unwrap();
        assert!(look("before").ends_with(&old));
        if fits {
            outcome.unwrap();
            assert!(look("after").ends_with(&new));
        } else {
            let error = outcome.unwrap_err();
            assert!(error.contains("No space left on device"), "{pages} pages: {error}");
            assert_eq!(
                look("after").lines().skip(1).collect::<Vec<_>>(),
                look("before").lines().skip(1).collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn a_read_only_file_system() {
    Host::with_file("mount --bind etc etc && mount -o remount,bind,ro etc || exit")
        .fails(Some(OLD), "Read-only file system");
    Host::new("mount --bind etc etc && mount -o remount,bind,ro etc || exit").fails(None, "Read-only file system");
}

#[test]
fn an_immutable_file() {
    let host = Host::with_file("");
    sh(&format!("chattr +i {}", host.conf()));
    let before = content(&host.folder);
    let error = host.replace(&host.conf(), Some(OLD), NEW, Proof::None).unwrap_err();
    sh(&format!("chattr -i {}", host.conf()));
    assert!(error.contains("Operation not permitted") && error.contains("sysctl.conf"), "{error}");
    assert_eq!(content(&host.folder), before);
}

#[test]
fn an_immutable_folder() {
    let host = Host::with_file("");
    sh(&format!("chattr +i {}/etc", host.folder));
    let before = content(&host.folder);
    let error = host.replace(&host.conf(), Some(OLD), NEW, Proof::None).unwrap_err();
    sh(&format!("chattr -i {}/etc", host.folder));
    assert!(error.contains("Operation not permitted"), "{error}");
    assert_eq!(content(&host.folder), before);
}

/// A container's bind-mounted file refuses the rename.
#[test]
fn a_bind_mounted_file() {
    let host = Host::with_file("mount --bind real etc/sysctl.conf || exit");
    std::fs::write(host.folder.join("real"), OLD).unwrap();
    host.fails(Some(OLD), "Device or resource busy");
    host.fails(Some(OLD), "a mount point of its own");
}

#[test]
fn a_symbolic_link_is_kept() {
    for target in ["../real.conf", "real.conf"] {
        let host = Host::with_file("");
        let real = host.folder.join("etc").join(target);
        std::fs::rename(host.conf(), &real).unwrap();
        symlink(target, host.conf()).unwrap();
        host.succeeds(Some(OLD));
        assert_eq!(host.conf().read_link_utf8().unwrap(), target);
        assert_eq!(std::fs::read_to_string(&real).unwrap(), NEW);
    }
}

#[test]
fn links_that_lead_nowhere() {
    let host = Host::new("");
    symlink("../later.conf", host.conf()).unwrap();
    host.succeeds(None);
    assert_eq!(host.conf().read_link_utf8().unwrap(), "../later.conf");
    let host = Host::new("");
    symlink("nowhere/later.conf", host.conf()).unwrap();
    host.fails(None, "is a link that leads nowhere");
    let host = Host::new("");
    symlink("sysctl.conf", host.conf()).unwrap();
    host.fails(None, "is a link that leads nowhere");
}

/// A rename cannot change both names of a file: the other one keeps the old text, whole.
#[test]
fn a_hard_link() {
    let host = Host::with_file("");
    let other = host.folder.join("other");
    std::fs::hard_link(host.conf(), &other).unwrap();
    host.succeeds(Some(OLD));
    assert_eq!(std::fs::read_to_string(&other).unwrap(), OLD);
}

#[test]
fn owner_mode_and_attributes_are_kept() {
    let host = Host::with_file("");
    let label = "system_u:object_r:system_conf_t:s0";
    sh(&format!(
        "setfattr -n user.note -v kept {0}; setfattr -n security.selinux -v {label} {0}; setfattr -n trusted.note -v too {0}",
        host.conf()
    ));
    std::os::unix::fs::chown(host.conf(), Some(1234), Some(4321)).unwrap();
    std::fs::set_permissions(host.conf(), std::fs::Permissions::from_mode(0o600)).unwrap();
    let look = || sh(&format!("getfattr --absolute-names -d -m - {0}; stat -c '%a %u %g' {0}", host.conf()));
    let before = look();
    assert!(before.contains(label) && before.contains("600 1234 4321"), "{before}");
    host.succeeds(Some(OLD));
    assert_eq!(look(), before);
}

#[test]
fn something_else_in_its_place() {
    let host = Host::new("");
    std::fs::create_dir(host.conf()).unwrap();
    host.fails(None, "was made by somebody else");
    host.fails(Some(OLD), "sysctl.conf");
    let host = Host::with_file("");
    host.fails(None, "was made by somebody else");
    host.fails(Some("other"), "was changed by somebody else");
    let host = Host::new("");
    host.fails(Some(OLD), "sysctl.conf");
    let host = Host::new("");
    std::fs::remove_dir(host.folder.join("etc")).unwrap();
    host.fails(None, "etc/");
}

/// What a run that was killed left behind is in nobody's way, and goes.
#[test]
fn the_rest_of_a_run_that_died() {
    let host = Host::with_file("");
    for rest in ["-new", "-new-try", "-new-says", "-new-old"] {
        std::fs::write(host.folder.join(format!("etc/.sysctl.conf.lvs-ftp{rest}")), "half").unwrap();
    }
    host.succeeds(Some(OLD));
    assert_eq!(names(&host.folder.join("etc")).len(), 2);
}

/// Where a daemon may read every file of a folder, the copy is not there.
#[test]
fn the_copy_is_where_nobody_reads_it() {
    let host = Host::new("mkdir -p lib && mount --bind etc /etc && mount --bind lib /var/lib || exit");
    for (path, copy) in [
        ("/etc/plain.conf", "etc/plain.conf.lvs-ftp-old"),
        ("/etc/sysconfig/iptables", "etc/sysconfig/iptables.lvs-ftp-old"),
        // The probe of Piranha looks for what pulse has read there.
        ("/etc/sysconfig/ha/lvs.cf", "etc/sysconfig/ha/lvs.cf.lvs-ftp-old"),
        ("/etc/sysconfig/network-scripts/ifcfg-eth1", "lib/lvs-ftp/old/etc/sysconfig/network-scripts/ifcfg-eth1"),
        ("/etc/network/interfaces.d/eth1", "lib/lvs-ftp/old/etc/network/interfaces.d/eth1"),
        ("/etc/logrotate.d/vsftpd", "lib/lvs-ftp/old/etc/logrotate.d/vsftpd"),
    ] {
        let file = host.folder.join(path.trim_start_matches('/'));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, OLD).unwrap();
        let around = names(file.parent().unwrap()).len();
        for (old, new) in [(OLD, NEW), (NEW, "third\n")] {
            host.replace(path.into(), Some(old), new, Proof::None).unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), new);
            assert_eq!(std::fs::read_to_string(host.folder.join(copy)).unwrap(), old, "{path}");
        }
        let more = usize::from(copy.starts_with("etc"));
        assert_eq!(names(file.parent().unwrap()).len(), around + more, "{path}");
    }
}
