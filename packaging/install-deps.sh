#!/usr/bin/env bash
# Installs what is missing on a Debian 12 or 13 machine: what the build needs, and with --test what the tests need as well.
# Only Debian packages, only those that are not there yet, and no service of theirs is started or left enabled.
#
#   packaging/install-deps.sh [--build | --test | --arm64] [--list]
#
# --arm64 brings what compiles for that machine on this one (cmake --preset arm64): into a root of its own, since a library
# of another machine may take the place of ours.
set -euo pipefail

# Debian 12 has two versions of Boost, and the one without a number (1.74) is too old.
boost=
case $(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}") in
  bookworm) boost=1.81 ;;
esac
build_packages=(
  g++ cmake ninja-build ccache pkg-config
  libboost$boost-dev libboost-json$boost-dev libboost-url$boost-dev libyaml-cpp-dev libkainjow-mustache-dev
  libhowardhinnant-date-dev libspdlog-dev libfmt-dev
  libssl-dev libsystemd-dev libsqlite3-dev libzstd-dev zlib1g-dev libarchive-dev libcli11-dev libseccomp-dev libre2-dev prometheus-cpp-dev
  libnats-dev
  doctest-dev libbenchmark-dev python3 ca-certificates tzdata
)
test_packages=(
  # servers that nobody here wrote
  nats-server etcd-server prometheus prometheus-alertmanager nginx-light python3-fastapi uvicorn
  # what looks at our programs and files
  sqlite3 strace valgrind lintian curl openssl zstd procps iproute2 tmux chromium chromium-driver libcurl4-openssl-dev
  clang-format clang-tidy universal-ctags python3-yaml python3-jsonschema man-db mandoc zsh fish
  # the package, and a root with a real systemd to boot it in
  dpkg-dev file mmdebstrap systemd systemd-container debian-archive-keyring
)
# Of what the build needs, what a cross compiler needs of the other machine; the rest are programs, or the same for all.
others_too='^(lib.*-dev|zlib1g-dev|prometheus-cpp-dev)$'
same_for_all='^libcli11-dev$'
services=(nats-server etcd prometheus prometheus-alertmanager prometheus-node-exporter nginx)

what=test list=no
for word in "$@"; do
  case $word in
    --build) what=build ;;
    --test) what=test ;;
    --arm64) what=arm64 ;;
    --list) list=yes ;;
    *) echo "usage: $0 [--build | --test | --arm64] [--list]" >&2; exit 64 ;;
  esac
done
wanted=("${build_packages[@]}")
if [ $what = test ]; then wanted+=("${test_packages[@]}"); fi
if [ $what = arm64 ]; then
  wanted=(crossbuild-essential-arm64)
  for package in "${build_packages[@]}" libcurl4-openssl-dev; do
    if [[ $package =~ $others_too && ! $package =~ $same_for_all ]]; then package+=:arm64; fi
    wanted+=("$package")
  done
fi
if [ $list = yes ]; then printf '%s\n' "${wanted[@]}"; exit 0; fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "$0: this is not a Debian machine; install by hand: ${wanted[*]}" >&2
  exit 1
fi
missing=()
for package in "${wanted[@]}"; do
  if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
    missing+=("$package")
  fi
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "$0: neither root nor sudo; missing: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "installing ${#missing[@]} packages: ${missing[*]}"
if [ $what = arm64 ] && ! dpkg --print-foreign-architectures | grep -qx arm64; then
  "${as_root[@]}" dpkg --add-architecture arm64
  "${as_root[@]}" apt-get update -q >/dev/null
fi

# A package that brings a service starts it at once, unless a policy says no. Ours stands only while we install.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod 755 $policy
  trap '"${as_root[@]}" rm -f $policy' EXIT
fi

log=$(mktemp)
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=300 \
    "${missing[@]}" >"$log" 2>&1
}
if ! install; then
  # Package lists that are absent or old: fetch them once, and say what went wrong only if it still does.
  "${as_root[@]}" apt-get update -q -o DPkg::Lock::Timeout=300 >"$log.update" 2>&1 || tail -5 "$log.update" >&2
  if ! install; then
    tail -30 "$log" >&2
    echo "$0: apt-get could not install: ${missing[*]}" >&2
    exit 1
  fi
fi
rm -f "$log" "$log.update"

if command -v systemctl >/dev/null; then
  for service in "${services[@]}"; do
    for package in "${missing[@]}"; do
      case $package in
        "$service" | "$service-server" | "$service-light")
          "${as_root[@]}" systemctl disable --quiet "$service" >/dev/null 2>&1 || true ;;
      esac
    done
  done
fi
