#!/usr/bin/env bash
# The main job, on a real model: start the daemon on a Unix socket, stream an answer, show the bill.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
bin=.build/release
"$bin/meted" --config scripts/demo.yaml --unix "$folder/mete.sock" --log-level warning &
daemon=$!
trap 'kill -TERM "$daemon" 2>/dev/null || true; rm -rf "$folder"' EXIT
export METE_ADDRESS="unix:$folder/mete.sock"
sleep 0.2; kill -0 "$daemon"
"$bin/mete" health --wait 60
echo
echo "\$ mete generate --chat \"${1:-What is the capital of France? Answer in one sentence.}\""
"$bin/mete" generate --model smollm2 --chat --max-tokens 96 \
  "${1:-What is the capital of France? Answer in one sentence.}"
echo
# The daemon checks its books when it goes, and says with its status whether they balance.
kill -TERM "$daemon"
wait "$daemon"
echo "The daemon has drained; the sum of all bills is what the engine counted."
echo "Try it yourself: bin=$bin; \$bin/meted --config scripts/demo.yaml --unix /tmp/mete.sock &"
echo "                 \$bin/mete --help"
