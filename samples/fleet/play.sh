# A fleet on one machine, from the hosts to the answers: play.sh [LAYER]. $FLEET_PORT is ClickHouse's, default 19000.
# Needs aufs-vma, jq, GNU parallel, clickhouse-server and clickhouse-client. All is gone when it ends.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
layer=${1:-/var/lib/docker/aufs/diff/2804bad6fe94a55f18b2b37e300919a5fd517b95aa81e95db574c0ba069a3740}
export FLEET_PORT="${FLEET_PORT:-19000}"
FLEET=$(mktemp -d)
PARALLEL_HOME=$FLEET/parallel
export FLEET PARALLEL_HOME
server=
end() {
  if [ -n "$server" ]; then
    kill "$server" 2> /dev/null || :
    wait "$server" || :
  fi
  rm -rf "$FLEET"
}
trap end EXIT
trap 'exit 1' INT TERM

ask() { clickhouse-client --host 127.0.0.1 --port "$FLEET_PORT" "$@"; }

mkdir "$FLEET/clickhouse" "$PARALLEL_HOME"
cp "$here/config.xml" "$here/users.xml" "$FLEET/clickhouse"
(cd "$FLEET/clickhouse" && exec clickhouse-server --config-file=config.xml > log 2>&1) &
server=$!
until ask --query 'SELECT 1' > "$FLEET/up" 2>&1; do
  kill -0 "$server" 2> /dev/null || { cat "$FLEET/clickhouse/log" >&2; exit 1; }
  sleep 0.1
done

sh "$here/machines.sh" "$FLEET"
ask --query "$(cat "$here/vma.sql")"
FLEET_SSH=$here/ssh-here.sh sh "$here/collect.sh" "$FLEET/hosts" \
  --all --procfs '"$HOST/proc"' --sysfs '"$HOST/sys"' |
  ask --query 'INSERT INTO vma FORMAT JSONEachRow'

echo '# stale, by host and container'
ask --query "$(cat "$here/stale.sql")"
echo '# bytes by layer'
ask --query "$(cat "$here/bytes-by-layer.sql")"
echo '# who maps a file of the layer'
jq -cn --arg layer "$layer" '{$layer}' |
  ask --query "$(cat "$here/hosts-of-layer.sql")" \
    --external --file=- --name=wanted --structure='layer String' --format=JSONEachRow
