#!/usr/bin/env bash
# The Python client: the vectors, its own tests, its types; then a live daemon over both kinds of socket.
# Usage: scripts/test_python.sh PATH_OF_METED     (needs .cache/venv and .cache/models: `make oracle`)
set -euo pipefail
cd "$(dirname "$0")/.."
meted=$(realpath "${1:?usage: scripts/test_python.sh PATH_OF_METED}")
python=$PWD/.cache/venv/bin/python
[ -x "$python" ] || { echo "no $python: run make oracle"; exit 1; }
folder=$(mktemp -d)
daemon=

finish() {
  [ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

# What pytest runs under, if anything.
under=()

# Runs pytest and shows its last lines, or everything if it fails.
tests() {
  local title=$1
  shift
  if (cd clients/python && timeout --kill-after=10 600 "${under[@]}" "$python" -m pytest -p no:cacheprovider "$@") \
    >"$folder/pytest.log" 2>&1; then
    echo "$title: $(tail -n 1 "$folder/pytest.log")"
  else
    cat "$folder/pytest.log"
    [ ! -s "$folder/meted.log" ] || { echo "the daemon's log ends:"; tail -n 40 "$folder/meted.log"; }
    echo "$title: failed"
    exit 1
  fi
}

timeout 60 "$python" clients/conformance/generate.py --check
echo "vectors: as generate.py writes them"
(cd clients/python && timeout 300 "$python" -m mypy --cache-dir "$folder/mypy") | sed 's/^/mypy --strict: /'
tests "client and vectors" --ignore tests/test_daemon.py --ignore tests/test_scenarios.py tests
checked=$(timeout 10 "$meted" --config docs/meted.example.yaml --check-config) || {
  echo "$meted refuses docs/meted.example.yaml, or does not run"
  exit 1
}
echo "docs/meted.example.yaml: $checked"

"$meted" --config scripts/demo.yaml --model weather=Tests/Fixtures/models/bert-classifier --unix "$folder/mete.sock" --tcp 127.0.0.1:0 2>"$folder/meted.log" &
daemon=$!
for _ in $(seq 1200); do
  if grep -q ' ready ' "$folder/meted.log"; then break; fi
  kill -0 "$daemon" 2>/dev/null || break
  sleep 0.1
done
port=$(sed -n 's/.* ready .*127\.0\.0\.1:\([0-9]*\).*/\1/p' "$folder/meted.log")
[ -n "$port" ] || { cat "$folder/meted.log"; echo "the daemon is not ready after two minutes"; exit 1; }

export METE_ADDRESS="unix:$folder/mete.sock"
tests "live daemon, Unix socket" tests/test_daemon.py
timeout 300 "$python" scripts/readme_examples.py README.md
METE_ADDRESS="tcp:127.0.0.1:$port" tests "live daemon, TCP" tests/test_daemon.py

# The scenarios that all clients share have daemons of their own, which they end and start again.
for over in unix tcp; do
  mkdir "$folder/$over"
  under=("$python" "$PWD/clients/conformance/scenarios/daemon.py" "$folder/$over" "$meted" run "$over")
  tests "scenarios over $over, sync and asyncio" tests/test_scenarios.py
done
under=()

kill -TERM "$daemon"
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
echo "daemon: exit status $status, ${last#* * }"
[ "$status" = 0 ] && grep -q 'the books balance' <<<"$last"
