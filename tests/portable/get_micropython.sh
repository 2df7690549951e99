#!/bin/sh
# Puts MicroPython 1.25 or later at .build/micropython: the system's own, or Debian trixie's.
#
# On an older release the trixie package and the libraries it needs are taken from the very mirror this
# machine's apt uses, with lists and cache of our own, so the system's package lists stay as they are.
set -eu
cd "$(dirname "$0")/../.."
link=.build/micropython
is_recent() { "$1" -c 'import sys; sys.exit(0 if sys.implementation[1][:2] >= (1, 25) else 1)' 2>/dev/null; }
if [ -x "$link" ] && is_recent "$link"; then exit 0; fi
mkdir -p .build
system=$(command -v micropython || true)
if [ -n "$system" ] && is_recent "$system"; then
    ln -sf "$system" "$link"
    exit 0
fi
echo "get_micropython: taking MicroPython from Debian trixie"
here=$(pwd)/.build/trixie
rm -rf "$here"
mkdir -p "$here/lists/partial" "$here/archives/partial" "$here/root"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | grep '/debian/*$' | sort -u | head -n 1)
[ -n "$mirror" ] || {
    echo "get_micropython: apt knows no Debian mirror, and this release has no micropython 1.25." >&2
    echo "    Put a micropython 1.25 or later on the PATH, then run again." >&2
    exit 1
}
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$here/sources.list"
private="-o Dir::Etc::sourcelist=$here/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=$here/lists
    -o Dir::Cache=$here -o Dir::Cache::archives=$here/archives -o Dir::State::status=/dev/null -o APT::Sandbox::User=root
    -o Acquire::Languages=none -o APT::Get::List-Cleanup=0"
apt-get $private -q -q update
libraries=$(apt-cache $private depends micropython | sed -n 's/^  Depends: //p')
(cd "$here/archives" && apt-get $private -q -q download micropython $libraries)
for package in "$here"/archives/*.deb; do dpkg-deb -x "$package" "$here/root"; done
loader=$(find "$here/root" -name 'ld-linux*' | head -n 1)
library=$(dirname "$(find "$here/root" -name 'libc.so.6' | head -n 1)")
printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$library" "$here/root/usr/bin/micropython" >"$link"
chmod +x "$link"
is_recent "$link" || { echo "get_micropython: what was unpacked does not run" >&2; exit 1; }
