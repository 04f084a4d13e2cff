# Bytes mapped from each layer in each container, the most first, by Miller: bytes-miller.sh [aufs-vma's arguments; default --all]
# Needs mlr 6.6, whose integers have 64 bits, and jq, as mlr writes control characters as they are, which is no JSON.
[ $# -gt 0 ] || set -- --all
aufs-vma "$@" |
  mlr --ijsonl --ojsonl \
    filter 'is_map($branch)' \
    then put '
      $bytes = int("0x" . $end) - int("0x" . $start);
      $container = is_null($container) ? "-" : $container;
      $layer = $branch["path"];
      $layer_b64 = $branch["path_b64"] ?? ""' \
    then stats1 -a sum -f bytes -g container,layer,layer_b64 \
    then rename bytes_sum,bytes then reorder -f bytes \
    then sort -nr bytes -f container,layer,layer_b64 \
    then put 'if ($layer_b64 == "") {unset $layer_b64}' |
  jq -c .
