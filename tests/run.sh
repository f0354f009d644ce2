#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. The last line is `N passed, N failed`; exit 0 only when none
# failed. Full logs stay in .build/test-logs.
#
#   tests/run.sh                everything
#   tests/run.sh unit           the doctest programs, the lints and the fuzz corpus, under ASan and UBSan
#   tests/run.sh e2e [NAME…]    the end-to-end tests (all, or these files of tests/e2e) against the release build
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin
export READBACK_BUILD=$PWD/.build/release

what=${1:-all}
[ $# -gt 0 ] && shift
jobs=${READBACK_JOBS:-$(nproc)}
logs=$PWD/.build/test-logs
mkdir -p "$logs"
begin=$SECONDS
step() { printf '\n== %s (%d s)\n' "$1" $((SECONDS - begin)); }
give_up() {
  printf '\n%s\n\n0 passed, 1 failed\n' "$1"
  exit 1
}

step "what is missing"
packaging/install-deps.sh --test || give_up "the packages that the build and the tests need could not be installed"

build() { # preset, targets…
  local preset=$1 log=$logs/build.$1.log
  shift
  if [ ! -f ".build/$preset/build.ninja" ]; then
    cmake --preset "$preset" >"$log" 2>&1 || { tail -40 "$log"; give_up "cmake failed for the preset $preset"; }
  fi
  ninja -C ".build/$preset" -j "$jobs" "$@" >"$log" 2>&1 ||
    { grep -E -A12 'error|FAILED' "$log" | head -80; tail -5 "$log"; give_up "the build failed for the preset $preset"; }
}

passed=0 failed=0
count() { # the last line of a log that reads "…: N passed, N failed…"
  local line
  line=$(grep -E '^[a-z0-9]+: [0-9]+ passed, [0-9]+ failed' "$1" | tail -1)
  if [ -z "$line" ]; then
    failed=$((failed + 1))
    return
  fi
  passed=$((passed + $(sed -E 's/^[^:]*: ([0-9]+) passed.*/\1/' <<<"$line")))
  failed=$((failed + $(sed -E 's/.* ([0-9]+) failed.*/\1/' <<<"$line")))
}

if [ "$what" = all ] || [ "$what" = unit ]; then
  step "build with ASan and UBSan"
  build asan
  step "unit and loopback tests"
  ctest --test-dir .build/asan -V -j "$jobs" >"$logs/ctest.log" 2>&1
  /usr/bin/python3 -B tests/ctest_summary.py "$logs/ctest.log" | tee "$logs/unit.summary"
  count "$logs/unit.summary"
fi

if [ "$what" = all ] || [ "$what" = e2e ]; then
  step "build as installed"
  build release
  step "build the package"
  build package all
  step "end-to-end tests"
  /usr/bin/python3 -B tests/e2e/run.py -j "$jobs" "$@" | tee "$logs/e2e.summary"
  count "$logs/e2e.summary"
fi

step "done"
if [ $((passed + failed)) -eq 0 ]; then give_up "no test ran"; fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
