#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Records real services under load, one file each, for causality-judge:
#
#     Benchmarks/Causality/record.sh RECORDER FOLDER [SERVICE...]
#
# As root. RECORDER is the built causality-recorder. Each service serves 1, then 16, then 64 requests at
# a time: of one kind that makes two calls (name-two), and of five kinds (name-mix).
set -euo pipefail
recorder=$1 folder=$2
shift 2
here=$(cd "$(dirname "$0")/Services" && pwd)
port=${PORT:-28010} backend=${BACKEND:-28011} seconds=${SECONDS_EACH:-6}
mkdir -p "$folder/classes"
all=(python-threads python-worker python-loop python-asyncio python-limited
  node-plain node-limited node-timers java-pool java-futures java-client)
[ $# -gt 0 ] || set -- "${all[@]}"

pids=()
clean() { [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true; }
trap clean EXIT

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
await() { for _ in $(seq 300); do answers "$1" && return; sleep 0.1; done; echo "nobody at $1" >&2; exit 1; }

start() {
  case $1 in
    python-*) python3 "$here/service.py" "${1#*-}" "$port" "$backend" & ;;
    node-*) node "$here/service.js" "${1#*-}" "$port" "$backend" & ;;
    java-*) java -cp "$folder/classes" Service "${1#*-}" "$port" "$backend" & ;;
  esac
  pids+=($!)
}

record() { # service name paths...
  local service=$1 name=$2
  shift 2
  pids=()
  node "$here/backend.js" "$backend" "${MEAN:-4}" &
  pids+=($!)
  await "$backend"
  start "$service"
  await "$port"
  "$recorder" "$folder/$name.events" $((3 * seconds + 3)) "$port" "$backend" >"$folder/$name.log" &
  local recording=$!
  for _ in $(seq 200); do grep -q recording "$folder/$name.log" && break; sleep 0.1; done
  for flight in 1 16 64; do node "$here/load.js" "$port" $flight "$seconds" "$@"; done
  wait $recording
  echo "$name: $(tail -1 "$folder/$name.log")"
  kill "${pids[@]}" 2>/dev/null || true
  wait "${pids[@]}" 2>/dev/null || true
  pids=()
}

command -v javac >/dev/null && javac -d "$folder/classes" "$here/Service.java"
for service in "$@"; do
  record "$service" "$service-two" /two
  record "$service" "$service-mix" /two /maybe /fan /loop /none
done
