# Pins the iterator, and lets aufs-vma look at a lower file of an overlay that chmod has copied up since it was mapped.
#
#   unshare -m -p -f --mount-proc --kill-child sh bpf.sh FOLDER BPF AUFS-VMA...
#
# FOLDER is empty, BPF has pin.sh and an object. Writes lines of a name, a tab, and what it says: of `lower` device and inode of
# the lower file, of `group` the group of the pinned file, of all others the record of the program. All is gone when this ends.
set -eu
T=$1 bpf=$2; shift 2
# /run is the machine's.
mount -t tmpfs tmpfs /run
mount -t tmpfs -o mode=755 tmpfs "$T"
cd "$T"
mkdir base top work u inner
cp "$(command -v sleep)" base/program
mount -t overlay overlay -o "lowerdir=$T/base,upperdir=$T/top,workdir=$T/work" u

# other COMMAND...: as somebody else, of the group; for subshells alone.
other() { exec setpriv --reuid=65534 --regid="$group" --clear-groups "$@"; }
say() { printf '%s\t%s\n' "$1" "$2"; }
# started PID: waits until it is the program.
started() { until grep -qs '/program$' "/proc/$1/maps"; do :; done; }
# look NAME COMMAND...: the record of the code of the program.
look() { name=$1; shift; say "$name" "$("$@" 2> said | sed -n '/"perms":"r-xp".*"link":"[^"]*\/program"/p' | head -1)"; cat said; }

group=65534
u/program 100000 & mine=$!
other u/program 100000 & others=$!
unshare -p -f --kill-child sh -c 'mount -t proc proc inner && exec u/program 100000' & unshared=$!
started $mine; started $others
until nested=$(cat "/proc/$unshared/task/$unshared/children") && [ -n "$nested" ]; do :; done
nested=${nested% }
started "$nested"
say lower "$(stat -c '%Hd:%Ld %i' base/program)"
chmod 711 u/program

look 'nothing pinned' "$@" --pid $mine
sh "$bpf/pin.sh"
look 'pinned' "$@" --pid $mine
look 'pinned, raw' "$@" --raw --pid $mine
look 'in a pid namespace' "$@" --pid "$nested"
look 'in a pid namespace, by its own procfs' "$@" --procfs "$T/inner" --pid 1
look 'from a pid namespace' unshare -p -f --kill-child "$@" --pid $mine
look 'another' other "$@" --pid $others
sh "$bpf/pin.sh" --group nogroup
say group "$(stat -c '%a %U %G' /run/aufs-filters/vmas)"
look 'the group' other "$@" --pid $others
group=65533
look 'another, who asks for it' other "$@" --bpf /run/aufs-filters/vmas --pid $others
sh "$bpf/unpin.sh"
look 'unpinned' "$@" --pid $mine
say left "$(find /run -name 'aufs-filters*')"
kill $mine $others $unshared
