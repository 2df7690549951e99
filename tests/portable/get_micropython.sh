#!/bin/sh
# Puts MicroPython 1.25 or later at .build/micropython: the system's own, or Debian trixie's with the libraries
# it needs.
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
sh tests/get_trixie.sh micropython libc6 libffi8 libmbedtls21 libmbedx509-7 libmbedcrypto16 || {
    echo "get_micropython: this release has no micropython 1.25; put one on the PATH, then run again." >&2
    exit 1
}
root=$(pwd)/.build/trixie/root
loader=$(find "$root" -name 'ld-linux*' | head -n 1)
library=$(dirname "$(find "$root" -name 'libc.so.6' | head -n 1)")
printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$library" "$root/usr/bin/micropython" >"$link"
chmod +x "$link"
is_recent "$link" || { echo "get_micropython: what was unpacked does not run" >&2; exit 1; }
