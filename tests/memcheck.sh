#!/usr/bin/env bash
# Runs the release under valgrind's memcheck, as every command, in real situations; prints a line for each, and ends with
# 1 where memory is handled wrongly.
#
#   tests/memcheck.sh                    needs valgrind, zstd, zip and python3 with venv
#
# `--cfg fuzzing` leaves our allocator out and the flags make a dynamic program, since memcheck sees the blocks of the
# system's allocator alone. In CARGO_TARGET_DIR, else in target/memcheck.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target/memcheck}
# As released, but for what takes the compiler minutes.
CARGO_PROFILE_RELEASE_STRIP=false CARGO_PROFILE_RELEASE_DEBUG=line-tables-only \
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 RUSTFLAGS='--cfg fuzzing' \
    cargo build --quiet --locked --release --bin pystart --target "$target"
program=$(realpath "$CARGO_TARGET_DIR/$target/release/pystart")

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
failed=0

# Runs the program in the environment and the folder of a scene: memcheck NAME EXPECTED-STATUS ARGUMENT...
memcheck() {
    local name=$1 expected=$2 status=0
    shift 2
    env -i PATH="$work/bin:$PATH" HOME="$work" HOME_SITE="$root" PYSTART_UNPACK_DIR="$work/unpacked" PORT=39517 \
        valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
        --log-file="$work/log.%p" --trace-children=no "$program" "$@" > "$work/output" 2>&1 || status=$?
    # One log for each process: a child has our memory until its `execve`.
    if [ "$status" != "$expected" ] || grep --quiet . "$work"/log.*; then
        printf 'FAILED  %s: status %s\n' "$name" "$status"
        cat "$work"/log.* "$work/output"
        failed=1
    else
        printf 'clean   %s\n' "$name"
    fi
    rm -f "$work"/log.*
}

app='from flask import Flask\napp = Flask(__name__)\n'
mkdir -p "$work/bin" "$work/unpacked" "$work/plain" "$work/zip" "$work/list"
printf '#!/bin/sh\nexit 0\n' > "$work/bin/gunicorn"
chmod +x "$work/bin/gunicorn"
# shellcheck disable=SC2059 # the app has escapes
printf "$app" | tee "$work/plain/app.py" > "$work/list/app.py"
printf '# nothing\n' > "$work/list/requirements.txt"
mkdir -p "$work/antenv/lib/python3.12/site-packages" "$work/zstd" "$work/gzip"
touch "$work/antenv/pyvenv.cfg" "$work/antenv/lib/python3.12/site-packages/shop.py"
printf 'CompressDestinationDir="true"\n' | tee "$work/zstd/oryx-manifest.toml" > "$work/gzip/oryx-manifest.toml"
tar -C "$work/plain" -I zstd -cf "$work/zstd/output.tar.zst" .
tar -C "$work/plain" -czf "$work/gzip/output.tar.gz" .
cp "$work/plain/app.py" "$work/zip/app.py"
(cd "$work/antenv" && zip --quiet --recurse-paths "$work/zip/antenv.zip" .)

root=$work/plain
memcheck 'run' 0 run
# The init executes itself again by `/proc/self/exe`, which is valgrind itself here: see AddressSanitizer in docs/testing.md.
memcheck 'run of a command that is not there' 127 run --strict -- no-such-program
memcheck 'explain' 0 explain
memcheck 'explain --json' 0 explain --json
memcheck 'env' 0 env
memcheck 'health' 1 health
memcheck 'check' 1 check
root=$work/list
memcheck 'build' 0 build
memcheck 'build, once more' 0 build
for packed in zstd gzip zip; do
    root=$work/$packed
    memcheck "explain of a packed app ($packed)" 0 explain
    memcheck "run of a packed app ($packed)" 0 run
done
# Deep, and close to what the parser is given at most.
root=$work/deep
mkdir "$root"
{
    printf 'x = '
    printf '[%.0s' $(seq 1 90)
    printf ']%.0s' $(seq 1 90)
    printf '\ny = '
    printf 'a + %.0s' $(seq 1 20000)
    # shellcheck disable=SC2059 # the app has escapes
    printf "1\n$app"
} > "$root/app.py"
memcheck 'explain of a deep file' 0 explain
exit "$failed"
