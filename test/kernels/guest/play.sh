# Plays one case: runs its script in an empty tmpfs.
#
#   sh play.sh SCRIPT FOLDER LIBRARY
#
# The processes that it starts stay, each a plain sleep that maps copies of the library. Their numbers are added to FOLDER.pids.
set -eu
script=$1 T=$2 library=$3
sleep=$(command -v sleep)

mount -t tmpfs tmpfs "$T"
cd "$T"
mkdir base mid top work u

# put FOLDER NAME...: copies of the library, with `.so` after their names.
put() {
  folder=$1; shift
  mkdir -p "$folder"
  for name; do cp "$library" "$folder/$name.so"; done
}

# overlay FOLDER LOWER UPPER [OPTION]...: mounts an overlay on a folder; LOWER are folders with `:` between, UPPER may be `-`.
overlay() {
  at=$1 lower=$2 upper=$3; shift 3
  # Of relative folders the kernel does not tell where they begin.
  options=lowerdir=$(echo "$lower" | sed "s|[^:][^:]*|$T/&|g")
  if [ "$upper" != - ]; then
    mkdir -p "work/$upper"
    options=$options,upperdir=$T/$upper,workdir=$T/work/$upper
  fi
  for option; do options=$options,$option; done
  mount -t overlay overlay -o "$options" "$at"
}

# unite [OPTION]...: mounts the overlay that most cases have.
unite() { overlay u base top "$@"; }

# map FILE...: starts a process that maps them, with their full paths.
map() {
  preload=
  # The loader passes over what it cannot read.
  for file; do cat "$file" > /dev/null; preload=$preload:$T/$file; done
  # Of its path the kernel may have another idea.
  LD_PRELOAD=$preload "$sleep" 100000 & told $! "/${file##*/}"
}

# told PID NAME: aufs-vma is to tell of that process; waits until it maps a file of that name.
told() {
  until grep -qF "$2" "/proc/$1/maps"; do
    [ -e "/proc/$1/exe" ] || { echo "process $1 ended before it mapped $2" >&2; exit 1; }
    "$sleep" 0.02
  done
  P=$1
  echo "$P" >> "$T.pids"
}

# alter FILE: writes to it, which copies a lower file up. Where its section headers are (e_shoff) is nothing to the loader.
alter() { printf x | dd of="$1" bs=1 seek=40 conv=notrunc 2> /dev/null; }

# replace FILE: another takes its name.
replace() { cp "$library" new; mv new "$1"; }

. "$script"
