#!/usr/bin/env bash
# Make a Debian with Pythons that this machine need not have: tests/pythons.sh ROOT VERSION…
#   or run a command in it: tests/pythons.sh ROOT -- COMMAND…
set -euo pipefail

root=$1
shift
if [[ $1 == -- ]]; then
    shift
    # The mounts and the processes end with this one, however it ends.
    # shellcheck disable=SC2016
    exec unshare --mount --pid --fork --kill-child bash -euc \
        'mount -t proc proc "$0/proc"; mount --rbind /sys "$0/sys"; exec chroot "$0" "$@"' "$root" \
        env PATH=/usr/local/bin:/usr/bin:/bin TMPDIR=/tmp HOME=/root "$@"
fi
# shellcheck disable=SC2016
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
packages=ca-certificates,make
for version in "$@"; do
    packages+=,python$version,python$version-venv
done
debootstrap --variant=minbase --include="$packages" sid "$root" "$site"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
