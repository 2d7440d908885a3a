#!/usr/bin/env bash
# prove of Test::Harness 3.44 (Debian 12's libtest-harness-perl; its perl 5.36 has the same version). It needs apt-get, dpkg-deb and perl.
# Expected by programs that write version 14 of TAP: where nothing but the first line differs from version 13, a reader of 13 counts the
# same tests, and all of them passed.
# Seen: prove counts the tests, says that all passed, and ends with "Result: FAIL" and status 1, because of the number 14 alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq libtest-harness-perl=3.44-1 > /dev/null 2>&1
dpkg-deb -x libtest-harness-perl_*.deb .
prove() { perl -I usr/share/perl5 usr/bin/prove "$@"; }
prove --version
changed=0
for version in 13 14; do
  printf 'TAP version %s\n1..2\nok 1 - first\nok 2 - second\n' "$version" > "$version.tap"
  status=0
  prove --exec cat "$version.tap" > "$version.txt" || status=$?
  echo "version $version: status $status, $(grep '^Result' "$version.txt"), $(grep 'Parse errors' "$version.txt" || echo '  no parse errors')"
  if [ "$status" != "$((version - 13))" ]; then changed=1; fi
done
grep 'All 2 subtests passed' 14.txt || changed=1
exit "$changed"
