#!/bin/sh
# Pins the iterator of vmas.bpf.c, so that whoever may read DIR/vmas is told which file each mapping really is of.
#
#   sh pin.sh [--group NAME] [DIR]
#
# DIR is a bpffs of its own: its file is readable by root alone, or by a group. What was pinned there before is replaced.
# Takes root, bpftool, and a kernel with BTF (/sys/kernel/btf/vmlinux). unpin.sh takes it away, as does a reboot.
set -eu
here=$(dirname "$0")
group=
if [ "${1-}" = --group ]; then
  group=$2
  shift 2
fi
dir=${1:-/run/aufs-filters}
object=$here/vmas.bpf.o

[ -e "$object" ] && [ ! "$here/vmas.bpf.c" -nt "$object" ] || sh "$here/build.sh"
sh "$here/unpin.sh" "$dir"
mkdir -p "$dir"
mount -t bpf -o nosuid,nodev,noexec,mode=0700 aufs-filters "$dir"
bpftool iter pin "$object" "$dir/vmas" || { sh "$here/unpin.sh" "$dir"; exit 1; }
[ -n "$group" ] || exit 0
chgrp "$group" "$dir" "$dir/vmas"
chmod 0440 "$dir/vmas"
chmod 0710 "$dir"
