# A FUSE filesystem whose server is stopped, and who maps files of it.
#
#   unshare -m -p -f --mount-proc --kill-child bash hang.sh SCENARIO FOLDER NODE COMMAND
#
# The server (bindfs) is of this pid namespace: it is killed when the script ends, however that happens, and the kernel then
# ends every wait for it. A command that has not ended in time (LIMIT, in seconds) is one that hangs: `HANGS`, and status 4.
set -eu
scenario=$1 T=$2 node=$3 script=$4
LIMIT=300

sleep=$(readlink -f "$(command -v sleep)")
libc=$(ldd "$sleep" | grep -o '/[^ ]*/libc\.so[^ ]*')
so=${libc%/*}/libdl.so.2
[ -e "$so" ] || { echo "no $so" >&2; exit 1; }

mount -t tmpfs tmpfs "$T"
cd "$T"
mkdir src m u top work

# The files of src are seen in a folder by FUSE, where nothing is remembered.
serve() {
  ${as:-} bindfs --no-allow-other -f -o attr_timeout=0,entry_timeout=0 "$@" &
  server=$!
  until grep -q " $T/${*: -1} .* - fuse" /proc/self/mountinfo; do
    kill -0 $server 2> /dev/null || { echo "bindfs: no server" >&2; exit 1; }
    "$sleep" 0.02
  done
}

# From now on it does not answer, as a stat shows that is never done.
stop() {
  kill -STOP $server
  stat -c 'ANSWERED: %s bytes' "$T/m" & local asker=$!
  "$sleep" 0.5
  kill -0 $asker 2> /dev/null || { echo ANSWERED; exit 3; }
}

vma() {
  "$node" "$script" "$@" < "${INPUT:-/dev/null}" &
  local command=$! waited=0
  while kill -0 $command 2> /dev/null; do
    "$sleep" 0.1
    waited=$((waited + 1))
    [ $waited -lt $((LIMIT * 10)) ] || { kill -KILL $server; echo HANGS; exit 4; }
  done
  wait $command
}

put() {
  folder=$1; shift
  mkdir -p "$folder"
  for f; do cp "$so" "$folder/$f.so"; done
}

# Starts a process that maps libraries; its number is $P.
map() {
  local preload=
  for f; do preload=$preload:$T/$f.so; done
  LD_PRELOAD=$preload "$sleep" 1000 & P=$!
  until grep -qF "$T/$f.so" "/proc/$P/maps"; do "$sleep" 0.02; done
}

# A program with its libraries, below a folder that becomes a root.
program() {
  for f in $(ldd "$sleep" | grep -o '/[^ ]*'); do mkdir -p "$1${f%/*}"; cp -L "$f" "$1$f"; done
  mkdir -p "$1/bin"
  cp "$sleep" "$1/bin/run"
}

overlay() { mount -t overlay overlay -o "$1" u; }

case $scenario in
probe) serve src m; stop ;;

pid | all | ask | root | raw)
  put src a gone new
  put host plain
  serve src m
  map m/a m/gone m/new host/plain
  rm m/gone.so
  cp "$so" x && mv x m/new.so
  case $scenario in
  pid) stop; vma --pid $P ;;
  all) stop; vma --all ;;
  # While it answers: what is asked, and by which types.
  ask) vma --pid $P --ask nfs,fuse --ask 9p ;;
  root) stop; ln -s m link; vma --pid $P --root "$T/m"; vma --pid $P --root link/. ;;
  raw) stop; vma --raw --pid $P > raw; INPUT=raw vma ;;
  esac
  ;;

compare)
  put src a gone new
  put host plain covered
  serve src m
  map m/a m/gone m/new host/plain host/covered
  rm m/gone.so
  cp "$so" x && mv x m/new.so
  cp "$so" x && mv x host/plain.so
  mount --bind m/a.so host/covered.so
  stop
  vma --compare --pid $P
  ;;

fault)
  # A process that waits for a page, and never gets it.
  head -c 8388608 /dev/zero > src/big
  serve src m
  python3 -c '
import mmap, os, sys, time
pages = mmap.mmap(os.open(sys.argv[1], os.O_RDONLY), 0, mmap.MAP_PRIVATE, mmap.PROT_READ)
open(sys.argv[2], "w").close()
while not os.path.exists(sys.argv[3]): time.sleep(0.02)
pages[4 << 20]' m/big mapped go & P=$!
  until [ -e mapped ]; do "$sleep" 0.02; done
  stop
  : > go
  until grep -q '^State:.D' /proc/$P/status; do "$sleep" 0.02; done
  vma --pid $P
  ;;

locked)
  # One thread waits with a page locked that is being written back, another waits for that with all of the memory locked.
  head -c 8192 /dev/zero > src/page
  serve src m
  python3 -c '
import ctypes, mmap, os, sys, threading, time
libc = ctypes.CDLL(None)
fd = os.open(sys.argv[1], os.O_RDWR)
pages = mmap.mmap(fd, 4096)
address = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(pages)))
pages[0] = 1
open(sys.argv[2], "w").close()
while not os.path.exists(sys.argv[3]): time.sleep(0.02)
def call(name, *args):
    threading.Thread(target=getattr(libc, name), args=args).start()
    time.sleep(0.5)
call("sync_file_range", fd, ctypes.c_long(0), ctypes.c_long(4096), 2)
call("memset", address, 1, ctypes.c_size_t(1))
call("munmap", address, ctypes.c_size_t(4096))
open(sys.argv[4], "w").close()' m/page mapped go done & P=$!
  until [ -e mapped ]; do "$sleep" 0.02; done
  stop
  : > go
  until [ -e done ]; do "$sleep" 0.02; done
  cat /proc/$P/maps > /dev/null & reader=$!
  "$sleep" 0.5
  kill -0 $reader 2> /dev/null || { echo 'maps can be read' >&2; exit 5; }
  vma --all
  ;;

lower | behind)
  # A layer that lies there, by its own name or by a link.
  put src/lib a
  put base/lib b
  serve src m
  ln -s m link
  [ $scenario = lower ] && layer=m || layer=link
  # The kernel shows what it was given.
  overlay "lowerdir=$T/$layer:$T/base,upperdir=$T/top,workdir=$T/work"
  put u/lib new
  map u/lib/a u/lib/b u/lib/new
  stop
  vma --pid $P
  ;;

upper)
  mkdir src/top src/work
  put base/lib b
  serve src m
  overlay "lowerdir=$T/base,upperdir=$T/m/top,workdir=$T/m/work" || exit 5
  map u/lib/b
  stop
  vma --pid $P
  ;;

covered)
  # The union is mounted over the layer, which lies there.
  put src/lib a
  put base/lib b
  serve src m
  mount -t overlay overlay -o "lowerdir=$T/m:$T/base" m
  map m/lib/a m/lib/b
  kill -STOP $server
  vma --pid $P
  ;;

chroot)
  program src
  serve src m
  chroot m /bin/run 1000 & P=$!
  until [ "$(readlink /proc/$P/exe)" = "$T/m/bin/run" ]; do "$sleep" 0.02; done
  stop
  vma --pid $P
  ;;

branches)
  # What others found out: a union whose branches lie there, of which nothing tells here, by its own name or by a link.
  put src/lib a
  put top/lib a
  put root/lib a
  serve src m
  stop
  ln -s m link
  for layer in m link; do
    {
      printf '{"mount_id":null,"mount_point":"/","root":"/","dev":"0:99","fs_type":"aufs","si":"abc","source":"log",'
      printf '"xi_path":null,"workdir":null,"branches":['
      printf '{"index":0,"id":null,"path":"%s","perm":null,"attributes":[]},' "$T/$layer"
      printf '{"index":1,"id":null,"path":"%s","perm":null,"attributes":[]}]}\n' "$T/top"
    } > tables
    {
      printf '{"pid":null,"comm":null,"container":null,"start":"1000","end":"2000","perms":"r-xp","offset":"0",'
      printf '"link":"/lib/a.so","kernel":{"dev":null,"ino":null,"maps_dev":"0:99","maps_ino":"5",'
      printf '"maps_name":"/lib/a.so","mnt_id":null,"mnt_listed":null}}\n'
    } > entries
    INPUT=entries vma --branches tables --root "$T/root"
  done
  ;;

images)
  # A store of Podman in a home that lies there. The command is aufs-images.
  store=share/containers/storage
  mkdir -p src/$store/overlay-layers
  printf '[]' > src/$store/overlay-layers/layers.json
  serve src m
  stop
  printf '{"path":"/a","branch":{"index":0,"id":null,"path":"%s","perm":"rw","attributes":[]}}\n' "$T/m/$store/overlay/0a/diff" > record
  export XDG_DATA_HOME="$T/m/share"
  INPUT=record vma
  ;;

hidden)
  # The mount is in no mountinfo any more, and the link looks like one of memory.
  cp "$so" src/memfd:x
  serve src m
  python3 -c '
import mmap, os, sys, time
pages = mmap.mmap(os.open(sys.argv[1], os.O_RDONLY), 0, mmap.MAP_PRIVATE, mmap.PROT_READ)
open(sys.argv[2], "w").close()
time.sleep(1000)' m/memfd:x mapped & P=$!
  until [ -e mapped ]; do "$sleep" 0.02; done
  rm m/memfd:x
  kill -STOP $server
  umount -l m
  vma --pid $P
  ;;

bound)
  # The mount that is mapped through is in no mountinfo any more, while another of its filesystem is.
  put src a
  serve src m
  mkdir b
  mount --bind m b
  map b/a
  umount -l b
  stop
  vma --pid $P
  ;;

roots | users)
  # An overlay that a user has mounted in a user namespace of its own, beside a FUSE of root's or of another user's.
  put base/lib a
  [ $scenario = roots ] || as='setpriv --reuid 65534 --inh-caps +sys_admin,+dac_override --ambient-caps +sys_admin,+dac_override'
  ${as:-} true 2> refused || { cat refused >&2; exit 5; }
  serve src m
  unshare --user --map-root-user --mount bash -c '
    mount -t overlay overlay -o "lowerdir=$1/base:$1/top" "$1/u" || exit 1
    LD_PRELOAD=$1/u/lib/a.so "$2" 1000 & P=$!
    until grep -qF "$1/u/lib/a.so" "/proc/$P/maps"; do "$2" 0.02; done
    echo $P > "$1/pid"
    wait' bash "$T" "$sleep" 2> refused & outer=$!
  until [ -s pid ]; do kill -0 $outer 2> /dev/null || { cat refused >&2; exit 5; }; "$sleep" 0.02; done
  # The tests beside this one have a FUSE of their own each, which the machine's sysfs shows.
  mkdir -p "sys/class/bdi/$(awk -v m="$T/m" '$5 == m { print $3 }' /proc/self/mountinfo)"
  vma --sysfs "$T/sys" --pid "$(cat pid)"
  ;;

user | moved | entered)
  # An overlay that a user has mounted in a user namespace of its own, of a FUSE that no mountinfo has any more, or that all
  # mountinfo has in another place. Into that one root has entered, without the user namespace.
  put src/lib a
  mkdir there
  unshare --user --map-root-user --mount bash -c '
    cd "$1"
    bindfs --no-allow-other -f -o attr_timeout=0,entry_timeout=0 src m & echo $! > server
    until grep -q " $1/m .* - fuse" /proc/self/mountinfo; do kill -0 $! 2> /dev/null || exit 1; "$2" 0.02; done
    mount -t overlay overlay -o "lowerdir=$1/m:$1/base" u || exit 1
    LD_PRELOAD=$1/u/lib/a.so "$2" 1000 & P=$!
    until grep -qF "$1/u/lib/a.so" "/proc/$P/maps"; do "$2" 0.02; done
    if [ "$3" = user ]; then umount -l m; else mount --move m there; fi
    echo $P > pid
    wait' bash "$T" "$sleep" "$scenario" 2> refused & outer=$!
  mkdir -p base
  until [ -s pid ]; do kill -0 $outer 2> /dev/null || { cat refused >&2; exit 5; }; "$sleep" 0.02; done
  mapper=$(cat pid)
  if [ $scenario = entered ]; then
    nsenter --mount --target $mapper env LD_PRELOAD="$T/u/lib/a.so" "$sleep" 1000 & mapper=$!
    until grep -qF "$T/u/lib/a.so" /proc/$mapper/maps; do kill -0 $mapper 2> /dev/null || exit 5; "$sleep" 0.02; done
  fi
  server=$(cat server)
  kill -STOP $server
  vma --pid $mapper
  ;;

*) echo "no scenario $scenario" >&2; exit 2 ;;
esac
