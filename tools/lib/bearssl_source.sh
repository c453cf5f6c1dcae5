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

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
# the archives of this machine's packages, as archives of sources
apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u >"$work/sources.list"
options=(-qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
cd "$work"
if ! { apt-get "${options[@]}" update && apt-get "${options[@]}" source --download-only bearssl; } >"$work/log" 2>&1; then
    tail -n 5 "$work/log" >&2
    echo "tools/lib/bearssl_source.sh: APT could not download the source package bearssl" >&2
    exit 1
fi
mkdir source
tar -xf bearssl_*.orig.tar.* -C source --strip-components=1
mkdir -p "$(dirname "$folder")"
rm -rf "$folder"
mv source "$folder"
