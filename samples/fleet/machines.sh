# Four hosts made of captured samples: machines.sh DIR makes DIR/NAME/{proc,sys}, and DIR/hosts with a name a line.
# The samples were taken without cgroups, so each process is put into a container here.
samples=$(dirname "$0")/..
while read -r host sample pid container; do
  mkdir -p "$1/$host"
  cp -a "$samples/$sample/proc" "$samples/$sample/sys" "$1/$host"
  printf '0::/docker/%064d\n' "$container" > "$1/$host/proc/$pid/cgroup"
  echo "$host" >> "$1/hosts"
done <<EOF
alpha leaky-01-docker 112 1
beta leaky-01-docker 112 2
gamma leaky-07-mappings 149 3
delta leaky-04-odd 325 4
EOF
