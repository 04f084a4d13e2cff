# Bytes mapped from each layer in each container, the most first, by SQLite: bytes-sqlite.sh [aufs-vma's arguments; default --all]
# Needs sqlite3 3.38. Addresses are hexadecimal and may pass 2^53: digit by digit they stay whole.
[ $# -gt 0 ] || set -- --all
aufs-vma "$@" |
  sqlite3 -batch :memory: '.mode ascii' '.separator "\037" "\n"' 'create table vma (record)' '.import /dev/stdin vma' \
    '.mode list' "
    with mapped as (
      select coalesce(record ->> '\$.container', '-') as container,
        record ->> '\$.branch.path' as layer, record ->> '\$.branch.path_b64' as exact,
        (select sum((instr('123456789abcdef', substr(record ->> '\$.end', -value, 1)) -
            instr('123456789abcdef', substr('0000000000000000' || (record ->> '\$.start'), -value, 1))) << 4 * (value - 1))
          from generate_series(1, length(record ->> '\$.end'))) as bytes
      from vma where layer is not null),
    sums as (select sum(bytes) as bytes, container, layer, exact from mapped group by container, layer, exact)
    select json_patch(json_object('bytes', bytes, 'container', container, 'layer', layer), json_object('layer_b64', exact))
    from sums order by bytes desc, container, layer, exact"
