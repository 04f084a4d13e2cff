# Bytes mapped from each layer in each container, the most first, by DuckDB: bytes-duckdb.sh [aufs-vma's arguments; default --all]
# Needs duckdb 1.0. For files that were kept, of many hosts too, give read_json their names, or a pattern.
[ $# -gt 0 ] || set -- --all
aufs-vma "$@" |
  duckdb -c "copy (
    select sum(('0x' || \"end\")::ubigint - ('0x' || start)::ubigint)::ubigint as bytes,
      coalesce(container, '-') as container, branch.path as layer, branch.path_b64 as layer_b64
    from read_json('/dev/stdin', format = 'newline_delimited', columns = {
      container: 'varchar', start: 'varchar', \"end\": 'varchar', branch: 'struct(path varchar, path_b64 varchar)'})
    where layer is not null
    group by all order by bytes desc, container, layer, layer_b64) to '/dev/stdout' (format json)" |
  cat # DuckDB would write anew what standard output is, were that a file.
