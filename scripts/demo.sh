#!/usr/bin/env bash
# The main job, on real models: start the daemon on a Unix socket, judge a text while it comes in, stream an answer, show
# the bills. METE_BIN is where the programs are, METE_DEMO_DELAY how many milliseconds pass between two words.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
bin=${METE_BIN:-.build/release}
# A classifier of moods that was taught to spend less: the pack beside its base, made once.
mood=.cache/demo/mood
if [ ! -d "$mood" ] || [ packs/tweets.pack -nt "$mood" ]; then
  rm -rf "$mood"
  mkdir -p .cache/demo
  "$bin/mete" unpack packs/tweets.pack --base .cache/models/minilm --to "$mood" > /dev/null
fi
{ cat scripts/demo.yaml; printf '  mood:\n    path: %s\n    currency: EUR\n    micro_per_gmac: 40\n' "$mood"; } > "$folder/demo.yaml"
"$bin/meted" --config "$folder/demo.yaml" --unix "$folder/mete.sock" --log-level warning &
daemon=$!
trap 'kill -TERM "$daemon" 2>/dev/null || true; rm -rf "$folder"' EXIT
export METE_ADDRESS="unix:$folder/mete.sock"
sleep 0.2; kill -0 "$daemon"
"$bin/mete" health --wait 60
text="Great flight, thank you! Oh wait, you lost my bag again. Two hours on hold and nobody cares. Worst airline ever."
echo
echo "\$ mete stream --model mood --effort 0.3 \"$text\""
"$bin/mete" stream --model mood --effort 0.3 --delay "${METE_DEMO_DELAY:-60}" "$text"
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
