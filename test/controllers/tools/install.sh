#!/usr/bin/env bash
# Installs what the tests with real rollout controllers start into ${DAVY_TOOLS:-~/.cache/davy-tools}/controllers: etcd, a Kubernetes
# API server and controller manager, Argo Rollouts and Flagger, with the CRDs of the last two. All are built from pinned Go modules.
# What is there already and was made from the same pins is left alone. Cold it takes about half an hour on two cores and 6 GB of
# Go's caches; GOFLAGS (such as -p=1) and nice make it give way to others. Ends with 1 at the first that cannot be had.
set -euo pipefail
export HOME="${HOME:-/root}"
# A checkout may belong to another user than the one who builds.
export GOFLAGS="-buildvcs=false ${GOFLAGS:-}"
export CGO_ENABLED=0
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
tools="${DAVY_TOOLS:-$HOME/.cache/davy-tools}/controllers"
flagger_version=1.44.0
mkdir -p "$tools/bin" "$tools/crds"
# shellcheck source=../../tools/made-once.sh
. "$here/../../tools/made-once.sh" controllers

# module_version MODULE: as kube/go.mod pins it.
module_version() { (cd "$here/kube" && go list -mod=readonly -m -f '{{.Version}}' "$1"); }

etcd() {
  (cd "$here/etcd" && go build -mod=readonly -trimpath -ldflags='-s -w' -o "$work/etcd" go.etcd.io/etcd/server/v3)
  mv "$work/etcd" "$tools/bin/etcd"
}

# kubernetes COMMAND: Flagger ends at once when the server's version is the placeholder of an unstamped build.
kubernetes() {
  local version package=k8s.io/component-base/version
  version="$(module_version k8s.io/kubernetes)"
  local minor="${version#v1.}"
  (cd "$here/kube" && go build -mod=readonly -trimpath -pgo=off -o "$work/$1" \
    -ldflags="-s -w -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean" \
    "k8s.io/kubernetes/cmd/$1")
  mv "$work/$1" "$tools/bin/$1"
}

argo_rollouts() {
  local module=github.com/argoproj/argo-rollouts
  (cd "$here/kube" && go build -mod=readonly -trimpath -ldflags='-s -w' -o "$work/rollouts-controller" "$module/cmd/rollouts-controller")
  crds argo-rollouts "$(cd "$here/kube" && go list -mod=readonly -m -f '{{.Dir}}' "$module")"/manifests/crds/*-crd.yaml
  mv "$work/rollouts-controller" "$tools/bin/rollouts-controller"
}

flagger() {
  local module=github.com/fluxcd/flagger
  GOBIN="$work" go install -trimpath -ldflags='-s -w' "$module/cmd/flagger@v$flagger_version"
  crds flagger "$(go env GOMODCACHE)/$module@v$flagger_version/artifacts/flagger/crd.yaml"
  mv "$work/flagger" "$tools/bin/flagger"
}

# crds NAME FILE...: copies them to where the tests look for them, without the modes of Go's cache.
crds() {
  rm -rf "$tools/crds/$1"
  mkdir "$tools/crds/$1"
  install -m 644 "${@:2}" "$tools/crds/$1"
}

command -v go >/dev/null || fail 'expected Go 1.26 or newer (https://go.dev/dl), or the one that test/tools/install.sh puts into its folder go/bin, on the PATH'
found="$(go env GOVERSION)"
kube_pin="$(checksum "$here"/kube/go.{mod,sum})-$found"
tool bin/etcd "$(checksum "$here"/etcd/go.{mod,sum})-$found" etcd
tool bin/flagger "$flagger_version-$found" flagger
tool bin/kube-apiserver "$kube_pin" kubernetes kube-apiserver
tool bin/rollouts-controller "$kube_pin" argo_rollouts
tool bin/kube-controller-manager "$kube_pin" kubernetes kube-controller-manager
say "all of them are in $tools"
