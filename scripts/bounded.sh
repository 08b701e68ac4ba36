#!/usr/bin/env bash
# Runs a command for at most some seconds. What takes longer hangs: every process of it is made to show its stacks
# (gdb's if it is there, else Swift's own after SIGABRT), then killed, and the status is 124. So a hang costs minutes and says where it is.
# Usage: scripts/bounded.sh SECONDS COMMAND [ARGUMENT…]
set -uo pipefail
seconds=${1:?usage: scripts/bounded.sh SECONDS COMMAND [ARGUMENT…]}
shift

# All descendants of a process, the deepest first.
descendants() {
  local child
  for child in $(pgrep -P "$1"); do
    descendants "$child"
    echo "$child"
  done
}

"$@" &
command=$!
trap 'kill -TERM $(descendants $command) $command 2>/dev/null; exit 143' TERM INT HUP

late=$(mktemp)
(
  # Ended before its time, it was killed because the command is over; nothing is late then.
  sleep "$seconds" || exit 0
  echo late >"$late"
  echo "$(basename "$0"): no end after $seconds s: $*" >&2
  for process in $(descendants "$command"); do
    echo "$(basename "$0"): stacks of $process, $(tr '\0' ' ' <"/proc/$process/cmdline" 2>/dev/null | cut -c 1-200)" >&2
    if command -v gdb >/dev/null; then
      timeout 60 gdb -p "$process" -batch -ex "thread apply all bt 16" 2>/dev/null | grep -E '^(Thread|#)' | cut -c 1-200 >&2
    fi
    kill -ABRT "$process" 2>/dev/null
  done
  sleep 30
  kill -KILL $(descendants "$command") "$command" 2>/dev/null
) &
alarm=$!

wait "$command"
status=$?
kill "$alarm" $(descendants "$alarm") 2>/dev/null
wait "$alarm" 2>/dev/null
[ ! -s "$late" ] || status=124
rm -f "$late"
exit "$status"
