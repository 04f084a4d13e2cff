# What to restart: processes that run code which is no longer there under its name, by container and process.
# Arguments go to aufs-vma: restart.sh; restart.sh --procfs /host/proc --sysfs /host/sys
aufs-vma --all --stale "$@" |
  jq -r '
    # Code only, of files: memory without a file (memfd and the like) is always "deleted".
    select(.perms // "" | contains("x")) | select(.rpath != null or .kernel.mnt_listed) |
    [.container // "-", .comm, .pid, .state, .path] | @tsv' |
  sort -u
