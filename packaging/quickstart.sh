#!/usr/bin/env bash
# From a fresh checkout to the first page, bundle and report.
#
#   packaging/quickstart.sh              watches a simulated platform on this machine, breaks it after a few seconds
#   packaging/quickstart.sh BASE_URL     watches the platform at this address until you press Ctrl-C
#
# Nothing is installed besides Debian packages that are missing; everything else stays below .build/quickstart.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
base_url=${1:-}
case $base_url in
  -h | --help) sed -n '2,7p' "$0" | sed 's/^# \{0,1\}//'; exit 0 ;;
  "" | http://* | https://* | unix://*) ;;
  *) echo "quickstart: the address begins with http://, https:// or unix://, not: $base_url" >&2; exit 64 ;;
esac

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
if [ ! -t 1 ]; then say() { printf '\n%s\n' "$*"; }; fi

make_it() { # targets: with ninja's own line on a terminal, and elsewhere a line for each tenth of the way
  if [ -t 1 ]; then
    NINJA_STATUS='  %f of %t, %e s: ' ninja -C "$build" "$@"
    return
  fi
  NINJA_STATUS='[%f of %t] ' ninja -C "$build" "$@" | awk '
    /^\[[0-9]+ of / { done = substr($1, 2) + 0; all = $3 + 0; tenth = int(10 * done / all)
                      if (tenth > last) { print "  " done " of " all; last = tenth; fflush() }; next }
    !/^ninja: / { print; fflush() }'
}

build=${READBACK_BUILD:-}  # where the programs are already, when they are
if [ -z "$build" ]; then
  say "Installing what is missing"
  packaging/install-deps.sh --build

  say "Building (the first time takes some minutes)"
  build=$root/.build/release
  if [ ! -f "$build/build.ninja" ]; then cmake --preset release >/dev/null; fi
  make_it readbackd readback readback-sim
fi
export PATH=$build:$build/tests/support:$PATH

mkdir -p .build/quickstart
work=$(mktemp -d "$root/.build/quickstart/$(date +%H%M%S)-XXXX")
# The socket's address has a limit of 107 bytes, and a checkout may lie deep.
run=$(mktemp -d /tmp/readback-XXXXXX)
export READBACK_SOCKET=$run/control.sock
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$run"
}
trap finish EXIT
trap 'exit 130' INT TERM

until_true() { # seconds, what for, command…
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $end ]; then
      echo "quickstart: $what did not happen; the daemon's log:" >&2
      tail -20 "$work/readbackd.log" >&2 || true
      exit 1
    fi
    sleep 0.2
  done
}

/usr/bin/python3 -B tests/support/show_pages.py "$work" >"$work/pager.log" & pids+=($!)
until_true 10 "the pager" grep -q listening "$work/pager.log"
pager=$(sed -n 's/^listening //p' "$work/pager.log")

simulated=no
if [ -z "$base_url" ]; then
  simulated=yes
  readback-sim >"$work/platform.log" & pids+=($!)
  until_true 10 "the simulated platform" grep -q control "$work/platform.log"
  base_url=$(sed -n 's/^listening //p' "$work/platform.log")
  control=$(sed -n 's/^control //p' "$work/platform.log")
  mkdir -p "$work/checkout/scripts" "$work/checkout/repo" "$work/checkout/runtime"
  cp tests/support/verify_runtime_materialization.py "$work/checkout/scripts/"
  echo 'image: fabric:2026.11.3' | tee "$work/checkout/repo/compose.yml" >"$work/checkout/runtime/compose.yml"
fi
tell_platform() { # path, JSON
  /usr/bin/python3 -c 'import sys, urllib.request
urllib.request.urlopen(urllib.request.Request(sys.argv[1], sys.argv[2].encode()), timeout=10).read()' "$control$1" "$2"
}

{
  echo "environment: quickstart"
  echo "targets:"
  echo "  - name: fabric"
  echo "    base_url: \"$base_url\""
  if [ $simulated = yes ]; then
    cat <<YAML
    interval: 2s          # the default is 30s; a demonstration is in a hurry
    request_budget: 600/min
    timeout: 2s
    confirm: {failures: 3, spacing: 1s, recoveries: 3}
    surfaces:
      recovery: {path: /api/v1/recovery/readiness, role: readiness}
    checks:
      materialization:
        role: materialization
        command: [python3, ./scripts/verify_runtime_materialization.py, --check]
        cwd: $work/checkout
        interval: 10s
    paths:
      - {name: checkout, kind: user, url: /app/checkout, expect: {status: [200], body_contains: ready}}
      - {name: tasks, kind: agent, url: /agent/tasks}
resolution: {settle: 3s}
YAML
  fi
  cat <<YAML
alerts:
  sinks:
    - {name: pager, type: webhook, url: "$pager/"}
control: {socket: $READBACK_SOCKET}
store: {path: $work/state}
YAML
} >"$work/readback.yaml"
mkdir -m 700 "$work/state"
readbackd --config "$work/readback.yaml" --check-config || exit $?

if [ $simulated = no ]; then
  say "readback probe $base_url"
  readback probe "$base_url" || true
fi

readbackd --config "$work/readback.yaml" >"$work/readbackd.log" 2>&1 & pids+=($!)
daemon=$!
has_answer() { readback status >/dev/null; [ $? -ne 3 ] || ! kill -0 $daemon; }
until_true 30 "the first verdict" has_answer

if [ $simulated = no ]; then
  say "readback status"
  readback status || true
  say "Watching $base_url. Pages are shown below; configuration, state and log are in ${work#"$root"/}. Ctrl-C ends it."
  tail -n +2 -f "$work/pager.log" & pids+=($!)
  readback watch > >(cat) & pids+=($!)  # plain lines: the pages stand between them
  wait $!
  exit 0
fi

until_true 30 "a green platform" readback status
say "readback status"
readback status
sleep 2  # long enough to look at a green platform

broken=$SECONDS
say "Now the platform goes away. Readback looks again and again before it says anything…"
tell_platform /listener '{"mode": "refused"}'
until_true 60 "the page" grep -q FIRING "$work/pager.log"
sed -n '2,$p' "$work/pager.log"
echo "  (the page came $((SECONDS - broken)) s after the platform broke)"

say "readback status"
readback status || true
say "readback snapshot pull latest -o bundle.tar.zst"
readback snapshot pull latest -o "$work/bundle.tar.zst"
say "readback snapshot verify bundle.tar.zst"
readback snapshot verify "$work/bundle.tar.zst"
say "readback report latest -o report.html"
readback report latest -o "$work/report.html"

say "The platform comes back. Green is not resolved yet."
tell_platform /listener '{"mode": "open"}'
until_true 60 "the recovery" grep -q RECOVERED "$work/pager.log"
incident=$(readback --json incidents --all | /usr/bin/python3 -c 'import json, sys
found = json.load(sys.stdin)
found = found if isinstance(found, list) else found["incidents"]
print(found[0]["id"])')
until_true 60 "six conditions that hold, or all but the runbook" grep -q RESOLVED "$work/pager.log"
grep -E 'RECOVERED|RESOLVED' "$work/pager.log"
say "readback incident $incident"
readback incident "$incident"

say "Kept for you in ${work#"$root"/}:"
(cd "$work" && ls -1 bundle.tar.zst report.html readback.yaml pages.jsonl readbackd.log)
echo "Open report.html in a browser. Next: packaging/quickstart.sh https://your.platform:38080"
