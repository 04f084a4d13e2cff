# A container of Podman from an imported tar, whose process is looked at before and after a file that it maps is copied up:
#
#   unshare -m --propagation private sh podman.sh FOLDER NODE AUFS-VMA
#
# Writes `id`, `before` and `after` to FOLDER. All that Podman keeps is there too, and the container is gone when it ends.
set -eu
folder=$1 node=$2 script=$3

# crun refuses the two hierarchies side by side; this hides one of them, in this mount namespace alone.
umount /sys/fs/cgroup/unified 2> /dev/null || :

pod() {
  podman --root "$folder/root" --runroot "$folder/run" --tmpdir "$folder/tmp" --storage-driver overlay \
    --cgroup-manager cgroupfs "$@"
}
trap 'pod rm --force --time 0 held > /dev/null 2>&1 || :; umount "$folder/root/overlay" 2> /dev/null || :' EXIT

programs='/bin/sh /bin/sleep'
for file in $programs $(ldd $programs | grep -o '/[^ :]*' | sort -u); do
  mkdir -p "$folder/image${file%/*}"
  cp -L "$file" "$folder/image$file"
done
tar -C "$folder/image" -c . | pod import --quiet - held-image > /dev/null

# The limits are lowered, as a caller who may not raise them may still run this.
pod run --detach --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --name held \
  held-image /bin/sleep 300 > "$folder/id"
pid=$(pod inspect --format '{{.State.Pid}}' held)
libc=$(ldd /bin/sleep | grep -o '/[^ ]*/libc\.so[^ ]*')

# It is another program until it has become the image's.
until [ "$(cat "/proc/$pid/comm")" = sleep ] && grep -q 'libc\.so' "/proc/$pid/maps"; do sleep 0.05; done
"$node" "$script" --pid "$pid" > "$folder/before"
pod exec held /bin/sh -c ': >> "$1"' sh "$libc"
"$node" "$script" --pid "$pid" > "$folder/after"
