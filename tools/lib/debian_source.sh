#!/usr/bin/env bash
# usage: tools/lib/debian_source.sh [--original] PACKAGE DIR
#
# Downloads the source of a package of Debian and unpacks it to DIR. Nothing is downloaded if DIR is there.
#
#   --original  without Debian's changes, which need dpkg-source (of dpkg-dev)
#
# The package comes from the archives that this machine's packages come from, and APT checks its signature; neither root
# nor a line "deb-src" is needed.
#
# Exit status 1: it could not be downloaded; 2: wrong usage.
set -eu
usage() {
    sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0"
}
case ${1:-} in
-h | --help) usage && exit 0 ;;
esac
original=
[ "${1:-}" != --original ] || { original=1 && shift; }
[ $# = 2 ] || { usage >&2 && exit 2; }
package=$1 folder=$2
[ ! -e "$folder" ] || exit 0
mkdir -p "$(dirname "$folder")"
folder=$(cd "$(dirname "$folder")" && pwd)/$(basename "$folder")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
# the archives of this machine's packages, as archives of sources
apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u >"$work/sources.list"
options=(-qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
cd "$work"
# An archive may name a version that it doesn't have (yet): then the next older one that an archive names is taken.
download() {
    local version
    for version in $(apt-cache "${options[@]}" showsrc --only-source "$package" | sed -n 's/^Version: //p' | sort -ruV); do
        apt-get "${options[@]}" source --download-only --only-source "$package=$version" && return
        rm -f -- *.dsc *.tar.*
    done
    return 1
}
if ! { apt-get "${options[@]}" update && download; } >"$work/log" 2>&1; then
    tail -n 5 "$work/log" >&2
    echo "tools/lib/debian_source.sh: APT could not download the source package $package" >&2
    exit 1
fi
if [ -n "$original" ]; then
    mkdir source
    tar -xf "$package"_*.orig.tar.* -C source --strip-components=1
elif ! dpkg-source --extract "$package"_*.dsc source >"$work/log" 2>&1; then
    tail -n 5 "$work/log" >&2
    exit 1
fi
mv source "$folder"
