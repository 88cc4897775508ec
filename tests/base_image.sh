#!/usr/bin/env bash
# Make a stand-in for the official image of Python 3.11 with podman, where no image can be pulled:
#   tests/base_image.sh FOLDER IMAGE, with CONTAINERS_STORAGE_CONF set to the storage to put it in
set -euo pipefail

folder=$1 image=$2
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv,python3-pip \
    bookworm "$folder/root" "$site" > "$folder/debootstrap.log"
rm -f "$folder"/root/usr/lib/python3*/EXTERNALLY-MANAGED
rm -rf "$folder"/root/var/cache/apt/* "$folder"/root/var/lib/apt/lists/*
ln -sf python3 "$folder/root/usr/bin/python"
cp /etc/ssl/certs/ca-certificates.crt "$folder/root/etc/ssl/certs/ca-certificates.crt"
tar --create --file "$folder/base.tar" --directory "$folder/root" .
rm -rf "$folder/root"
cat > "$folder/Dockerfile" << 'EOF'
FROM scratch
ADD base.tar /
ENV PATH=/usr/local/bin:/usr/bin:/bin PIP_CERT=/etc/ssl/certs/ca-certificates.crt
EOF
podman build --isolation chroot --format docker --tag "docker.io/library/$image" "$folder"
rm "$folder/base.tar"
