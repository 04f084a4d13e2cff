# Stands in for AUFS where the kernel has none: branch folders with both kinds of whiteouts, a real overlay of the same
# folders as the union, the files that sysfs would have, and a mountinfo that says aufs bound over the process's own.
#
#   unshare -m -p -f --mount-proc --kill-child sh live-aufs.sh SCENARIO FOLDER NODE AUFS-VMA
#
# Each process is a plain sleep that maps copies of one small library, or is run by an odd name itself.
# Everything is gone when it ends: the folder is a tmpfs of this mount namespace, the processes of this pid namespace.
set -eu
scenario=$1 T=$2 node=$3 script=$4
recipes=$PWD/samples/recipes

vma() { "$node" "$script" --sysfs "$T/sys" "$@"; }

sleep=$(readlink -f "$(command -v sleep)")
libc=$(ldd "$sleep" | grep -o '/[^ ]*/libc\.so[^ ]*')
so=${libc%/*}/libdl.so.2
[ -e "$so" ] || { echo "no $so" >&2; exit 1; }

mount -t tmpfs tmpfs "$T"
cd "$T"
mkdir -p base/lib mid/lib top work u host sys/fs/aufs/si_abc

# Copies of the library, in a folder.
put() {
  folder=$1; shift
  mkdir -p "$folder"
  for f; do cp "$so" "$folder/$f.so"; done
}

# The union, and what sysfs tells of its branches.
unite() {
  mount -t overlay overlay -o "lowerdir=$T/mid:$T/base,upperdir=$T/top,workdir=$T/work" u
  tell "$T/top=rw" "$T/mid=ro+wh" "$T/base=ro"
}

tell() {
  n=0
  for branch; do
    printf '%s\n' "$branch" > sys/fs/aufs/si_abc/br$n
    echo $((64 + n)) > sys/fs/aufs/si_abc/brid$n
    n=$((n + 1))
  done
  : > sys/fs/aufs/si_abc/xi_path
}

# Starts a process that maps libraries of a folder; its number is $P.
map() {
  folder=$1; shift
  preload=
  for f; do preload=$preload:$folder/$f.so; done
  LD_PRELOAD=$preload "$sleep" 1000 & P=$!
  until grep -qF "$folder/$f.so" "/proc/$P/maps"; do "$sleep" 0.02; done
}

# Waits until a process runs another program.
ran() { while [ "$(readlink "/proc/$1/exe")" = "$(readlink /proc/$$/exe)" ]; do "$sleep" 0.02; done; }

# The process's own mountinfo, with the overlay at a mount point said to be an aufs.
stand() {
  sed "s#^\([^ ]* [^ ]* [^ ]* [^ ]* $2 .*\) - overlay .*#\1 - aufs none rw,si=abc#" "/proc/$1/mountinfo" > "mounts.$1"
  mount --bind "mounts.$1" "/proc/$1/mountinfo"
}

# Raw records as a leaking kernel has them: the link and the opened entry are the branch's file, of a mount that nobody has.
leak() {
  "$node" -e '
    const { readFileSync, statSync } = require("node:fs")
    const [T, files] = [process.argv[1], new Map(process.argv.slice(2).map((file) => file.split("=")))]
    for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
      const vma = JSON.parse(line)
      const name = vma.kernel.maps_name.replace(" (deleted)", "").replace(`${T}/u/`, "")
      const file = files.get(name)
      if (file === undefined) continue
      const { ino, dev } = statSync(`${T}/${file}`)
      vma.link = `${T}/${file}`
      Object.assign(vma.kernel, { dev: `${dev >> 8}:${dev & 255}`, ino: String(ino), mnt_id: 1, mnt_listed: false })
      console.log(JSON.stringify(vma))
    }' "$T" "$@"
}

# A program with its libraries, below a folder that becomes a root.
program() {
  for f in $(ldd "$sleep" | grep -o '/[^ ]*'); do mkdir -p "$1${f%/*}"; cp -L "$f" "$1$f"; done
  mkdir -p "$1/bin"
  shift
  for f; do cp "$sleep" "$f"; done
}

case $scenario in
probe) unite ;;

kinds)
  put base/lib ro over cow chm wh del rep ren hl1 old lnk fifo dev folder
  put base/lib/opq y
  put mid/lib over
  put mid/lib/opq y
  ln base/lib/hl1.so base/lib/hl2.so
  : > mid/lib/.wh.wh.so; mknod mid/lib/wh.so c 0 0
  : > mid/lib/opq/.wh..wh..opq; setfattr -n trusted.overlay.opaque -v y mid/lib/opq
  unite
  put u/lib wh new new-ren new-del new-rep
  put u/lib/moved x; put u/lib/gone x; put u/lib/gone-fifo x
  put host x lnk plain plain-del plain-rep
  touch u/lib/old.so
  map "$T" u/lib/ro u/lib/over u/lib/cow u/lib/chm u/lib/wh u/lib/opq/y u/lib/del u/lib/rep u/lib/ren u/lib/hl1 u/lib/old \
    u/lib/lnk u/lib/fifo u/lib/dev u/lib/folder u/lib/new u/lib/new-ren u/lib/new-del u/lib/new-rep u/lib/moved/x \
    u/lib/gone/x u/lib/gone-fifo/x host/plain host/plain-del host/plain-rep
  touch u/lib/cow.so
  chmod 700 u/lib/chm.so
  rm u/lib/del.so u/lib/new-del.so u/lib/hl1.so host/plain-del.so
  for f in u/lib/rep u/lib/new-rep host/plain-rep; do cp "$so" x; mv x $f.so; done
  mv u/lib/ren.so u/lib/renamed.so
  mv u/lib/new-ren.so u/lib/new-renamed.so
  rm u/lib/lnk.so u/lib/fifo.so u/lib/dev.so u/lib/folder.so
  ln -s "$T/host/lnk.so" u/lib/lnk.so
  mkfifo u/lib/fifo.so
  mknod u/lib/dev.so c 1 3
  mkdir u/lib/folder.so
  mv u/lib/moved u/lib/moved-away; ln -s "$T/host" u/lib/moved
  rm -r u/lib/gone; ln -s "$T/host" u/lib/gone
  rm -r u/lib/gone-fifo; mkfifo u/lib/gone-fifo
  stand $P "$T/u"
  vma --pid $P
  ;;

names)
  mkdir base/bin
  pids=
  bad=$(printf 'bad\377byte') escape=$(printf 'esc\033[31m')
  set -- 'new
line' 'back\slash' 'lit\012eral' 'real (deleted)' "$bad" "$escape" ' spaces ' 'ünïcode' 'was (deleted)' 'other'
  for f; do cp "$sleep" "base/bin/$f"; done
  unite
  for f; do "$T/u/bin/$f" 1000 & ran $!; pids=$pids,$!; done
  rm 'u/bin/was (deleted)' u/bin/other
  cp "$sleep" 'u/bin/other (deleted)'
  stand $! "$T/u"
  for p in $(echo "${pids%,*}" | tr , ' '); do mount --bind "mounts.$!" "/proc/$p/mountinfo"; done
  vma --pid "${pids#,}"
  ;;

writable)
  put base/lib b mb w
  put mid/lib m mb
  : > mid/lib/.wh.w.so; mknod mid/lib/w.so c 0 0
  unite
  tell "$T/top=rw" "$T/mid=rw" "$T/base=ro"
  put u/lib t w
  map "$T/u/lib" b mb m t w
  stand $P "$T/u"
  vma --pid $P
  ;;

no-wh)
  # Of a branch without the attribute wh a whiteout is a file like others, and so it is in aufs's eyes here.
  put base/lib f
  : > mid/lib/.wh.f.so
  unite
  tell "$T/top=rw" "$T/mid=ro" "$T/base=ro"
  map "$T/u/lib" f
  stand $P "$T/u"
  vma --pid $P
  ;;

covered)
  put base/lib open
  put base/lib/cov low both copied
  put mid/lib/cov both
  unite
  put u/lib/cov new
  map "$T/u/lib" open cov/low cov/both cov/copied cov/new
  touch u/lib/cov/copied.so
  mount -t tmpfs tmpfs base/lib/cov
  stand $P "$T/u"
  vma --pid $P
  ;;

removed)
  # A branch folder that was removed: the kernel tells it with (deleted).
  put base/lib b
  put mid/lib m
  unite
  map "$T/u/lib" b m
  rm -r mid
  tell "$T/top=rw" "$T/mid\\040(deleted)=ro+wh" "$T/base=ro"
  stand $P "$T/u"
  vma --pid $P
  ;;

leak | leak-compare)
  # A kernel whose links and maps name the branch: the process maps the branch's file itself. One branch lies in another.
  mkdir base/nest
  mount -t tmpfs tmpfs base/nest
  put base/nest/lib n
  put base/lib b copied deleted replaced
  mount -t overlay overlay -o "lowerdir=$T/base/nest:$T/base,upperdir=$T/top,workdir=$T/work" u
  tell "$T/top=rw" "$T/base/nest=ro+wh" "$T/base=ro"
  put u/lib t t-deleted t-replaced
  map "$T" base/nest/lib/n base/lib/b base/lib/copied base/lib/deleted base/lib/replaced top/lib/t top/lib/t-deleted \
    top/lib/t-replaced
  touch u/lib/copied.so
  rm u/lib/deleted.so u/lib/t-deleted.so
  for f in replaced t-replaced; do cp "$so" x; mv x u/lib/$f.so; done
  stand $P "$T/u"
  # As in a container: neither the branches' mount nor any other of the host is listed.
  grep -e '^[^ ]* [^ ]* [^ ]* [^ ]* / ' -e ' - aufs ' "mounts.$P" > "own.$P"
  umount "/proc/$P/mountinfo"
  mount --bind "own.$P" "/proc/$P/mountinfo"
  [ $scenario = leak ] || set -- --compare
  [ $scenario = leak-compare ] || set --
  vma "$@" --pid $P
  ;;

leaking-links)
  # maps is right, and links name the branch: what such a kernel says of the files that a process of this one maps.
  put base/lib ro cow rep ren del hl1 over
  put mid/lib over
  ln base/lib/hl1.so base/lib/hl2.so
  unite
  put u/lib new
  map "$T/u/lib" ro cow rep ren del hl1 over new
  touch u/lib/cow.so
  cp "$so" x; mv x u/lib/rep.so
  mv u/lib/ren.so u/lib/renamed.so
  rm u/lib/del.so u/lib/hl1.so
  stand $P "$T/u"
  files=
  for f in ro cow rep del hl1; do files="$files lib/$f.so=base/lib/$f.so"; done
  vma --raw --pid $P | leak $files lib/renamed.so=base/lib/ren.so lib/over.so=mid/lib/over.so lib/new.so=top/lib/new.so | vma
  ;;

live-cd)
  # As Slax and Porteus boot: the union is the root of all, the reader's too, and its branches lie below the old root.
  put base/live ro cow del
  put mid/live over
  put base/live over
  rmdir base/lib mid/lib
  mkdir base/oldroot
  unite
  put u/live new
  for d in bin etc lib lib64 sbin; do
    if [ -L /$d ]; then cp -P /$d u/$d; elif [ -d /$d ]; then mkdir u/$d; mount --rbind /$d u/$d; fi
  done
  for d in dev proc usr; do mkdir u/$d; mount --rbind /$d u/$d; done
  tell "/oldroot$T/top=rw" "/oldroot$T/mid=rr" "/oldroot$T/base=rr"
  mkdir -p u/sys/fs; cp -r sys/fs/aufs u/sys/fs
  cd u
  pivot_root . oldroot
  node=/oldroot$node script=/oldroot$script T=
  map /live ro cow del over new
  touch /live/cow.so
  rm /live/del.so
  cd /oldroot"$2"
  stand $P /
  vma --pid $P
  ;;

namespace)
  put base/lib before after
  unite
  put u/lib new
  touch u/lib/before.so
  "$sleep" 4
  # /proc is of this pid namespace, and tells the number that the process has here.
  unshare -p -f --kill-child sh -c '
    read -r pid rest < /proc/self/stat
    echo $pid > pid.new
    mv pid.new pid
    LD_PRELOAD=$1 exec "$2" 1000' sh "$T/u/lib/before.so:$T/u/lib/after.so:$T/u/lib/new.so" "$sleep" &
  until [ -e pid ]; do "$sleep" 0.02; done
  P=$(cat pid)
  until grep -qF "$T/u/lib/new.so" "/proc/$P/maps"; do "$sleep" 0.02; done
  touch u/lib/after.so
  stand $P "$T/u"
  vma --pid $P
  ;;

chroot)
  program base base/bin/run base/bin/gone base/bin/replaced
  mkdir -p base/bin/folder host/bin; cp "$sleep" base/bin/folder/run; cp "$sleep" host/run
  unite
  cp "$sleep" u/bin/new
  pids=
  for f in run gone replaced new folder/run; do
    chroot u "/bin/$f" 1000 &
    until [ "$(readlink /proc/$!/exe)" = "$T/u/bin/$f" ]; do "$sleep" 0.02; done
    pids=$pids,$!
  done
  rm u/bin/gone
  cp "$sleep" x; mv x u/bin/replaced
  rm -r u/bin/folder; ln -s "$T/host" u/bin/folder
  stand $! /
  for p in $(echo "${pids%,*}" | tr , ' '); do mount --bind "mounts.$!" "/proc/$p/mountinfo"; done
  vma --pid "${pids#,}"
  ;;

root | root-overlay)
  # The union is the root of the process, in a mount namespace of its own.
  program base base/bin/run base/bin/copied
  mkdir base/old
  unite
  cp "$sleep" u/bin/new
  pids=
  for f in run copied new; do
    unshare -m sh -c 'cd u; pivot_root . old; exec "/bin/$1" 1000' sh "$f" &
    until [ "$(readlink /proc/$!/exe)" = "/bin/$f" ]; do "$sleep" 0.02; done
    pids=$pids,$!
    [ $scenario = root-overlay ] || stand $! /
  done
  touch u/bin/copied
  vma --pid "${pids#,}"
  ;;

compare)
  put base/lib ro edited chm same other del
  unite
  map "$T/u/lib" ro edited chm same other del
  flip() { printf '\377\376\375' | dd of="$1" bs=1 seek=4200 conv=notrunc status=none; }
  flip u/lib/edited.so
  chmod 700 u/lib/chm.so
  for f in same other; do cp "$so" x; [ $f = same ] || flip x; mv x u/lib/$f.so; done
  rm u/lib/del.so
  stand $P "$T/u"
  vma --compare --pid $P
  ;;

raw)
  put base/lib ro del
  unite
  map "$T/u/lib" ro del
  rm u/lib/del.so
  stand $P "$T/u"
  vma --pid $P
  vma --raw --pid $P | vma
  ;;

stale | restart)
  # Two processes in containers, one of them in order; beside them a zombie.
  put base/lib ro del rep
  unite
  n=1
  for maps in 'ro del rep' ro; do
    map "$T/u/lib" $maps
    printf '0::/docker/%064d\n' $n > cgroup.$n
    mount --bind cgroup.$n "/proc/$P/cgroup"
    stand $P "$T/u"
    n=$((n + 1))
  done
  sh -c '"$1" 0 & exec "$1" 1000' sh "$sleep" &
  rm u/lib/del.so
  cp "$so" x; mv x u/lib/rep.so
  if [ $scenario = stale ]; then
    vma --all --stale
  else
    mkdir bin
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$node" "$script" > bin/aufs-vma
    chmod 755 bin/aufs-vma
    PATH=$T/bin:$PATH sh "$recipes/restart.sh" --all --sysfs "$T/sys"
  fi
  ;;

race)
  unite
  put u/lib/d x
  put host x
  map "$T/u/lib" d/x
  stand $P "$T/u"
  "$node" -e '
    const { renameSync, symlinkSync, unlinkSync } = require("node:fs")
    for (;;) {
      renameSync("u/lib/d", "u/lib/away")
      symlinkSync(process.argv[1], "u/lib/d")
      unlinkSync("u/lib/d")
      renameSync("u/lib/away", "u/lib/d")
    }' "$T/host" &
  "$sleep" 0.3
  for _ in 1 2 3 4 5; do for _ in 1 2 3 4 5 6 7 8; do vma --pid "$P"; done; done
  stat -c '%i' host/x.so
  ;;

*) echo "no scenario $scenario" >&2; exit 2 ;;
esac
