# What to restart: units and containers that run code which is no longer there under its name.
# restart.sh [aufs-vma's arguments; default --all]: restart.sh --all --procfs /host/proc --sysfs /host/sys
[ $# -gt 0 ] || set -- --all
aufs-vma --stale --code "$@" |
  jq -r '[.unit // "-", .container // "-", .comm // "-", .pid // "-", .state, .path] | @tsv' |
  sort -u
