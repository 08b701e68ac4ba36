#!/usr/bin/env bash
# The C client: both compilers without warnings, the vectors and a scripted server under the sanitizers and valgrind; then a
# live daemon over both kinds of socket, the examples, and its drain.
# Usage: scripts/test_c.sh PATH_OF_METED     (needs .cache/models: `make models`)
set -euo pipefail
cd "$(dirname "$0")/.."
meted=$(realpath "${1:?usage: scripts/test_c.sh PATH_OF_METED}")
folder=$(mktemp -d)
build=$folder/build
daemon=

finish() {
  [ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

fail() {
  [ ! -s "$folder/meted.log" ] || { echo "the daemon's log ends:"; tail -n 40 "$folder/meted.log"; }
  echo "$1: failed"
  exit 1
}

# A verb of clients/c/Makefile, its last line shown, or everything if it fails.
verb() {
  local title=$1
  shift
  if timeout --kill-after=10 300 make -s -C clients/c BUILD="$build" "$@" >"$folder/verb.log" 2>&1; then
    echo "C, $title: $(tail -n 1 "$folder/verb.log")"
  else
    cat "$folder/verb.log"
    fail "C, $title"
  fi
}

# The demo's models, of which the language model also classifies its stream.
sed '/SmolLM2/a\    heads: packs/smollm2-tweets' scripts/demo.yaml >"$folder/mete.yaml"
"$meted" --config "$folder/mete.yaml" --unix "$folder/mete.sock" --tcp 127.0.0.1:0 2>"$folder/meted.log" &
daemon=$!

timeout 300 make -s -j2 -C clients/c BUILD="$build" binaries
timeout 300 make -s -C clients/c BUILD="$build" warnings | sed 's/^/C, /'
timeout 300 make -s -C clients/c BUILD="$build" test | sed 's/^/C, /'
verb "valgrind, vectors and scripted server" valgrind METE_ADDRESS=

for _ in $(seq 1200); do
  if grep -q ' ready ' "$folder/meted.log"; then break; fi
  kill -0 "$daemon" 2>/dev/null || break
  sleep 0.1
done
port=$(sed -n 's/.* ready .*127\.0\.0\.1:\([0-9]*\).*/\1/p' "$folder/meted.log")
[ -n "$port" ] || fail "the daemon is not ready after two minutes"
address=unix:$folder/mete.sock

verb "live daemon, Unix socket, sanitized" live METE_ADDRESS="$address"

# What the README shows must compile and run, each program as it stands.
awk -v to="$folder" '/^```c$/ { file = to "/readme" ++n ".c"; next } /^```/ { file = "" } file { print > file }' clients/c/README.md
examples=0
for source in "$folder"/readme*.c; do
  sed -i "s|unix:/run/mete/mete.sock|$address|" "$source"
  ${CC:-cc} -std=c11 -Wall -Wextra -Werror -Iclients/c "$source" "$build/libmete.a" -lm -o "$folder/readme"
  [ -n "$(timeout 60 "$folder/readme")" ] || fail "README.md: $source prints nothing"
  examples=$((examples + 1))
done
[ "$examples" -gt 0 ] || fail "README.md has no example"
printf 'Say hello.\n\nAnd goodbye.\n' | timeout 60 "$build/chat" "$address" smollm2 >"$folder/chat.txt" || fail "chat"
[ "$(grep -c 'tokens in' "$folder/chat.txt")" = 2 ] || fail "chat: two answers are two bills"
for _ in $(seq 60); do echo "GET /index.html 200 1234"; done >"$folder/access.log"
timeout 60 "$build/tail_predict" "$address" smollm2 <"$folder/access.log" >"$folder/tail.txt" 2>"$folder/tail.err" || fail "tail_predict"
[ "$(grep -c ' bits ' "$folder/tail.txt")" -gt 300 ] || fail "tail_predict: a surprise a token"
[ "$(grep -c 'multiply-accumulates' "$folder/tail.err")" = 2 ] || fail "tail_predict: a long input is two calls"
{
  echo 'id,body,stars'
  for i in $(seq 200); do printf '%s,"row %s, said ""hi""\nand left",3\n' "$i" "$i"; done
} >"$folder/rows.csv"
timeout 60 "$build/embed_csv" "$address" minilm body "$folder/vectors" <"$folder/rows.csv" 2>"$folder/embed.txt" || fail "embed_csv"
[ "$(wc -c <"$folder/vectors")" = $((200 * 384 * 4)) ] || fail "embed_csv: a vector a row"
if timeout 60 "$build/embed_csv" "$address" minilm colour "$folder/vectors" <"$folder/rows.csv" 2>/dev/null; then
  fail "embed_csv: a column that is not there"
fi
echo "C, examples: $examples of README.md, chat, tail_predict and embed_csv ran"

# The scenarios that all clients share have daemons of their own, which they end and start again.
for over in unix tcp; do
  mkdir "$folder/$over"
  if timeout --kill-after=10 600 python3 clients/conformance/scenarios/daemon.py "$folder/$over" "$meted" run "$over" \
    make -s -C clients/c BUILD="$build" scenarios >"$folder/verb.log" 2>&1; then
    echo "C, scenarios over $over, sanitized: $(tail -n 1 "$folder/verb.log")"
  else
    cat "$folder/verb.log"
    fail "C, scenarios over $over"
  fi
done

# Last of all, since it drains the daemon.
verb "live daemon, TCP, valgrind, drain" live-valgrind METE_ADDRESS="tcp:127.0.0.1:$port" DAEMON_PID="$daemon"

for _ in $(seq 300); do
  kill -0 "$daemon" 2>/dev/null || break
  sleep 0.1
done
if kill -KILL "$daemon" 2>/dev/null; then
  echo "the daemon did not end within 30 seconds of SIGTERM"
  exit 1
fi
status=0
wait "$daemon" || status=$?
daemon=
last=$(tail -n 1 "$folder/meted.log")
echo "C, daemon: exit status $status, ${last#* * }"
[ "$status" = 0 ] && grep -q 'the books balance' <<<"$last"
