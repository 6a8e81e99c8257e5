# Sourced by scripts that make tools: `. made-once.sh LABEL`, with $tools the folder that they go into. Waits until nobody else makes
# tools there, and gives $work, a folder that is gone at the end.
label="$1"
exec 9>"$tools/lock"
flock 9
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

say() { printf '%s: %s\n' "$label" "$*"; }

fail() {
  say "$*" >&2
  exit 1
}

# tool NAME PIN COMMAND...: runs the command unless NAME was made from the same PIN. What it makes it must move into place last.
tool() {
  local name="$1" pin="$2"
  shift 2
  if [ -e "$tools/$name" ] && [ "$(cat "$tools/$name.pin" 2>/dev/null)" = "$pin" ]; then
    say "$name is there"
    return
  fi
  say "$name is made"
  local started=$SECONDS
  rm -f "$tools/$name.pin"
  "$@"
  printf '%s' "$pin" >"$tools/$name.pin"
  say "$name took $((SECONDS - started)) s"
}

# checksum FILE...: of what the files hold.
checksum() { cat "$@" | sha256sum | cut -d ' ' -f 1; }
