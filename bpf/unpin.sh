#!/bin/sh
# Takes away what pin.sh pinned: sh unpin.sh [DIR]
set -eu
dir=${1:-/run/aufs-filters}
if grep -qF " $dir bpf " /proc/self/mounts; then
  # Another mount namespace may have the same bpffs.
  rm -f "$dir/vmas"
  umount "$dir"
  rmdir "$dir"
fi
