# Which images, or which container, each layer belongs to: images.sh [DIR; default /var/lib/docker] < RECORDS
# RECORDS are branch tables or VMA records. Each branch gets `images` and, where it is a container's own, `container`.
# Docker's layerdb, imagedb and repositories.json tell it. (containerd keeps it in a database, metadata.db: no folder tells.)
dir=${1:-/var/lib/docker}

# The first line of a file; nothing where there is none.
told() { value=; [ ! -e "$1" ] || read -r value < "$1" || :; }

facts=$({
  for layer in "$dir"/image/*/layerdb/sha256/*; do
    told "$layer/parent"; parent=$value
    told "$layer/diff"; diff=$value
    told "$layer/cache-id"; printf 'layer\t%s %s\tsha256:%s\t%s\n' "$parent" "$diff" "${layer##*/}" "$value"
  done
  for container in "$dir"/image/*/layerdb/mounts/*; do
    told "$container/mount-id"; printf 'own\t%s\t%s\n' "$value" "${container##*/}"
    told "$container/init-id"; printf 'own\t%s\t%s\n' "$value" "${container##*/}"
  done
  for folder in "$dir"/overlay2/*; do
    told "$folder/link"; printf 'short\t%s\t%s\n' "$value" "${folder##*/}"
  done
  find "$dir"/image/*/imagedb/content/sha256 -type f -exec jq -r '
    ["image", "sha256:" + (input_filename | split("/")[-1])] + .rootfs.diff_ids | @tsv' {} +
  jq -r '.Repositories[] | to_entries[] | ["tag", .value, .key] | @tsv' "$dir"/image/*/repositories.json
} | jq -nR '
  def facts($kind): map(select(.[0] == $kind)[1:]);
  def table: map({key: .[0], value: .[1:]}) | from_entries;
  [inputs / "\t"] | (facts("layer") | table) as $layers | facts("tag") as $tags |
  # A layer is found by the one below it and its own digest: so those of an image, from the lowest up.
  [facts("image")[] | .[0] as $id |
    ([$tags[] | select(.[0] == $id)[1] | select(contains("@") | not)] | if . == [] then [$id] else sort end) as $names |
    foreach .[1:][] as $diff ([""]; $layers["\(.[0]) \($diff)"]; {cache: .[1], $names})] as $images |
  {
    cache: (facts("short") | table | map_values(.[0])),
    container: (facts("own") | table | map_values(.[0])),
    images: ($images | group_by(.cache) | map({key: (.[0].cache // ""), value: (map(.names[]) | unique)}) | from_entries)
  }')

jq -c --slurpfile docker /dev/fd/3 '
  $docker[0] as $docker |
  def cache: (.path // "") | capture("(\\A|/)l/(?<short>[A-Z0-9]{26})\\z|/overlay2/(?<id>[^/]+)/diff\\z|/aufs/diff/(?<id2>[^/]+)\\z") // {}
    | if .short then $docker.cache[.short] else .id // .id2 end // "";
  def known: cache as $cache | . + {images: ($docker.images[$cache] // [])} +
    ($docker.container[$cache] | if . then {container: .} else {} end);
  if .branches then .branches[] |= known elif .branch then .branch |= known else . end' 3<<EOF
$facts
EOF
