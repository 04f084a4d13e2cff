# Bytes mapped from each layer, the most first: bytes-by-layer.sh [aufs-vma's arguments; default --all]
# What several processes map counts for each. A name that is no UTF-8 has its base64 after it. Addresses are hexadecimal, and past what a number of jq holds: their last three
# digits are 0, as pages have 4096 bytes or more, so pages are counted.
[ $# -gt 0 ] || set -- --all
aufs-vma "$@" |
  jq -rn '
    def digit: if . > 96 then . - 87 else . - 48 end;
    def pages: .[:-3] | reduce explode[] as $c (0; . * 16 + ($c | digit));
    reduce (inputs | select(.branch)) as $vma ({};
      .[$vma.branch | [.path, .path_b64 // empty] | @json] += 4096 * (($vma.end | pages) - ($vma.start | pages)))
    | to_entries | sort_by(-.value)[] | [.value] + (.key | fromjson) | @tsv'
