#!/bin/sh
# Unpacks packages of Debian trixie under .build/trixie/root, and source packages under .build/trixie/source.
#
#   tests/get_trixie.sh PACKAGE... [source:PACKAGE...]
#
# They are taken from the very mirror this machine's apt uses, with lists and cache of our own, so the system's
# package lists stay as they are, and nothing is installed. What is there already is not fetched again.
set -eu
cd "$(dirname "$0")/.."
here=$(pwd)/.build/trixie
mkdir -p "$here/have" "$here/root" "$here/source" "$here/lists/partial" "$here/archives/partial"
wanted=
for package; do [ -e "$here/have/$package" ] || wanted="$wanted $package"; done
[ -n "$wanted" ] || exit 0

echo "get_trixie: taking$wanted from Debian trixie"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | grep '/debian/*$' | sort -u | head -n 1)
[ -n "$mirror" ] || { echo "get_trixie: this machine's apt knows no Debian mirror" >&2; exit 1; }
for kind in deb deb-src; do
    echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main"
done >"$here/sources.list"
private="-q -q -o Dir::Etc::sourcelist=$here/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=$here/lists
    -o Dir::Cache=$here -o Dir::Cache::archives=$here/archives -o Dir::State::status=/dev/null -o APT::Sandbox::User=root
    -o Acquire::Languages=none -o APT::Get::List-Cleanup=0"
apt-get $private update
for package in $wanted; do
    rm -rf "$here/archives" && mkdir -p "$here/archives/partial"
    cd "$here/archives"
    case $package in
    source:*)
        # The upstream tar only: Debian's patches serve its packaging.
        apt-get $private source --download-only "${package#source:}"
        tar -xf ./*.orig.tar.* -C "$here/source"
        ;;
    *)
        apt-get $private download "$package"
        dpkg-deb -x ./*.deb "$here/root"
        ;;
    esac
    cd "$here"
    : >"$here/have/$package"
done
