# The undo guard of one run on one host. Plain POSIX sh: dash, bash 3 and busybox run it alike. All in one block, because
# the file may be removed while it is run.
#
# Its folder holds one file that says its state, and that only ever changes by a rename, which only one of two can win:
#   armed -> working -> armed   a step is being made
#   armed -> disarmed           over a new connection; the folder goes
#   armed -> fired              its time is over; `report` says what was done
# and besides that:
#   end         when its time is over, in seconds of uptime
#   filterN     the functions `save` and `restore`, for the Nth iptables of the run
#   oldN/TABLE  the table as it was before the first step
#   lastN/TABLE the table as it was after the last step
#   mixedN.TABLE  somebody else changed the table between two steps
#   NUMBER/     a step, written before it is made. Of a block of rules `filter`, `table`, `before` (the table), `come`
#               (lines that delete what it inserts), `gone` (the rules that it deletes); of a series of edits of the IPVS
#               table for each `ipvs-N`, a script, `what-N`, and `tried-N` from just before it is made
# shellcheck disable=SC1090,SC2045  # every name in the folder is our own
{
g=$1
umask 077

# A dump without what changes by itself: counters, times, blanks at the end of a line (iptables 1.3 prints them).
plain() {
  sed -e '/^#/d' -e 's/^\[[0-9]*:[0-9]*\] //' -e '/^:/s/ \[.*//' -e 's/[[:space:]]*$//' <"$1"
}

same() {
  [ "$(plain "$1" | cksum)" = "$(plain "$2" | cksum)" ]
}

# look FOLDER TABLE: dumps this table and all that are in use. A table never used has no dump, because asking for it
# would load its module.
look() {
  rm -rf "$1" && mkdir "$1" && save -c >"$1.all" || return
  for table in $2 $(sed -n 's/^\*\([a-z][a-z]*\)$/\1/p' <"$1.all"); do
    [ -s "$1/$table" ] || sed -n "/^\\*$table\$/,/^COMMIT\$/p" <"$1.all" >"$1/$table" || return
  done
  [ -s "$1/$2" ] || save -c -t "$2" >"$1/$2" || return
  rm -f "$1.all"
}

# begin NUMBER PROCESS [N TABLE]: before a step, which this process makes, or `parent`, the one that calls this. NUMBER.new
# is there already, but for `before`.
begin() {
  worker=$2
  [ "$worker" != parent ] || worker=$PPID
  echo "$worker" >"$g/worker" || exit
  mv -f "$g/armed" "$g/working" 2>/dev/null || gone
  if [ $# = 4 ] && ! before "$1" "$3" "$4" || ! mv "$g/$1.new" "$g/$1"; then
    mv -f "$g/working" "$g/armed"
    echo 'what is there cannot be written down, so it could not be undone' >&2
    exit 1
  fi
}

before() {
  . "$g/filter$2"
  look "$g/now$2" "$3" && cp "$g/now$2/$3" "$g/$1.new/before" || return
  if [ ! -d "$g/old$2" ]; then
    mv "$g/now$2" "$g/old$2"
    return
  fi
  for table in $(ls "$g/now$2"); do
    if [ ! -s "$g/last$2/$table" ] || ! same "$g/now$2/$table" "$g/last$2/$table"; then
      : >"$g/mixed$2.$table" || return
    fi
  done
}

# end NUMBER STATUS [N TABLE]: after it. A step that failed has changed nothing that could be taken back.
end() {
  [ "$2" = 0 ] || rm -rf "${g:?}/$1"
  if [ $# = 4 ]; then
    . "$g/filter$3"
    if look "$g/now$3" "$4"; then
      rm -rf "$g/last$3" && mv "$g/now$3" "$g/last$3"
    fi
  fi
  mv -f "$g/working" "$g/armed" 2>/dev/null || gone
}

gone() {
  echo 'the undo guard fired meanwhile: the host has undone what was changed, or does so now; run again' >&2
  exit 1
}

# --- what the guard's own process does ---

uptime() {
  read -r up rest </proc/uptime
  up=${up%%.*}
}

# Whoever makes a step is given a while to end it.
watch() {
  while [ -d "$g" ] && [ ! -e "$g/disarmed" ]; do
    read -r end <"$g/end"
    uptime
    if [ "$up" -ge "$end" ]; then
      if mv -f "$g/armed" "$g/fired" 2>/dev/null; then fire; fi
      if [ -e "$g/working" ]; then
        read -r worker <"$g/worker"
        if ! kill -0 "${worker:-none}" || [ "$up" -ge $((end + 60)) ]; then
          if mv -f "$g/working" "$g/fired"; then fire; fi
        fi
      fi
      [ "$up" -lt $((end + 90)) ] || exit
    fi
    sleep 1
  done
}

say() {
  printf '%s\n' "$1" >>"$g/report.new"
}

fire() {
  date '+%Y-%m-%d %H:%M:%S %z' >"$g/report.new"
  for filter in "$g"/filter[0-9]; do
    [ -e "$filter" ] || continue
    n=${filter##*/filter}
    . "$filter"
    [ -d "$g/old$n" ] || continue
    for table in $( (ls "$g/old$n"; ls "$g/last$n") | sort -u); do
      undo_table "$table"
    done
  done
  for step in $(ls -r "$g"); do
    for edit in $(ls -r "$g/$step"); do
      case $edit in
      tried-*) edit=${edit#tried-} ;;
      *) continue ;;
      esac
      what=$(cat "$g/$step/what-$edit")
      if says=$(/bin/sh "$g/$step/ipvs-$edit" 2>&1); then
        say "IPVS: taken back: $what"
      else
        say "IPVS: not taken back: $what: $(printf '%s' "$says" | tr '\n' ' ')"
      fi
    done
  done
  mv -f "$g/report.new" "$g/report"
  exit
}

# old_of TABLE NOW: the table as it was; one that was never used lets everything pass.
old_of() {
  if grep '^\*' "$g/old$n/$1" >/dev/null 2>&1; then
    cat "$g/old$n/$1"
  else
    echo "*$1"
    sed -n 's/^\(:[^ ]*\) [A-Z][A-Z]* .*/\1 ACCEPT [0:0]/p' <"$2"
    echo COMMIT
  fi
}

undo_table() {
  now=$g/undo-now; old=$g/undo-old; last=$g/last$n/$1
  save -c -t "$1" >"$now" 2>"$g/says" || { say "table $1: cannot be read: $(cat "$g/says")"; return; }
  old_of "$1" "$now" >"$old"
  ! same "$now" "$old" || return 0
  if [ -s "$last" ] && [ ! -e "$g/mixed$n.$1" ] && same "$now" "$last"; then
    if restore -c <"$old" 2>"$g/says" || restore -c <"$old" 2>"$g/says"; then
      say "table $1: is as it was"
      return
    fi
    say "table $1: does not load as it was: $(tr '\n' ' ' <"$g/says")"
  fi
  # Somebody else has changed it meanwhile, or it is not known how we left it: only our own edits are taken back.
  for step in $(ls -r "$g"); do
    if [ "$(cat "$g/$step/table" "$g/$step/filter" 2>/dev/null)" = "$1
$n" ]; then
      take_back "$1" "$g/$step"
    fi
  done
}

# take_back TABLE STEP: in one block, or where that does not load line by line.
take_back() {
  { cat "$2/come"; put_back "$2"; } >"$g/lines"
  [ -s "$g/lines" ] || return 0
  if { echo "*$1"; cat "$g/lines"; echo COMMIT; } | restore -c --noflush 2>/dev/null; then
    say "table $1: somebody else changed it meanwhile; our own changes are taken back"
    return
  fi
  while IFS= read -r line; do
    one "$1" "$line" && continue
    case $line in
    # There are fewer rules now: to the end.
    '['*)
      rest=${line#*-I }
      chain=${rest%% *}
      rest=${rest#* }
      one "$1" "${line%%-I *}-A $chain ${rest#* }" || say "table $1: failed: $line: $(tr '\n' ' ' <"$g/says")"
      ;;
    *) say "table $1: is not there any more: ${line#-D }" ;;
    esac
  done <"$g/lines"
  say "table $1: somebody else changed it meanwhile; our own changes are taken back one by one"
}

one() {
  printf '*%s\n%s\nCOMMIT\n' "$1" "$2" | restore -c --noflush 2>"$g/says"
}

# put_back STEP: the deleted rules with counters and numbers, those of them that are not there again.
put_back() {
  plain "$1/before" >"$g/was"
  plain "$now" >"$g/is"
  : >"$g/seen"
  while IFS= read -r line; do
    chain=${line#-A }; chain=${chain%% *}
    seen=$(grep -c -F -x -e "$line" "$g/seen")
    printf '%s\n' "$line" >>"$g/seen"
    was=$(grep -c -F -x -e "$line" "$g/was")
    is=$(grep -c -F -x -e "$line" "$g/is")
    [ $((is + seen)) -lt "$was" ] || continue
    number=$(grep -e "^-A $chain " "$g/was" | grep -n -F -x -e "$line" | sed -n "$((seen + 1))p")
    number=${number%%:*}
    counters=$(grep -e "^\[[0-9:]*\] -A $chain " "$1/before" | sed -n "${number}s/^\(\[[0-9:]*\]\).*/\1/p")
    printf '%s -I %s %s %s\n' "$counters" "$chain" "$number" "${line#"-A $chain "}"
  done <"$1/gone"
}

action=$2
shift 2
case $action in
begin) begin "$@" ;;
end) end "$@" ;;
gone) gone ;;
start)
  # Nothing of the connection that started it is held.
  exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- </dev/null >/dev/null 2>&1
  trap '' HUP
  cd / || exit
  watch &
  echo $! >"$g/pid.new" && mv -f "$g/pid.new" "$g/pid"
  ;;
esac
exit
}
