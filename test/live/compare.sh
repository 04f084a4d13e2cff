# Libraries that are mapped, and then changed, replaced or removed: what aufs-vma --compare tells of them.
#
#   unshare -m -p -f --mount-proc --kill-child bash compare.sh SCENARIO FOLDER NODE AUFS-VMA
#
# A plain sleep maps copies of one library. Everything is gone when this ends: the folder is a tmpfs of this mount
# namespace, the processes are of this pid namespace. Status 5: this machine cannot play the scenario.
set -eu
scenario=$1 T=$2 node=$3 script=$4

sleep=$(readlink -f "$(command -v sleep)")
libc=$(ldd "$sleep" | grep -o '/[^ ]*/libc\.so[^ ]*')
so=${libc%/*}/libm.so.6
[ -e "$so" ] || { echo "no $so" >&2; exit 5; }
case $scenario in relro) so=$libc ;; esac

mount -t tmpfs -o mode=755 tmpfs "$T"
cd "$T"
mkdir -p low/lib up work u plain

vma() { "$node" "$script" --compare "$@"; }

# Copies of the library, in a folder.
put() { folder=$1; shift; mkdir -p "$folder"; for f; do cp "$so" "$folder/$f.so"; done; }

unite() { mount -t overlay overlay -o "lowerdir=${1:-$T/low},upperdir=$T/up,workdir=$T/work" u; }

# Starts a process that maps libraries; its number is $P.
map() {
  preload=
  for f; do preload=$preload:$T/$f.so; done
  LD_PRELOAD=$preload "$sleep" 1000 & P=$!
  # The kernel may name it by a layer.
  until grep -qF "/${f##*/}.so" "/proc/$P/maps"; do
    kill -0 $P || exit 5
    "$sleep" 0.02
  done
}

# Where the code of a library begins: in memory, and in its file.
code() { awk -v name="$T/$1.so" '$6 == name && $2 == "r-xp" { split($1, a, "-"); print "0x" a[1], "0x" $3 }' "/proc/$P/maps"; }

# Changes bytes of a file, at a place in its code that nobody runs.
PLACE=262144
flip() { printf '\377\376\375' | dd of="$1" bs=1 seek="${2:-$PLACE}" conv=notrunc status=none; }

# Puts another file in the place of one.
replace() { cp "$so" fresh; [ $# -eq 1 ] || flip fresh "$2"; mv fresh "$1"; }

# Changes a byte in the memory of the process, as a debugger does that sets a breakpoint: the page becomes its own.
break_at() {
  read -r address offset < <(code "$1")
  printf '\314' | dd of="/proc/$P/mem" bs=1 seek=$((address - offset + $2)) conv=notrunc status=none
}

case $scenario in
probe) put low/lib a; unite ;;

union)
  put low/lib keep edited before chmod same other del patched beside fifo gone
  unite
  touch u/lib/before.so
  map u/lib/keep u/lib/edited u/lib/before u/lib/chmod u/lib/same u/lib/other u/lib/del u/lib/patched u/lib/beside u/lib/fifo u/lib/gone
  kill -STOP $P
  flip u/lib/edited.so; flip u/lib/before.so; flip u/lib/patched.so; flip u/lib/beside.so
  chmod 700 u/lib/chmod.so
  replace u/lib/same.so; replace u/lib/other.so $PLACE
  rm u/lib/del.so u/lib/fifo.so; mkfifo u/lib/fifo.so
  # Replaced twice: what is mapped was the first, which is nowhere any more.
  replace u/lib/gone.so $PLACE
  break_at u/lib/patched $PLACE
  break_at u/lib/beside $((PLACE + 8192))
  vma --pid $P
  ;;

apart)
  # Two filesystems: no inode of the union tells a layer.
  mkdir disk; mount -t tmpfs tmpfs disk; mkdir disk/up disk/work
  put low/lib same other del edited twice
  mount -t overlay overlay -o "lowerdir=$T/low,upperdir=$T/disk/up,workdir=$T/disk/work,xino=off" u
  touch u/lib/twice.so
  flip u/lib/twice.so
  map u/lib/same u/lib/other u/lib/del u/lib/edited u/lib/twice
  replace u/lib/same.so; replace u/lib/other.so $PLACE; rm u/lib/del.so; flip u/lib/edited.so
  replace u/lib/twice.so $((PLACE + 1))
  vma --pid $P
  ;;

nested)
  # The lower layer is a union itself.
  mkdir base inner inner/up inner/work inner/m
  put base/lib keep edited chmod same other
  mount -t overlay overlay -o "lowerdir=$T/base,upperdir=$T/inner/up,workdir=$T/inner/work" inner/m
  touch inner/m/lib/keep.so
  unite "$T/inner/m"
  map u/lib/keep u/lib/edited u/lib/chmod u/lib/same u/lib/other
  flip u/lib/edited.so; chmod 700 u/lib/chmod.so; replace u/lib/same.so; replace u/lib/other.so $PLACE
  vma --pid $P
  ;;

plain | stale)
  put plain keep same other data short long del link covered seen
  map plain/keep plain/same plain/other plain/data plain/short plain/long plain/del plain/link plain/covered plain/seen
  # The last page of the file is of data, which a process has changed: it is in the file all the same.
  size=$(stat -c %s "$so")
  replace plain/same.so; replace plain/other.so $PLACE
  last=$(awk -v name="$T/plain/data.so" '$6 == name { print "0x" $3 }' /proc/$P/maps | tail -1)
  replace plain/data.so $((last + 256))
  head -c 4096 "$so" > fresh; mv fresh plain/short.so
  { cat "$so"; head -c 1000000 /dev/zero; } > fresh; mv fresh plain/long.so
  rm plain/del.so
  rm plain/link.so; ln -s "$so" plain/link.so
  # What the kernel makes up while it is read is not read.
  mount --bind /proc/version plain/covered.so
  # In place: the process sees it as well.
  flip plain/seen.so
  [ $scenario = plain ] || set -- --stale
  [ $scenario = stale ] || set --
  vma "$@" --pid $P
  ;;

untouched)
  # Page by page: a large folio is mapped as a whole (Linux 6.18).
  dd if="$so" of=low/lib/a.so bs=4096 status=none
  unite
  map u/lib/a
  # Its constants, which lie after the code: nothing has read any.
  read -r range offset < <(awk -v name="$T/u/lib/a.so" '$6 == name && after { print "0x" $1, "0x" $3; exit } $2 == "r-xp" { after = $6 == name }' /proc/$P/maps)
  page=$((${range%-*} / 4096))
  entry=$(dd if="/proc/$P/pagemap" bs=8 skip=$page count=1 status=none | od -An -tx8 | tr -d ' ')
  case $entry in 0*) ;; *) echo "the page is in memory: $entry" >&2; exit 5 ;; esac
  flip u/lib/a.so $((offset))
  vma --pid $P
  ;;

relro)
  # The linker has written into each page that is read-only after relocation.
  put low/lib a b
  unite
  map u/lib/a u/lib/b
  relro=$(awk -v name="$T/u/lib/a.so" '$6 == name && $2 == "rw-p" { print before; exit } { before = "0x" $3 " 0x" $1 }' /proc/$P/maps)
  read -r offset range <<< "$relro"
  pages=$(((0x${range#*-} - ${range%-*}) / 4096))
  own=$(awk -v range="${range#0x}" '$1 == range { on = 1 } on && $1 == "Anonymous:" { print $2 / 4; exit }' /proc/$P/smaps)
  [ $pages -gt 2 ] && [ "$own" = $pages ] || { echo "of $pages pages $own are relocated" >&2; exit 5; }
  flip u/lib/a.so $((offset + 4096 + 8))
  vma --pid $P
  ;;

raced)
  # Somebody swaps what lies at the path, all the time.
  put plain a
  mkdir other; cp "$so" other/same.so; mkfifo other/fifo; ln -s /dev/zero other/link; mkdir other/folder
  map plain/a
  rm plain/a.so
  while :; do
    for f in same.so fifo link folder; do
      mv other/$f plain/a.so 2> /dev/null && mv plain/a.so other/$f
    done
  done &
  for _ in 1 2 3 4 5 6 7 8 9 10; do vma --pid $P; done
  ;;

ends)
  # Processes that end, and that run another program, while they are read.
  put plain a
  put low/lib b
  unite
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do map plain/a u/lib/b; pids=${pids:+$pids,}$P; done
  replace plain/a.so
  flip u/lib/b.so
  for p in ${pids//,/ }; do "$sleep" 0.03; kill $p; done &
  vma --pid "$pids" --pid $$
  ;;

closed)
  # Nobody's own process, with the one capability that its entries take, of a library that only root may read by now.
  put plain a open
  chmod 755 "$T" plain
  become="setpriv --reuid=65534 --regid=65534 --clear-groups"
  LD_PRELOAD=$T/plain/a.so:$T/plain/open.so $become "$sleep" 1000 & P=$!
  until grep -qF "$T/plain/open.so" /proc/$P/maps && grep -q sleep /proc/$P/comm; do "$sleep" 0.02; done
  replace plain/a.so; chmod 600 plain/a.so; replace plain/open.so
  $become --inh-caps=+checkpoint_restore --ambient-caps=+checkpoint_restore "$node" "$script" --compare --pid $P
  ;;
esac
