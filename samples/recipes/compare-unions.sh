# The layers that a union lost (-) and gained (+): compare-unions.sh BEFORE AFTER, each a file of branch tables:
#   aufs-branches < /proc/4711/mountinfo > before.ndjson
# Numbers are left out, as all branches get new ones where one is added.
jq -rn --slurpfile before "$1" --slurpfile after "$2" '
  def layers: map(.mount_point as $at | .branches[] | [$at, .path, ([.perm // "?"] + .attributes | join("+"))]);
  ($before | layers) as $old | ($after | layers) as $new |
  (($old - $new)[] | ["-"] + .), (($new - $old)[] | ["+"] + .) | @tsv'
