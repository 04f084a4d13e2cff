# A container made by hand, of two layers, in which libssl is upgraded while a server runs: what README.md shows.
#
#   unshare --mount --propagation private sh readme.sh COMMAND...
#
# Runs COMMAND with the server's number as its last word. Nothing is left: the layers are in memory, in this mount namespace.
set -eu
mount -t tmpfs -o mode=755 none /srv
cd /srv
mkdir -p base/usr/lib app/usr/bin upper work merged
program=$(command -v openssl)
cp "$program" app/usr/bin/openssl
for file in $(ldd "$program" | grep -o '/[^ )]*'); do
  case $file in
    */ld-*) mkdir -p "base${file%/*}" && cp -L "$file" "base$file" ;;
    *) cp -L "$file" base/usr/lib ;;
  esac
done
mount -t overlay overlay -o lowerdir=/srv/app:/srv/base,upperdir=/srv/upper,workdir=/srv/work merged

mkfifo input
LD_LIBRARY_PATH=/usr/lib chroot merged /usr/bin/openssl dgst < input > /dev/null & pid=$!
exec 9> input
trap '{ kill "$pid" && wait "$pid"; } 2> /dev/null || :' EXIT
until [ "$(cat "/proc/$pid/comm")" = openssl ] && grep -q libssl "/proc/$pid/maps"; do sleep 0.05; done

# As package managers do it: a new file gets the old one's name.
cp merged/usr/lib/libssl.so.3 merged/usr/lib/libssl.so.3.new
mv merged/usr/lib/libssl.so.3.new merged/usr/lib/libssl.so.3
"$@" "$pid"
