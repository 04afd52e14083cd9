#!/usr/bin/env bash
# The main job from beginning to end, in plain tutti commands. Run it with `make demo`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
output=demo/output
world=$output/world
run=$output/run

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
tell() {
  printf '$ %s\n' "tutti $*"
  tutti "$@"
}

say "1. Make a world of music: sounds, covers, texts, tags and listeners, with the truth about all of it"
if [ -f "$world/.complete" ]; then
  echo "$world is there already"
else
  rm -rf "$world"
  tell world demo -o "$world" --seed 0
  touch "$world/.complete"
fi

say "2. Learn to hear its tags, and see how well that went"
tell train recipes/world/demo.toml data.catalogue="$world" output="$run"
tell evaluate "$run/model" --on "$world" --split test -o "$output/scores" | head -14

say "3. Let the model describe every track"
tell index --catalogue "$world" --model "$run/model"
if [ -d ../shared/audio ]; then
  tell index ../shared/audio --catalogue "$world" --model "$run/model"
fi

say "4. Search"
tell search "$world" "calm piano" -k 5
tell search "$world" "rock guitar -vocals" -k 5
tell search "$world" --like "$(first_track)" -k 5

say "5. Put it all on one page"
tell report "$world" --run "$run" --evaluation "$output/scores" \
  -q "calm piano" -q "rock guitar -vocals" --like "$(first_track)" -o "$output/report"
