# What runs files that are not current any more, for node_exporter's textfile collector:
# prometheus.sh FILE.prom [aufs-vma's arguments; default --all]. By cron, as root, each quarter of an hour:
#   */15 * * * * root sh prometheus.sh /var/lib/prometheus/node-exporter/aufs.prom --all --code
# FILE is there whole, or as it was: node_exporter passes over what does not end in .prom. When it was written is for
# node_exporter to say (node_textfile_mtime_seconds). A process or a file counts for each of its states.
file=$1
shift
[ $# -gt 0 ] || set -- --all
unfinished=$(mktemp "$(dirname -- "$file")/.aufs.XXXXXX") || exit
trap 'rm -f -- "$unfinished"' EXIT
trap 'exit 1' HUP INT TERM
{ aufs-vma --stale "$@" || echo '"incomplete"'; } |
  jq -rn '
    # A container chooses its names: no byte of them ends a label, or a line.
    def escaped: tostring | gsub("\\\\"; "\\\\") | gsub("\""; "\\\"") | gsub("\n"; "\\n");
    def labels: "{container=\"\(.[0] // "" | escaped)\",unit=\"\(.[1] // "" | escaped)\",state=\"\(.[2] | escaped)\"}";
    reduce inputs as $vma ({groups: {}, complete: 1};
      if $vma == "incomplete" then .complete = 0
      else
        ([$vma.container, $vma.unit, $vma.state // "unknown"] | @json) as $group |
        .groups[$group].processes["\($vma.pid)"] = 1 |
        .groups[$group].files[[$vma.path, $vma.path_b64, $vma.dev, $vma.ino] | @json] = 1
      end) |
    def metric($name; $help; of): "# HELP \($name) \($help)", "# TYPE \($name) gauge",
      (.groups | to_entries | sort_by(.key)[] | "\($name)\(.key | fromjson | labels) \(.value | of | length)");
    metric("aufs_stale_processes"; "Processes that map files which are not current any more."; .processes),
    metric("aufs_stale_files"; "Files that are mapped and not current any more."; .files),
    "# HELP aufs_stale_complete Whether all that was asked for could be read.", "# TYPE aufs_stale_complete gauge",
    "aufs_stale_complete \(.complete)"' > "$unfinished" &&
  chmod 644 -- "$unfinished" && mv -- "$unfinished" "$file"
