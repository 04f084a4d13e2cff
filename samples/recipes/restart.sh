# What to restart: processes that run code which is no longer there under its name, by container and process.
# restart.sh [aufs-vma's arguments; default --all]: restart.sh --all --procfs /host/proc --sysfs /host/sys
[ $# -gt 0 ] || set -- --all
aufs-vma --stale "$@" |
  jq -r '
    # Code only, of files: memory without a file (memfd and the like) is always "deleted".
    select(.perms // "" | contains("x")) | select(.rpath != null or .kernel.mnt_listed) |
    [.container // "-", .comm, .pid, .state, .path] | @tsv' |
  sort -u
