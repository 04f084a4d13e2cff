# Bytes of files that are mapped from each layer, the most first, and the images that have it: bytes-by-image.sh < RECORDS
#   aufs-vma --all | aufs-images | sh bytes-by-image.sh
# A page of a file is in memory once, however many processes map it, and is counted once; so is a layer that many images have.
# Addresses and offsets may pass what a number of jq holds. Their last three digits are 0, as pages have 4096 bytes or more.
jq -rn '
  def digit: if . > 96 then . - 87 else . - 48 end;
  def pages: .[:-3] | reduce explode[] as $c (0; . * 16 + ($c | digit));
  # The parts of a file, [first page, page after the last]: those that overlap are one.
  def length_of: sort | reduce .[] as [$from, $to] ({end: 0, sum: 0};
    if $to > .end then .sum += $to - ([$from, .end] | max) | .end = $to else . end) | .sum;
  reduce (inputs | select(.branch.image)) as $vma ({};
    ($vma.branch.image | [.layer, .chain, .container, .names] | @json) as $layer |
    ($vma.offset // "0" | pages) as $from |
    .[$layer][[$vma.branch.path, $vma.path, $vma.path_b64, $vma.ino] | @json] +=
      [[$from, $from + ($vma.end | pages) - ($vma.start | pages)]]) |
  to_entries | map({layer: (.key | fromjson), bytes: (4096 * ([.value[] | unique | length_of] | add))}) | sort_by(-.bytes)[] |
  .layer as [$layer, $chain, $container, $names] |
  [.bytes, $layer // $chain // "-", if $container then "container \($container)" else ($names | join(" ")) end] | @tsv'
