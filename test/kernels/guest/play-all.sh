# Plays cases, then runs aufs-vma on all the processes that they started.
#
#   unshare -m -p -f --mount-proc --kill-child sh play-all.sh CASES LIBRARY NODE AUFS-VMA BPF [SECONDS]
#
# CASES is a folder with a script for each case (play.sh). Writes a line of JSON for each case, then one for each record of a
# mapping of code, and one about aufs-vma itself. What was said on standard error may hold any byte, so it is in base64.
# aufs-vma runs again with --compare.
# BPF is a folder with pin.sh and an object, or `-`: with it aufs-vma runs once more, and is told what is really mapped.
# With SECONDS the machine's clock is moved by as many, and aufs-vma runs a last time.
# All is gone when this ends: the mounts with their namespace, the processes with theirs.
set -eu
cases=$1 library=$2 node=$3 vma=$4 bpf=$5; shift 5
here=$(dirname "$0")
work=$(mktemp -d)
mount -t tmpfs tmpfs "$work"
# The folder below the mount is the machine's.
trap 'umount -l "$work"; rmdir "$work"' EXIT

encoded() { base64 < "$1" | tr -d '\n'; }

for script in "$cases"/*; do
  name=${script##*/}
  folder=$work/$name
  mkdir "$folder"
  : > "$folder.pids"
  status=0
  timeout 600 sh "$here/play.sh" "$script" "$folder" "$library" < /dev/null > "$work/said" 2>&1 || status=$?
  printf '{"case":{"name":"%s","folder":"%s","pids":[%s],"status":%d,"stderr":"%s"}}\n' \
    "$name" "$folder" "$(paste -sd , "$folder.pids")" "$status" "$(encoded "$work/said")"
done

# look NAME FILE [OPTION]...: FILE is what the iterator is pinned as.
look() {
  name=$1 pinned=$2; shift 2
  status=0
  timeout 600 "$node" "$vma" "$@" --bpf "$pinned" --pid "$(cat "$work"/*.pids | paste -sd , -)" > "$work/records" 2> "$work/said" || status=$?
  sed -n '/"perms":"r-xp"/s/.*/{"vma":&}/p' "$work/records"
  printf '{"end":{"name":"%s","status":%d,"stderr":"%s"}}\n' "$name" "$status" "$(encoded "$work/said")"
}

look alone /dev/null
look compared /dev/null --compare
if [ "$bpf" != - ]; then
  # Where that fails, aufs-vma says so.
  sh "$bpf/pin.sh" "$work/bpf" || :
  look told "$work/bpf/vmas"
fi
if [ $# -gt 0 ]; then
  date -s "@$(($(date +%s) + $1))" > /dev/null
  look moved /dev/null
fi
