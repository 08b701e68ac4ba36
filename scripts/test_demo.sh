#!/usr/bin/env bash
# The demo as a person runs it, only without its pauses: it shows what it promises, and the books balance.
# Usage: scripts/test_demo.sh FOLDER_OF_PROGRAMS     (needs .cache/models: `make models`)
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${1:?usage: scripts/test_demo.sh FOLDER_OF_PROGRAMS}
shown=$(mktemp)
trap 'rm -f "$shown"' EXIT

fail() {
  cat "$shown"
  echo "demo: $1"
  exit 1
}

METE_BIN=$bin METE_DEMO_DELAY=0 scripts/demo.sh >"$shown" 2>&1 || fail "exit status $?"
for line in 'ClassifyStream on mood for .*: OK' 'The capital of France is Paris' 'Generate on smollm2 for .*: OK' \
  '^The daemon has drained; the sum of all bills is what the engine counted\.$'; do
  grep -q "$line" "$shown" || fail "does not show: $line"
done
# The last line of a bill: it costs something.
bills=$(grep -cE '^  cost +0\.000[0-9]*[1-9][0-9]*  EUR$' "$shown" || true)
[ "$bills" = 2 ] || fail "$bills bills with a cost, not 2"
echo "demo: two calls, two bills, and the books balance"
