#!/usr/bin/env bash
# Installs the servers that the sources are tested against into ${DAVY_TOOLS:-~/.cache/davy-tools}/sources: Loki, built from its Go
# module; carbon and graphite-web from PyPI; InfluxDB 1.6 from Debian 12. What is there already and was made from the same pins is left
# alone. Not part of CI: cold it takes about half an hour on two busy cores and some GB of Go's caches. Ends with 1 at the first that
# cannot be had. InfluxDB 2.x is not among them: the Rust of its Flux does not build with newer compilers.
set -euo pipefail
export HOME="${HOME:-/root}"
# A checkout may belong to another user than the one who builds.
export GOFLAGS="-buildvcs=false ${GOFLAGS:-}"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
tools="${DAVY_TOOLS:-$HOME/.cache/davy-tools}/sources"
loki_version=3.7.8
mkdir -p "$tools/bin"
# shellcheck source=../tools/made-once.sh
. "$here/../tools/made-once.sh" sources

# module MODULE@VERSION FOLDER: a copy of its source that may be written to. `go install` refuses modules that replace others.
module() {
  cp -r "$(go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')" "$2"
  chmod -R u+w "$2"
}

# Its module lacks the folder that it replaces a module of its own by; the one that it requires serves.
loki() {
  module "github.com/grafana/loki/v3@v$loki_version" "$work/loki-source"
  sed -i '/loki\/pkg\/push => /d' "$work/loki-source/go.mod"
  (cd "$work/loki-source" && go build -mod=mod -trimpath -ldflags='-s -w' -o "$work/loki" ./cmd/loki)
  mv "$work/loki" "$tools/bin/loki"
}

graphite() {
  rm -rf "$tools/graphite"
  python3 -m venv "$tools/graphite" || fail 'expected python3 3.8 to 3.12 with venv'
  # Without it they install into /opt.
  GRAPHITE_NO_PREFIX=True "$tools/graphite/bin/pip" install --quiet --disable-pip-version-check setuptools==65.5.0 wheel
  GRAPHITE_NO_PREFIX=True "$tools/graphite/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    --no-build-isolation -r "$here/requirements.txt"
}

influxdb_1() {
  (cd "$work" && apt-get download influxdb >/dev/null && dpkg -x influxdb_1.6.*.deb influxdb)
  mv "$work/influxdb/usr/bin/influxd" "$tools/bin/influxd-1"
}

found="$(go env GOVERSION)"
tool bin/loki "$loki_version-$found" loki
tool graphite "$(checksum "$here/requirements.txt")-$(python3 --version)" graphite
tool bin/influxd-1 1.6 influxdb_1
say "all of them are in $tools"
