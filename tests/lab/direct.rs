//! Real servers that answer past the routers: with direct routing and through a tunnel, in every mode, with the real
//! tools. And the default gateway of those behind NAT.

use crate::{
    ftp::expect_service,
    hosts::{SERVERS, lab, on, text},
    machines::{Trial, trial},
    product::Site,
    state::{converged, fresh},
};
use serde_json::json;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("direct::both_modes_work", both_modes_work),
        trial("direct::a_wrong_gateway_is_told", a_wrong_gateway_is_told),
    ]
}

/// A second leg for each real server, into the clients' network.
fn give_each_a_way_out() {
    for (number, server) in SERVERS.into_iter().enumerate() {
        lab(&format!("ip link add {server}-out group 7 master outside up type veth peer name out netns {server}"));
        on(server, &format!("ip link set out up; ip addr add 192.0.2.{}/24 dev out", 11 + number));
    }
}

fn both_modes_work() {
    fresh();
    give_each_a_way_out();
    for (method, flag, device) in [("direct", "-g", "lo"), ("tunnel", "-i", "tunl0")] {
        let site = Site::playing(method, |plays| {
            plays[0]["ftp_cluster"]["forwarding"] = json!(method);
        });
        let run = site.converge();
        assert_eq!(run.changes_of("ftp1").iter().filter(|line| line.starts_with("address add")).count(), 1);
        site.expect_silence("--check");
        let table = on("lvs1", "ipvsadm -S -n");
        assert_eq!(table.matches(&format!(":0 {flag} -w 1")).count(), 3, "{table}");
        assert!(!on("lvs1", "iptables-save -t nat").contains("--sport 20"));
        assert!(!text("ftp1", "/etc/vsftpd.conf").contains("pasv_address"));
        let held = || on("ftp1", "ip -4 -o addr show to 192.0.2.10");
        assert!(held().contains(&format!(" {device} ")), "{}", held());
        comes_back_at_boot(&site, device);
        assert!(held().contains(&format!(" {device} ")), "{}", held());
        site.expect_silence("-l ftp1 --check");
        on("client", "ip neigh flush all");
        expect_service("192.0.2.10", &SERVERS, &["curl", "lftp"]);
        // Only the router answers for the virtual IP, though every server is in the clients' network.
        let router = on("lvs1", "cat /sys/class/net/eth0/address");
        let neighbour = on("client", "ip neigh show 192.0.2.10");
        assert!(neighbour.contains(router.trim()), "{neighbour}: not {router}");
    }
}

/// Where ifupdown brings up the network, it finds the address among its files.
fn comes_back_at_boot(site: &Site, device: &str) {
    on(
        "ftp1",
        "mkdir -p /etc/network; rm -rf /etc/network/interfaces.d; mkdir /etc/network/interfaces.d
        printf 'auto lo\niface lo inet loopback\nsource /etc/network/interfaces.d/*\n' >/etc/network/interfaces",
    );
    let run = site.run("-l ftp1 --tags boot");
    let says =
        format!("address_at_boot add persist: /etc/network/interfaces.d/lvs-ftp-192-0-2-10: 192.0.2.10/32 on {device}");
    assert!(run.changes_of("ftp1").iter().any(|line| line.starts_with(&says)), "{:?}", run.changes);
    on(
        "ftp1",
        &format!("ip addr del 192.0.2.10/32 dev {device}; [ {device} = lo ] || ip link set {device} down; ifup -a"),
    );
}

fn a_wrong_gateway_is_told() {
    converged();
    let site = Site::playing("gateway", |plays| {
        plays[0]["ftp_cluster"]["routers"]["nat_address"] = json!("10.1.1.1");
    });
    site.expect_silence("");
    on("ftp2", "ip route replace default via 10.1.1.254");
    site.apply("--check").expect_status(3);
    let run = site.apply("");
    run.expect_status(2);
    assert!(
        run.errors
            .iter()
            .any(|line| line.starts_with("ftp2 failed:") && line.contains("ip route replace default via 10.1.1.1")),
        "{:?}",
        run.errors
    );
    on("ftp2", "ip route replace default via 10.1.1.1");
    site.expect_silence("");
}
