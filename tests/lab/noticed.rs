//! The load sees what it is there to see: such changes made as simple scripts make them break sessions and transfers.

use crate::{
    compare::lines,
    hosts::{ROUTERS, SERVERS, on},
    load::{Event, Kind, Window, now},
    machine::figures,
};
use std::{thread::sleep, time::Duration};

/// A change without order and patience: the scripts of all hosts, one after the other, at once.
pub struct Naive {
    pub name: &'static str,
    router: &'static str,
    server: &'static str,
    /// What it must break, at least once.
    breaks: fn(&Event) -> bool,
}

pub const CHANGES: [Naive; 3] = [
    Naive {
        name: "the_range_moves_at_once",
        router: "
            iptables -t mangle -F PREROUTING
            iptables -t mangle -A PREROUTING -p tcp -d 192.0.2.10 --dport 21 -j MARK --set-mark 21
            iptables -t mangle -A PREROUTING -p tcp -d 192.0.2.10 --dport 10000:20000 -j MARK --set-mark 21",
        server: "
            sed -i 's/^pasv_min_port=.*/pasv_min_port=10000/; s/^pasv_max_port=.*/pasv_max_port=20000/' \
                /etc/vsftpd.conf
            kill -HUP $(cat /run/vsftpd/vsftpd.pid)",
        breaks: |event| event.kind == Kind::Stay,
    },
    Naive {
        name: "a_busy_server_goes_at_once",
        router: "
            busiest=$(ipvsadm -L -n | awk '
                $2 ~ /^10[.]/ && $5 >= most { most = $5; busiest = $2 }
                END { print busiest }')
            ipvsadm -d -f 21 -r \"$busiest\"",
        server: ":",
        breaks: |_| true,
    },
    Naive {
        name: "vsftpd_is_restarted",
        router: ":",
        server: "
            kill $(pidof vsftpd)
            sleep 0.5
            start-stop-daemon --start --background --make-pidfile --pidfile /run/vsftpd/vsftpd.pid \
                --exec /usr/sbin/vsftpd",
        breaks: |event| event.kind == Kind::Long,
    },
];

/// Makes them under the load that runs; the windows are in their order. The last one is longer than a download: what a
/// daemon had sent before it was killed still arrives, so some notice late.
pub fn make(download: Duration) -> Vec<Window> {
    let one = |change: &Naive| {
        let from = now();
        for router in ROUTERS {
            on(router, change.router);
        }
        for server in SERVERS {
            on(server, change.server);
        }
        sleep(Duration::from_secs(6) + if change.name == CHANGES[2].name { download } else { Duration::ZERO });
        Window { from, to: now() }
    };
    CHANGES.iter().map(one).collect()
}

/// Each change, and what was wrong: that nothing was.
pub fn verdicts(windows: &[Window], events: &[Event]) -> Vec<(&'static str, String)> {
    let verdict = |(change, window): (&'static Naive, &Window)| {
        let failures = window.failures(events);
        figures(|| lines([format!("{}, {} failures", change.name, failures.len())]));
        figures(|| lines(failures.iter().map(ToString::to_string)));
        if failures.iter().any(|event| (change.breaks)(event)) {
            return (change.name, String::new());
        }
        (change.name, format!("not noticed: {:?}", window.successes(events)))
    };
    CHANGES.iter().zip(windows).map(verdict).collect()
}
