#!/bin/sh
[ "$1" = --list ] || { echo "asked for $*" >&2; exit 9; }
cat <<'END'
{"web": {"hosts": ["w2", "w1"], "vars": {"a": 1.0, "t": "{{ x }}", "ansible_group_priority": 5}, "children": ["sub"], "note": "x"},
 "sub": {"hosts": ["s1"]},
 "late": {"children": ["web"]},
 "_meta": {"hostvars": {"w1": {"b": [1, {"c": null}]}, "w2": {}, "other": {"x": 1}}}}
END
