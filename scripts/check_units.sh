#!/usr/bin/env bash
# Rates the systemd units, installs everything into a folder, checks it there, and uninstalls it.
# Usage: check_units.sh FOLDER-OF-PROGRAMS
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${1:-.build/release}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() { echo "check_units: $*" >&2; exit 1; }

# Exposure in tenths of systemd's points, of 100.
rate() {
  systemd-analyze security --offline=true --no-pager --threshold="$2" "$1" > "$folder/rating" 2>&1 \
    || { cat "$folder/rating" >&2; fail "$3 is rated worse than $2 tenths"; }
  echo "$3:$(grep -o ' [0-9.]* [A-Z]*' "$folder/rating" | tail -1)"
}
rate ./systemd/meted.service 12 "meted.service"
mkdir -p "$folder/only/meted.service.d"
cp systemd/meted.service "$folder/only/"
cp systemd/unix-only.conf "$folder/only/meted.service.d/"
rate "$folder/only/meted.service" 5 "with unix-only.conf"

for prefix in /usr /usr/local; do
  root="$folder/root$prefix"
  make --no-print-directory -s install DESTDIR="$root" PREFIX="$prefix" BIN="$bin"
  "$root$prefix/bin/meted" --config "$root/etc/mete/meted.yaml" --check-config
  # Every path of the units must lead somewhere below the root; systemd reads them there.
  (cd "$root$prefix/lib/systemd/system" && sed -i "s|$prefix/bin/|$root$prefix/bin/|" meted.service)
  systemd-analyze verify --man=no --recursive-errors=one \
    "$root$prefix"/lib/systemd/system/{meted.service,meted.socket,meted-tcp.socket} \
    > "$folder/verified" 2>&1 || { cat "$folder/verified" >&2; fail "verify refuses the units"; }
  [ ! -s "$folder/verified" ] || { cat "$folder/verified" >&2; fail "verify warns of the units"; }
  echo "# mine" > "$root/etc/mete/meted.yaml"
  make --no-print-directory -s install DESTDIR="$root" PREFIX="$prefix" BIN="$bin"
  grep -q "# mine" "$root/etc/mete/meted.yaml" || fail "an installation overwrote the configuration"
  make --no-print-directory -s uninstall DESTDIR="$root" PREFIX="$prefix"
  left=$(cd "$root" && find . -type f -o -type l)
  [ "$left" = "./etc/mete/meted.yaml" ] || fail "left by uninstall below $prefix: $left"
done

# Users and folders, as systemd would make them.
systemd-sysusers --dry-run --inline "$(grep -v '^#' systemd/mete.sysusers.conf)" > "$folder/users" 2>&1 \
  || { cat "$folder/users" >&2; fail "the user is refused"; }
echo "units are right: rated, verified, installed and uninstalled"
