# Prints keepalived's files, and a line `linked PATH` for each script in them whose folder is reached through a link.
linked() {
  case $1 in /*/*) ;; *) return 1 ;; esac
  part=/ rest=${1#/}
  while [ "$rest" != "${rest#*/}" ]; do
    part=$part${rest%%/*} rest=${rest#*/}
    [ ! -h "$part" ] || return 0
    part=$part/
  done
  return 1
}
scripts_in() {
  while read -r bar line; do
    [ "$bar" = '|' ] || continue
    case $line in '#'* | '!'*) continue ;; *notify* | *misc_path* | *script*) ;; *) continue ;; esac
    before=
    set -f
    for word in $line; do
      case $before in
      notify* | misc_path | script)
        word=${word#[\"\']}
        word=${word%[\"\']}
        ! linked "$word" || printf 'linked %s\n' "$word" ;;
      esac
      before=$word
    done
    set +f
  done
}
files=$(show "$conf" 0)
printf '%s\n' "$files"
found=$(printf '%s\n' "$files" | scripts_in)
[ -z "$found" ] || { printf '%s\n' "$found"; printf 'version %s\n' "$(keepalived -v 2>&1 | sed 1q)"; }
