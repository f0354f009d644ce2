#!/usr/bin/env bash
# Runs a command of this checkout in a fresh root of another Debian suite, with the checkout as it is and a folder .build of
# its own. The root is made once, from the mirror that this host uses, and kept below .build. What stands behind a `-` only
# tells roots of one suite apart.
#
#   tests/in_root.sh trixie tests/run.sh unit core
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin
suite=$1
shift

if [ "$(id -u)" -ne 0 ]; then echo "$0: only root can make and enter a root of $suite" >&2; exit 1; fi
if ! command -v mmdebstrap >/dev/null; then echo "$0: mmdebstrap is missing: packaging/install-deps.sh --test" >&2; exit 1; fi

place=$PWD/.build/$suite
root=$place/root
mkdir -p "$place/build"
if [ ! -d "$root" ]; then
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' | sed -n 's/^Debian //p' | grep -v security | head -1)
  if [ -z "$mirror" ]; then echo "$0: no mirror of Debian is configured on this host" >&2; exit 1; fi
  rm -rf "$place/new"
  mmdebstrap --quiet --variant=apt --include=ca-certificates "${suite%%-*}" "$place/new" "$mirror"
  mv "$place/new" "$root"
fi
cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
mkdir -p "$root/checkout"

# The mounts are in a namespace of their own and end with it. The root is entered where nothing of the checkout stands above
# it: what Landlock allows of the checkout would hold for all of the root.
mkdir -p /run/readback-root
exec unshare --mount --propagation private sh -c '
  tree=$1 root=$2 build=$3
  shift 3
  mount --bind "$root" /run/readback-root || exit 1
  root=/run/readback-root
  mount --bind "$tree" "$root/checkout" && mount --bind "$build" "$root/checkout/.build" &&
    mount --rbind /proc "$root/proc" && mount --rbind /sys "$root/sys" && mount --rbind /dev "$root/dev" &&
    mount -t tmpfs tmpfs "$root/tmp" && mount -t tmpfs tmpfs "$root/run" || exit 1
  exec chroot "$root" env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    sh -c "cd /checkout && exec \"\$@\"" sh "$@"
' sh "$PWD" "$root" "$place/build" "$@"
