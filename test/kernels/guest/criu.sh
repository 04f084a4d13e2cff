# Follows docs/criu.md: sh criu.sh SCENARIO
#
# Has the blocks of that page below /walk, and /mapped (mapped.c). Each line that is written has what it tells, a tab, and that.
set -eu
scenario=$1
tell() { while IFS= read -r line; do printf '%s\t%s\n' "$1" "$line"; done; }
count() { od -A n -t u8 -N 8 "$1/data/shared" | tr -d ' '; }
step() { echo "$1" | tell step; . "/walk/$1"; }

# What a container's root is made of.
box=/box/$scenario
mkdir -p "$box/base/bin" "$box/base/data" "$box/top" "$box/work" "$box/root"
cp /mapped "$box/base/bin/mapped"
for name in read private shared; do
  { dd if=/dev/zero bs=8 count=1; seq 1 9000; } 2> /dev/null | head -c 8192 > "$box/base/data/$name"
done
mount_root() {
  case $scenario in
    lost) mount --bind "$box/base" "$1" ;;
    *) mount -t overlay -o "lowerdir=$box/base,upperdir=$box/top,workdir=$box/work" overlay "$1" ;;
  esac
}
mount_root "$box/root"
case $scenario in
  lost | container) option=-u ;;
  chroot) option=-c ;;
  log) option= ;;
esac
setsid /mapped $option "$box/root" &
while [ "$(count "$box/root")" = 0 ]; do sleep 0.1; done
pidof mapped > /container
pid=$(cat /container)
/mapped -s "$pid" | tell before

cd "$box"
case $scenario in
  container)
    for number in 1 2 3 4 5; do step "container-$number"; done
    ;;
  log)
    for number in 1 2 3; do step "container-$number"; done
    step log-1
    step container-5
    ;;
  lost)
    pids=$pid
    root=$box/root
    step container-2
    criu dump -t "$pid" -D img -o plain.log -v4 --manage-cgroups=ignore || echo $? | tell 'status of criu alone'
    grep -o "Can't lookup mount.*" img/plain.log | tell 'error of criu alone'
    rm -r img
    mkdir img
    step container-3
    umount "$root"
    mkdir -p /mnt/restore
    mount_root /mnt/restore
    criu restore -d -D img -o plain.log -v4 --root /mnt/restore --manage-cgroups=ignore || echo $? | tell 'status of a restore alone'
    grep -o "Can't open file.* on restore.*" img/plain.log | tell 'error of a restore alone'
    step container-5
    # Once more: what was restored can be dumped and restored again.
    pid=$(cat img/pid)
    pids=$pid
    cd "$box"
    mv dump first
    step container-2
    step container-3
    step container-5
    ;;
  chroot)
    step chroot-1
    ;;
esac

restored=/mnt/restore
[ "$scenario" != chroot ] || restored=$box/root
pid=$(cat img/pid)
counted=$(count "$restored")
while [ "$(count "$restored")" = "$counted" ]; do sleep 0.1; done
/mapped -s "$pid" | tell after
tell said < remount.sh 2> /dev/null || true
step container-6 > rows
grep '^step' rows
grep -v '^step' rows | tell rows
aufs-vma --pid "$pid" | jq -r .kernel.mnt_listed | uniq | tell listed
kill -9 "$pid"
while [ -d "/proc/$pid" ]; do sleep 0.1; done
umount "$restored"
