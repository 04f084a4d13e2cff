# Mounts joined with branch tables, by mount id: join-mounts.sh MOUNTS TABLES
#   aufs-mounts < /proc/4711/mountinfo > mounts.ndjson    # or: jc --proc-pid-mountinfo < /proc/4711/mountinfo
#   aufs-branches < /proc/4711/mountinfo > tables.ndjson
# Each mount gets the `branches` that it is made of, and in `on` the mount point of the union that it lies on: a volume's.
jq -cn --slurpfile tables "$2" '
  ($tables | map({key: (.mount_id | tostring), value: .}) | from_entries) as $union |
  inputs | if type == "array" then .[] else . end |
  . + {branches: $union[.mount_id | tostring].branches, on: $union[.parent_id | tostring].mount_point}' "$1"
