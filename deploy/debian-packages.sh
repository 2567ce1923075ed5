#!/bin/sh
# The Debian packages that some tests drive. Installed when this user may; otherwise named, and their tests are left
# out. Under CI=true nothing is left out: a package that cannot be installed fails the run.
set -u

missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v strace >/dev/null 2>&1 || missing="$missing strace"
command -v java >/dev/null 2>&1 || missing="$missing default-jre-headless"
command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
[ -z "$missing" ] && exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then as_root="sudo"; else as_root="none"; fi
fi
if [ "$as_root" != "none" ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian packages for the tests:$missing"
    # shellcheck disable=SC2086
    $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq $missing >/dev/null \
        && exit 0
fi
if [ "${CI:-}" = "true" ]; then
    echo "These Debian packages are needed and could not be installed:$missing" >&2
    exit 1
fi
echo "Left out, because these Debian packages are not installed:$missing"
echo "  chromium: pages are not opened in a browser.   strace: the ledger's fsyncs are not counted."
echo "  default-jre-headless: no definition runs on Spark.   postgresql: none runs on PostgreSQL."
