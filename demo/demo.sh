#!/usr/bin/env bash
# The main job from beginning to end, in plain tutti commands. `make demo` runs it; a second time it only
# does what is missing. Everything goes to demo/output, or to the folder that is named.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
output=${1:-demo/output}
world=$output/world
run=$output/run
recordings=../shared/audio
example=t00000 # a track of the world, to find what sounds like it
began=$SECONDS
unset TUTTI_MODELS # nothing here needs a model from outside

say() { printf '\n== %s\n' "$*"; }
tell() {
  printf '$ tutti'
  printf ' %q' "$@"
  printf '\n'
  tutti "$@"
}

say "what the model in the package hears"
if [ -d "$recordings" ]; then
  tell tag "$recordings"/*.ogg --top 5
  tell index "$recordings" --catalogue "$output/recordings" --quiet
  tell search "$output/recordings" "jazz" -k 2
  tell search "$output/recordings" "classical -drums" -k 2
else
  echo "ABSENT: no recordings in $recordings, so it will hear a track of the world below"
fi

say "a world of music: sounds, covers, texts, tags and listeners, and the truth about all of it"
tell world demo -o "$world" --seed 0

if [ ! -d "$recordings" ]; then
  say "what the model in the package hears in a track of that world"
  tell tag "$world/audio/$example".* --top 5
fi

say "a small tagger learns to hear the tags that listeners typed"
tell train recipes/world/demo.toml data.catalogue="$world" output="$run" --quiet

say "how well it does on artists that it has never heard"
tell evaluate "$run/model" --on "$world" --split test -o "$output/scores" | sed -n '1,14p'

say "what it says of every track goes into the catalogue"
tell index --catalogue "$world" --model "$run/model" --quiet
if [ -d "$recordings" ]; then
  tell index "$recordings" --catalogue "$world" --model "$run/model" --quiet
else
  echo "ABSENT: no recordings in $recordings, so only the world's own tracks are indexed"
fi

say "three searches"
tell search "$world" "calm piano" -k 5
tell search "$world" "jazz saxophone -vocals" -k 5
tell similar "$world" $example -k 5

say "all of it on one page"
tell report "$world" --run "$run" --evaluation "$output/scores" -o "$output/report" \
  -q "calm piano" -q "jazz saxophone -vocals" --like $example
printf '\ndone in %d s; open %s in a browser\n' $((SECONDS - began)) "$output/report/index.html"
