#!/bin/sh
# Builds MicroPython's unix port with the engine in it, as the module `_armillary_native`, at .build/micropython-native:
# from the source package of Debian trixie, without what that leaves out (ssl, btree, ffi).
set -eu
cd "$(dirname "$0")/../.."
sh tests/get_trixie.sh source:micropython
here=$(pwd)
port=$(ls -d "$here"/.build/trixie/source/micropython-*/ports/unix | tail -n 1)
# make does not see that flags have changed.
[ .build/micropython-unix/program -nt native/micropython/micropython.mk ] || rm -rf .build/micropython-unix
make="make --no-print-directory -s -j2 -C"
{
    $make "$port/../../mpy-cross"
    $make "$port" BUILD="$here/.build/micropython-unix" PROG=program USER_C_MODULES="$here/native" \
        FROZEN_MANIFEST="$port/../../extmod/asyncio/manifest.py" MPY_LIB_DIR="$port/../.." COPT=-O2 \
        MICROPY_PY_SSL=0 MICROPY_PY_BTREE=0 MICROPY_PY_FFI=0
} >"$here/.build/micropython-unix.log" 2>&1 || {
    tail -n 40 "$here/.build/micropython-unix.log" >&2
    exit 1
}
ln -sf micropython-unix/program .build/micropython-native
