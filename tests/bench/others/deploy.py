"""The same converged state, looked at by pyinfra: one operation for each thing that lvs-ftp looks at, or fewer."""
from pyinfra import host
from pyinfra.facts.server import Command
from pyinfra.operations import files

if "lvs_routers" in host.groups:
    assert "--set-xmark 0x15" in host.get_fact(Command, "iptables-save")
    assert "-A -f 21 -s wlc -p 300" in host.get_fact(Command, "ipvsadm -S -n")
    assert host.get_fact(Command, "cat /proc/sys/net/ipv4/ip_forward") == "1"
    files.line(path="/etc/sysctl.conf", line="^net.ipv4.ip_forward *=.*", replace="net.ipv4.ip_forward=1")
else:
    for line in ["pasv_min_port=10000", "pasv_max_port=20000", "pasv_address=192.0.2.10", "connect_from_port_20=YES",
                 "idle_session_timeout=300"]:
        files.line(path="/etc/vsftpd.conf", line=f"^{line.split('=')[0]}=.*", replace=line)
    host.get_fact(Command, "/etc/init.d/vsftpd status")
