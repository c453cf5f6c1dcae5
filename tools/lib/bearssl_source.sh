#!/usr/bin/env bash
# usage: tools/lib/bearssl_source.sh [DIR]
#
# Downloads the source of BearSSL and unpacks it, for images of architectures whose libbearssl.a Debian doesn't have here.
#
# DIR is build-bearssl in the source tree if it isn't given. The source package comes from the archives that this machine's
# packages come from, and APT checks its signature; neither root nor a line "deb-src" is needed. Nothing is downloaded if
# DIR has it. For a build of meson:
#
#   meson setup --cross-file tools/aarch64.ini -Dbearssl_source=$PWD/build-bearssl build-aarch64
#
# Exit status 1: it could not be downloaded.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
case ${1:-} in
-h | --help) sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0" && exit 0 ;;
esac
folder=${1:-$here/build-bearssl}
[ ! -e "$folder/inc/bearssl.h" ] || exit 0
rm -rf "$folder"
exec "$here/tools/lib/debian_source.sh" --original bearssl "$folder"
