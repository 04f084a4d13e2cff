# What a layer supplies, and to whom: supplied-by.sh LAYER [aufs-vma's arguments; default --all]
layer=$1
shift
[ $# -gt 0 ] || set -- --all
aufs-vma "$@" |
  jq -r --arg layer "$layer" '
    select(.branch.path == $layer) | [.path, .container // "-", .comm, .pid] | @tsv' |
  sort -u
