#!/bin/sh
# Stands for ssh on one machine: ssh-here.sh [OPTION]... HOST COMMAND..., where HOST is a folder below $FLEET.
while :; do
  case $1 in
    -[bcDEeFIiJLlmOopQRSWw]) shift 2 ;;
    -*) shift ;;
    *) break ;;
  esac
done
HOST=$FLEET/$1
HOME=$HOST
# As sshd does; without one (cron, CI) what GNU parallel runs over there would do nothing, and say nothing.
SHELL=/bin/sh
export HOST HOME SHELL
shift
[ "$1" != -- ] || shift
exec sh -c "$*"
