#!/usr/bin/env bash
# base-images.sh ROOT NODE_IMAGE RUNTIME_IMAGE NODE: makes the two images that deploy/docker/Dockerfile begins with, under their
# own names, in the storage ROOT of buildah, for machines that reach Debian's packages and npm but no registry of images. They
# are stand-ins: NODE_IMAGE is Debian with the program NODE and npm, RUNTIME_IMAGE what distroless says of its cc image: base
# files, time zones, certificates, libc, libgcc, libstdc++, no program at all. What is there already stays. As root; needs
# buildah, mmdebstrap, npm.
set -euo pipefail
root="$1" node_image="$2" runtime_image="$3" node="$4"
debian=bookworm
npm_version=11.21.2
packages=base-files,netbase,tzdata,ca-certificates,libc6,libssl3,libgcc-s1,libgomp1,libstdc++6
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
store() { buildah --root "$root" --runroot "$root-run" "$@"; }

# image NAME FILL: an image NAME of what the function FILL puts into a directory, and of the settings it gives to a container.
image() {
  store inspect --type image "$1" >/dev/null 2>&1 && return
  echo "base images: $1"
  local container
  container="$(store from scratch)"
  "$2" "$container" "$(store mount "$container")"
  store commit --quiet "$container" "$1" >/dev/null
  store rm "$container" >/dev/null
}

fill_node() {
  local container="$1" tree="$2"
  mmdebstrap --quiet --variant=minbase --include=ca-certificates "$debian" "$work/node.tar"
  tar --extract --file "$work/node.tar" --directory "$tree"
  install -D "$node" "$tree/usr/local/bin/node"
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work/npm" "npm@$npm_version"
  mkdir -p "$tree/usr/local/lib/node_modules"
  cp -r "$work/npm/node_modules/npm" "$tree/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$tree/usr/local/bin/npm"
  # The machine's certificates, which the build mounts, know its way to the registry of packages.
  store config --env "PATH=$path" --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt --cmd node "$container"
}

fill_runtime() {
  local container="$1" tree="$2"
  mmdebstrap --quiet --variant=extract --include="$packages" "$debian" "$work/runtime.tar"
  tar --extract --file "$work/runtime.tar" --directory "$tree"
  rm -rf "${tree:?}"/usr/bin/* "${tree:?}"/usr/sbin/* "${tree:?}"/dev/* "${tree:?}/var/lib/dpkg"
  printf '%s\n' 'root:x:0:0:root:/root:/sbin/nologin' 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$tree/etc/passwd"
  printf '%s\n' 'root:x:0:' 'nonroot:x:65532:' >"$tree/etc/group"
  install -d -o 65532 -g 65532 "$tree/home/nonroot"
  store config --user 65532 --workingdir /home/nonroot --env "PATH=$path" \
    --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt "$container"
}

image "$node_image" fill_node
image "$runtime_image" fill_runtime
