# Two images of Podman that share a layer, and containers; asked what they are:
#
#   unshare -m --propagation private sh podman.sh FOLDER NODE BRANCHES VMA IMAGES
#
# FOLDER/images.tar has the two images, web:1 and db:1; the others are the scripts of the commands. Writes to FOLDER: `tables`
# and `vmas` of the container, its `id`, `inspected` (each image with its layers, from the lowest up, and the folder of the
# uppermost), and `lent`: tables of a container whose image lies in a store beside its own.
set -eu
folder=$1 node=$2 branches=$3 vma=$4 images=$5

# crun refuses the two hierarchies side by side; this hides one of them, in this mount namespace alone.
umount /sys/fs/cgroup/unified 2> /dev/null || :

pod() {
  podman --root "$folder/root" --runroot "$folder/run" --tmpdir "$folder/tmp" --storage-driver overlay \
    --cgroup-manager cgroupfs "$@"
}
borrowing() {
  podman --root "$folder/other" --runroot "$folder/run2" --tmpdir "$folder/tmp2" --storage-driver overlay \
    --cgroup-manager cgroupfs --storage-opt "additionalimagestore=$folder/root" "$@"
}
trap '{ pod rm --force --all --time 0; borrowing rm --force --all --time 0; } > /dev/null 2>&1 || :
  umount "$folder/root/overlay" "$folder/other/overlay" 2> /dev/null || :' EXIT

for name in web db; do
  pod pull --quiet "oci-archive:$folder/images.tar:$name:1" > "$folder/pulled"
  pod tag "$(cat "$folder/pulled")" "example.org/$name:1"
done
pod tag example.org/web:1 example.org/web:latest
pod rmi "localhost/web:1" "localhost/db:1" > /dev/null 2>&1 || :

pod images --quiet --no-trunc | sort -u | while read -r id; do
  pod inspect --type image --format '{{json .RepoTags}} {{json .RootFS.Layers}} {{.GraphDriver.Data.UpperDir}}' "$id"
done > "$folder/inspected"

# The limits are lowered, as a caller who may not raise them may still run this.
pod run --detach --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --name held \
  example.org/web:1 /bin/sleep 300 > "$folder/id"
pid=$(pod inspect --format '{{.State.Pid}}' held)
until [ "$(cat "/proc/$pid/comm")" = sleep ] && grep -q 'libc\.so' "/proc/$pid/maps"; do sleep 0.05; done
"$node" "$branches" "/proc/$pid/mountinfo" | "$node" "$images" --podman "$folder/root" > "$folder/tables"
"$node" "$vma" --pid "$pid" | "$node" "$images" --podman "$folder/root" > "$folder/vmas"

borrowing run --detach --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --name lent \
  example.org/db:1 /bin/sleep 300 > "$folder/lent-id"
pid=$(borrowing inspect --format '{{.State.Pid}}' lent)
"$node" "$branches" "/proc/$pid/mountinfo" |
  "$node" "$images" --podman "$folder/other" --podman "$folder/root" > "$folder/lent"
