# Prints a line `enabled NAME` for each manager of the packet filter that starts at boot. It reads files below $root only,
# and starts no process.
there() { [ -h "$1" ] || [ -e "$1" ]; }
is_on() { # FILE: whether ufw's file turns it on
  [ -f "$1" ] && [ -r "$1" ] || return 1
  while read -r line || [ -n "$line" ]; do
    case $line in ENABLED=[Yy][Ee][Ss]* | ENABLED=[\"\'][Yy][Ee][Ss]*) return 0 ;; esac
  done <"$1"
  return 1
}
flushes() { # FILE: whether nft empties the tables of IPv4 by it
  [ -f "$1" ] && [ -r "$1" ] || return 1
  while read -r line || [ -n "$line" ]; do
    case $line in
    '#'* | *'flush ruleset inet'* | *'flush ruleset ip6'* | *'flush ruleset arp'* | *'flush ruleset bridge'* | *'flush ruleset netdev'*) ;;
    'flush ruleset'* | *[\;\ ]'flush ruleset'*) return 0 ;;
    esac
  done <"$1"
  return 1
}
starts() { # NAME
  for link in "$root"/etc/runlevels/*/"$1" "$root"/etc/rc[2345S].d/S[0-9][0-9]"$1"; do
    there "$link" && [ ! -d "$root/run/systemd/system" ] && return 0
  done
  unit=$root/etc/systemd/system/$1.service
  # Masked: a link to /dev/null.
  [ ! -c "$unit" ] || return 1
  for link in "$root"/etc/systemd/system/*.wants/"$1.service" "$root"/etc/systemd/system/*.requires/"$1.service"; do
    there "$link" && return 0
  done
  # A script without a unit, which systemd starts by its links.
  there "$unit" || there "$root/lib/systemd/system/$1.service" || there "$root/usr/lib/systemd/system/$1.service" && return 1
  for link in "$root"/etc/rc[2345S].d/S[0-9][0-9]"$1"; do there "$link" && return 0; done
  return 1
}
for name in firewalld ufw shorewall nftables netfilter-persistent iptables; do
  starts "$name" || continue
  case $name in
  ufw) is_on "$root/etc/ufw/ufw.conf" || continue ;;
  nftables) flushes "$root/etc/nftables.conf" || flushes "$root/etc/sysconfig/nftables.conf" || continue ;;
  esac
  echo "enabled $name"
done
:
