# The mapped files of a fleet, a row a mapping, ready for JSONEachRow: collect.sh HOSTS [aufs-vma's arguments; default --all]
# HOSTS is a file with a host a line, as GNU parallel's --sshloginfile has them. $FLEET_SSH is what stands for ssh.
# On a host it runs the aufs-vma that send.sh has put there, else the one on the PATH.
hosts=$1
shift
[ $# -gt 0 ] || set -- --all
parallel --nonall --tag --line-buffer --sshloginfile "$hosts" ${FLEET_SSH:+--ssh "$FLEET_SSH"} \
  'env PATH="$HOME/.cache/aufs-filters:$PATH" aufs-vma' "$@" |
  jq -cR '
    def digit: if . > 96 then . - 87 else . - 48 end;
    # Addresses may be past what a number of jq holds, pages are not.
    def pages: .[:-3] | reduce explode[] as $c (0; . * 16 + ($c | digit));
    index("\t") as $tab | .[:$tab] as $host | .[$tab + 1:] | fromjson |
    {
      $host, container: (.container // ""), pid, comm, code: (if .perms // "" | contains("x") then 1 else 0 end),
      bytes: (4096 * ((.end | pages) - (.start | pages))),
      path, path_b64: (.path_b64 // ""), state: (.state // ""),
      layer: (.branch.path // ""), layer_b64: (.branch.path_b64 // "")
    }'
