#!/usr/bin/env bash
# Installs what is missing, builds what the tests need, and runs them. The last line is `N passed, N failed`; exit 0 only
# when none failed. Full logs stay in .build/test-logs.
#
#   tests/run.sh                 everything: what the project's CI runs
#   tests/run.sh unit            the doctest programs, the fuzz corpus and the lints, under ASan and UBSan
#   tests/run.sh unit core       only the core; likewise `config`, `shell`, `fuzz` and `lint`
#   tests/run.sh unit ROOM…      only the programs of these rooms: `unit store`, `unit alert sinks`
#   tests/run.sh sim             2,000 schedules of the simulated world (tests/sim), in the optimized build
#   tests/run.sh lint            only what reads the sources; nothing is built
#   tests/run.sh e2e [NAME…]     the end-to-end tests (all, or these files of tests/e2e: `e2e store cli`) with the programs
#                                as they are installed, and with the package that is made of them
#   tests/run.sh trixie [WORDS]  any of these in a root of Debian 13 (made by mmdebstrap below .build/trixie; as root)
#   tests/run.sh bookworm [WORDS]  the same in one of Debian 12
#   tests/run.sh arm64           compiles all that is installed, and its tests, for arm64, in such a root; nothing is run
#   tests/run.sh help            these lines
#
# READBACK_PRESET=dev builds the unit tests without optimization and sanitizers: the quickest way to an answer.
# READBACK_SCHEDULES=N plays more of them. READBACK_JOBS=N is how many at once; as many as there are processors unless
# told. End-to-end tests mostly wait: twice as many run at once, and where all is run, beside what keeps a processor busy.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin
export READBACK_BUILD=$PWD/.build/release

help() { sed -n '5,${/^#/!q;s/^# \{0,1\}//p}' tests/run.sh; }
what=${1:-all}
[ $# -gt 0 ] && shift
case $what in
  all | unit | lint | sim | e2e | compile-arm64) ;;
  trixie | bookworm) exec tests/in_root.sh "$what" tests/run.sh "$@" ;;
  arm64) exec tests/in_root.sh bookworm-arm64 tests/run.sh compile-arm64 ;;
  help | -h | --help) help; exit 0 ;;
  *) echo "tests/run.sh: there is no \"$what\"" >&2; help >&2; exit 64 ;;
esac
jobs=${READBACK_JOBS:-$(nproc)}
preset=${READBACK_PRESET:-asan}
logs=$PWD/.build/test-logs
mkdir -p "$logs"
begin=$SECONDS
step() { printf '\n== %s (%d s)\n' "$1" $((SECONDS - begin)); }
give_up() {
  printf '\n%s\n\n0 passed, 1 failed\n' "$1"
  exit 1
}

step "what is missing"
needs=--test
[ "$what" = compile-arm64 ] && needs=--arm64
packaging/install-deps.sh $needs || give_up "the packages that the build and the tests need could not be installed"

configure() { # preset
  cmake --preset "$1" -DREADBACK_STRICT=ON >"$logs/build.$1.log" 2>&1 ||
    { tail -40 "$logs/build.$1.log"; give_up "cmake failed for the preset $1"; }
}
build() { # preset, targets…
  local log=$logs/build.$1.log
  configure "$1"
  ninja -C ".build/$1" -j "$jobs" "${@:2}" >"$log" 2>&1 ||
    { grep -E -A12 'error|FAILED' "$log" | head -80; tail -5 "$log"; give_up "the build failed for the preset $1"; }
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

unit() { # the names of heights and rooms; none stands for all
  local name height targets=() wanted=()
  for name in "$@"; do
    case $name in
      core) targets+=(tests_core) wanted+=('(core|cases|sim)\..*') ;;
      config | shell | fuzz) targets+=("tests_$name") wanted+=("$name(\\..*)?") ;;
      lint) wanted+=('lint\..*') ;;
      *)
        local known=no
        for height in core shell; do
          if [ -d "tests/$height/$name" ]; then
            targets+=("test_${height}_$name") wanted+=("$height\\.$name") known=yes
          fi
        done
        if [ $known = no ]; then give_up "there is no room \"$name\" in tests/core or tests/shell"; fi ;;
    esac
  done
  if [ $# -eq 0 ]; then targets=(tests_config tests_core tests_shell tests_fuzz) wanted=('.*'); fi
  configure "$preset"
  if [ ${#targets[@]} -gt 0 ]; then
    step "build (preset $preset)"
    build "$preset" "${targets[@]}"
  fi
  step "run"
  local pattern
  pattern="^($(IFS='|'; echo "${wanted[*]}"))\$"
  ctest --test-dir ".build/$preset" -V -j "$jobs" -R "$pattern" >"$logs/ctest.log" 2>&1
  /usr/bin/python3 -B tests/ctest_summary.py "$logs/ctest.log" | tee "$logs/unit.summary"
  count "$logs/unit.summary"
}

sim() {
  step "build the simulated world"
  build release readback-world
  step "the simulated world"
  .build/release/tests/sim/readback-world --schedules "${READBACK_SCHEDULES:-2000}" --jobs "$jobs" | tee "$logs/sim.log"
  count "$logs/sim.log"
  step "the simulated world, as a fleet of five hosts"
  .build/release/tests/sim/readback-world --hosts 5 --schedules "${READBACK_SCHEDULES:-2000}" --jobs "$jobs" |
    tee "$logs/sim_fleet.log"
  count "$logs/sim_fleet.log"
}

e2e_build() {
  step "build as installed"
  build release e2e_programs
}

e2e_run() { # files of tests/e2e, without .py; none stands for all. In a shell of its own, which it becomes
  exec /usr/bin/python3 -B tests/e2e/run.py -j $((2 * jobs)) "$@"
}

e2e() { # the names of files of tests/e2e, with or without test_ and .py; none stands for all
  local name names=()
  for name in "$@"; do
    name=$(basename "$name" .py)
    name=test_${name#test_}
    [ -f "tests/e2e/$name.py" ] || give_up "there is no tests/e2e/$name.py"
    names+=("$name")
  done
  e2e_build
  step "end-to-end tests"
  e2e_run "${names[@]}" | tee "$logs/e2e.summary"
  count "$logs/e2e.summary"
}

all() {
  e2e_build
  e2e_run >"$logs/e2e.summary" 2>&1 &
  local beside=$!
  trap 'kill $beside 2>/dev/null' EXIT
  # Whoever waits for something goes first, also where the kernel groups processes by their sessions.
  renice -n 19 $$ >/dev/null
  echo 19 2>/dev/null >/proc/$$/autogroup
  unit
  sim
  step "end-to-end tests, which ran beside these"
  wait $beside
  trap - EXIT
  cat "$logs/e2e.summary"
  count "$logs/e2e.summary"
}

compile_arm64() {
  step "build (preset arm64)"
  build arm64 readbackd readback e2e_programs
  local program
  for program in readbackd readback; do
    if readelf -h ".build/arm64/$program" | grep -q 'Machine: *AArch64'; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
    fi
  done
}

case $what in
  all) all ;;
  compile-arm64) compile_arm64 ;;
  unit) unit "$@" ;;
  lint) unit lint ;;
  sim) sim ;;
  e2e) e2e "$@" ;;
esac

step "done"
if [ $((passed + failed)) -eq 0 ]; then give_up "no test ran"; fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
