# Which affected packages running processes map, and from which layer: in-use.sh REPORT < RECORDS
#   trivy image --format json --list-all-pkgs IMAGE > report.json     # or, without vulnerabilities: syft -o json IMAGE
#   aufs-vma --all | aufs-images | sh in-use.sh report.json
# A row is: package, version, vulnerabilities, how, container, process, pid, path, the layer that supplies the file. How is one of
#   mapped       from the layer that the report has the package in
#   overridden   another layer, or the container's own, supplies the file by now
#   stale        the process maps a file that its path does not show any more
#   unknown      nothing tells the layer
# What is not listed is not "not affected": see the note at the end.
jq -rn --slurpfile report "$1" '
  # Of a system with merged /usr each of these names two paths, and a package lists either.
  def merged: ("/" + ltrimstr("/")) | if test("^/(bin|sbin|lib|lib32|lib64|libx32)/") then "/usr" + . else . end;
  def version: (if (.Epoch // 0) > 0 then "\(.Epoch):" else "" end) + ([.Version, .Release // empty] | join("-"));
  ($report[0] // {}) as $report |
  [($report.Results // [])[] | . as $result | (.Packages // [])[] | . as $package | {
    name: .Name, version: version, layer: .Layer.DiffID, files: .InstalledFiles,
    ids: [($result.Vulnerabilities // [])[] | select(.PkgName == $package.Name and (.PkgID // $package.ID) == $package.ID) |
      .VulnerabilityID] | unique
  } | select(.ids != [])] as $trivy |
  [($report.artifacts // [])[] | {
    name, version, layer: .locations[0].layerID, files: ([.metadata?.files[]?.path?] | if . == [] then null else . end), ids: []
  }] as $syft |
  ($trivy + $syft) as $packages |
  # The report may be of a shared layer that other images have, too: a process counts by the layers, not by a name.
  ([$packages[].layer, ($report.Metadata.DiffIDs // [])[]] | map({key: (. // ""), value: true}) | from_entries) as $layers |
  (reduce ($packages[] | . as $package | (.files // [])[] | {path: merged, $package}) as $each ({};
    .[$each.path] += [$each.package])) as $owners |
  (reduce (inputs | select(.path and has("branch"))) as $vma ({pids: {}, rows: []};
    if $layers[$vma.branch.image.layer // ""] then .pids["\($vma.pid)"] = true else . end |
    ($vma.path | merged) as $path |
    if $owners[$path] then .rows += [$owners[$path][] as $package | {$package, $vma}] else . end)) as $found |
  $found.rows | map(
    select($found.pids["\(.vma.pid)"]) | .package as $package | .vma as $vma | $vma.branch.image as $image |
    [ $package.name, $package.version, ($package.ids | join(",")),
      (if $vma.state == "copied_up" or $vma.state == "replaced" or $vma.state == "deleted" then "stale"
        # A volume over it is a layer of nothing.
        elif $vma.branch == null and $vma.rpath == null then "overridden"
        elif $image == null then "unknown"
        elif $image.container then "overridden"
        elif $image.layer == null then "unknown"
        elif $package.layer == null or $image.layer == $package.layer then "mapped"
        else "overridden" end),
      $vma.container // "-", $vma.comm // "-", $vma.pid // "-", $vma.path,
      (if $image.container then "container \($image.container)" else $image.layer // "-" end) ]
  ) | unique[] | @tsv'
listless=$(jq '[.Results[]?.Packages[]? | select(.InstalledFiles == null)] | length' "$1")
echo "in-use.sh: what is not listed may be affected all the same. This tells of files that these processes map now: of no program" \
  "that runs later, no script, no copy under another name, and of none of the $listless packages whose files the report does not list." >&2
