#!/bin/sh
# Writes the secrets of the compose stack into ./secrets, or into the directory given: tokens of Davy with their roles,
# passwords of ClickHouse and Grafana. Needs openssl. What is there already is kept, and nothing is printed but names.
# The files are readable by all, since containers run as other users; the directory is yours alone.
set -eu

directory="${1:-$(dirname "$0")/secrets}"

fail() {
  printf 'make-secrets: %s\n' "$*" >&2
  exit 1
}

command -v openssl >/dev/null || fail 'expected openssl, found none'
if [ -e "$directory/done" ]; then
  printf 'make-secrets: %s is complete; remove it to make new ones\n' "$directory"
  exit 0
fi
[ ! -e "$directory" ] || fail "$directory is there and not complete: expected none; remove it and run this again"

umask 077
mkdir -p "$directory/alertmanager"

sha256() { printf '%s' "$1" | openssl dgst -sha256 -r | cut -d ' ' -f 1; }
password() { openssl rand -hex 24; }

# token ROLE: a token of that role, and its line for the tokens file.
token() {
  value="davy_$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=\n')"
  printf '%s\n' "$value" >"$directory/davy-$1-token"
  printf -- '- { name: compose-%s, role: %s, hash: "sha256:%s" }\n' "$1" "$1" "$(sha256 "$value")" >>"$directory/davy-tokens.yaml"
}

for role in ingest gate viewer operator admin; do token "$role"; done

davy="$(password)"
reader="$(password)"
printf 'http://davy:%s@clickhouse:8123/default\n' "$davy" >"$directory/davy-storage-url"
printf 'DAVY_CLICKHOUSE_PASSWORD=%s\n' "$reader" >"$directory/grafana.env"
password >"$directory/grafana-admin-password"

cat >"$directory/clickhouse-users.xml" <<XML
<clickhouse>
  <profiles>
    <davy_reader>
      <readonly>2</readonly>
      <max_execution_time>30</max_execution_time>
    </davy_reader>
  </profiles>
  <users>
    <default>
      <networks replace="replace">
        <ip>127.0.0.1</ip>
        <ip>::1</ip>
      </networks>
    </default>
    <davy>
      <password_sha256_hex>$(sha256 "$davy")</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </davy>
    <davy_reader>
      <password_sha256_hex>$(sha256 "$reader")</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>davy_reader</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SELECT ON default.*</query>
      </grants>
    </davy_reader>
  </users>
</clickhouse>
XML

chmod 644 "$directory"/davy-* "$directory/clickhouse-users.xml" "$directory/grafana-admin-password"
chmod 755 "$directory/alertmanager"
: >"$directory/done"
printf 'make-secrets: made %s\n' "$directory"
printf 'For a browser (Basic, any name) take davy-viewer-token as the password, for scripts davy-gate-token.\n'
