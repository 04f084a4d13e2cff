#!/bin/sh
# Builds the object of vmas.bpf.c: sh build.sh [FILE]. Takes clang, and libbpf's headers (Debian: clang, libbpf-dev).
set -eu
object=$(realpath "${1:-$(dirname "$0")/vmas.bpf.o}")
cd "$(dirname "$0")"
# Debian has asm/types.h below the machine's own folder. No path of this machine gets into the object.
clang -g -O2 -Wall -Werror -target bpf -idirafter "/usr/include/$(uname -m)-linux-gnu" \
  "-ffile-prefix-map=$PWD=." -c vmas.bpf.c -o "$object"
