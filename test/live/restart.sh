# Processes whose files were replaced, deleted or left alone, and what each tool says of them:
#
#   unshare -m -p -i -f --mount-proc --kill-child sh restart.sh FOLDER NODE AUFS-VMA
#
# Each process is a sleep that maps a copy of a small library, or a perl that maps memory or data. FOLDER gets `cases`, a line
# for each (a number, a tab and a name), and the outputs: `ours` (stale code), `all` (all code) and those of the other tools.
# Everything else is gone when it ends: files are on a tmpfs of this mount namespace, memory is of this IPC namespace. (checkrestart passes over /tmp.)
set -eu
out=$1 node=$2 script=$3 T=/media
sleep=$(readlink -f "$(command -v sleep)")
libc=$(ldd "$sleep" | grep -o '/[^ ]*/libc\.so[^ ]*')
so=${libc%/*}/libdl.so.2
[ -e "$so" ] || { echo "no $so" >&2; exit 1; }

mount -t tmpfs tmpfs "$T"
cd "$T"
mkdir lib work low upper index merged
# All that may be missing is met before there is a case.
mkdir upper/probe index/probe
mount -t overlay overlay -o "lowerdir=$T/low,upperdir=$T/upper/probe,workdir=$T/index/probe" merged
umount merged
command -v perl nsenter > work/tools || { echo 'no perl or no nsenter' >&2; exit 1; }
case $(uname -m) in x86_64 | aarch64) ;; *) echo "no numbers of system calls for $(uname -m)" >&2; exit 1 ;; esac
: > "$out/cases"

# The process $P is the case NAME, once its maps holds a text: begun NAME TEXT.
begun() {
  until grep -qF -e "$2" "/proc/$P/maps"; do
    kill -0 "$P"
    "$sleep" 0.02
  done
  printf '%s\t%s\n' "$P" "$1" >> "$out/cases"
}

# A sleep that maps a copy of the library: maps NAME [FILE].
maps() {
  file=$T/${2:-lib/$1.so}
  cp "$so" "$file"
  LD_PRELOAD=$file "$sleep" 1000 & P=$!
  begun "$1" "$file"
}

# A perl that does what its text says, then sleeps: perls NAME TEXT-IN-MAPS PROGRAM. What it has of system calls are numbers.
perls() {
  perl -MPOSIX -MFcntl -e '
    my ($so, $sleep, $path) = @ARGV;
    my $isArm = (POSIX::uname())[4] eq "aarch64";
    my ($MEMFD_CREATE, $MMAP, $SHMAT) = $isArm ? (279, 222, 196) : (319, 9, 30);
    my $O_TMPFILE = 020000000 | ($isArm ? 040000 : 0200000);
    # Runs a sleep that maps what is written to a file without a name.
    sub preload {
      my ($file) = @_;
      open(my $from, "<", $so) or die $!;
      local $/;
      syswrite($file, <$from>) or die $!;
      fcntl($file, F_SETFD, 0);
      $ENV{LD_PRELOAD} = "/proc/self/fd/" . fileno($file);
      exec($sleep, "1000") or die $!;
    }
    # Maps a file, as data or as code.
    sub map_file {
      my ($protection) = @_;
      open(my $file, "<", $path) or die $!;
      syscall($MMAP, 0, 4096, $protection, 2, fileno($file), 0) != -1 or die $!;
    }
    '"$3"'
    sleep(1000);
  ' "$so" "$sleep" "${4-}" & P=$!
  begun "$1" "$2"
}

replace() { cp "$so" "$T/work/new"; mv "$T/work/new" "$1"; }

maps unchanged
maps chmod;       chmod 700 lib/chmod.so
maps overwritten; cat "$so" > lib/overwritten.so
maps renamed;     mv lib/renamed.so lib/renamed-since.so
maps replaced;    replace lib/replaced.so
maps deleted;     rm lib/deleted.so
maps linked;      ln lib/linked.so lib/other.so; rm lib/linked.so
maps number 'lib/#46';       rm 'lib/#46'

cp "$sleep" lib/program
lib/program 1000 & P=$!
begun program "$T/lib/program"
cp "$sleep" work/new; mv work/new lib/program

perls memfd '/memfd:jit (deleted)' '
  my $fd = syscall($MEMFD_CREATE, my $name = "jit", 0);
  open(my $file, "+<&=", $fd) or die $!;
  preload($file);'
perls tmpfile "$T/lib/#" '
  sysopen(my $file, "/media/lib", $O_TMPFILE | O_RDWR, 0700) or die $!;
  preload($file);'
perls sysv '/SYSV' '
  my $id = shmget(0, 4096, 01700) // die $!;
  syscall($SHMAT, $id, 0, 0100000) != -1 or die $!;'
perls shared '/dev/zero (deleted)' 'syscall($MMAP, 0, 4096, 7, 0x21, -1, 0) != -1 or die $!;'
for name in data 'with space' 'a (deleted)'; do cp "$so" "lib/$name"; done
perls data "$T/lib/data" 'map_file(1);' "$T/lib/data"
perls space "$T/lib/with space" 'map_file(5);' "$T/lib/with space"
perls said "$T/lib/a (deleted)" 'map_file(5);' "$T/lib/a (deleted)"
rm lib/data 'lib/with space'

# A container of its own: a sleep in another mount namespace, which maps a library of an overlay's lower layer.
contains() {
  cp "$so" "low/$1.so"
  unshare -m sh -c '
    mount -t overlay overlay -o "lowerdir=/media/low,upperdir=/media/upper/$1,workdir=/media/index/$1" merged
    LD_PRELOAD=/media/merged/$1.so exec "$2" 1000' sh "$1" "$sleep" & P=$!
  begun "$1" "/merged/$1.so"
}
within() { nsenter -t "$P" -m "$@"; }
for name in in-unchanged in-replaced in-deleted in-copied-up; do
  mkdir "upper/$name" "index/$name"
  contains $name
  case $name in
  *-replaced) within sh -c 'cp "$1" /media/merged/new; mv /media/merged/new "/media/merged/$2.so"' sh "$so" $name ;;
  *-deleted) within rm "$T/merged/$name.so" ;;
  *-copied-up) within touch "$T/merged/$name.so" ;;
  esac
done

"$node" "$script" --all --stale --code > "$out/ours"
"$node" "$script" --all --code > "$out/all"
for tool in needrestart checkrestart lsof; do
  command -v $tool > "$out/which" || continue
  case $tool in
  needrestart) needrestart -v -v -b -l -r l ;;
  checkrestart) checkrestart -v ;;
  lsof) lsof -nP -F pfn ;;
  esac > "$out/$tool" 2>&1 < /dev/null || :
done
