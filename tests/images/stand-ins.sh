#!/usr/bin/env bash
# Makes local stand-ins for the images that the Dockerfile starts from, for machines that cannot pull.
#
#   tests/images/stand-ins.sh [SUITE]        Debian suite; default: trixie, the one of the official images
#
# Prints the names of the two images, one a line:
#
#   PYTHON_IMAGE=pystart-test/python:HASH    as python:X.Y-slim: Debian, Python, venv, pip, the CA bundle
#   RUST_IMAGE=pystart-test/rust:HASH        as rust:X.Y-slim: the same Debian, gcc, this machine's toolchain
#
# HASH is that of what went in (this script, the suite, the toolchain, the CA bundle), so a second run only looks
# the images up. What differs from the official images: the interpreter is Debian's, /usr/bin/python3 (python,
# python3, pip and pip3 are linked in /usr/local/bin, where the official images have them).
#
# Needs: root, a Docker engine, a Debian mirror (MIRROR, else that of apt), debootstrap (installed if missing), and
# a rustup toolchain with the musl target.
set -euo pipefail

suite=${1:-trixie}
ca_bundle=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}

die() {
    printf 'stand-ins: %s\n' "$@" >&2
    exit 1
}
exists() { docker image inspect "$1" > /dev/null 2>&1; }
hash_of() { sha256sum | cut -c1-12; }

docker version > /dev/null 2>&1 || die "no Docker engine answers: start one, then run this again"
command -v rustup > /dev/null || die "rustup is missing: the stand-in for the Rust image holds its toolchain"
toolchain=$(rustc --print sysroot)
target="$(uname -m)-unknown-linux-musl"
[ -d "$toolchain/lib/rustlib/$target" ] || die "the target is missing: run \`rustup target add $target\`"

recipe="$(cat "$0") $suite $(sha256sum < "$ca_bundle" || true)"
python_image="pystart-test/python:$(hash_of <<< "$recipe")"
rust_image="pystart-test/rust:$(hash_of <<< "$recipe $(rustc -vV) $(cat "$toolchain/lib/rustlib/components")")"

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT

make_python() {
    [ "$(id -u)" = 0 ] || die "only root can make a Debian root: run this as root once"
    if ! command -v debootstrap > /dev/null; then
        command -v apt-get > /dev/null || die "debootstrap is missing, and there is no apt-get to install it with"
        { apt-get update && apt-get install --yes --no-install-recommends debootstrap; } >&2 ||
            die "debootstrap is missing and could not be installed"
    fi
    local mirror=${MIRROR:-}
    [ -n "$mirror" ] || mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null |
        grep --only-matching --extended-regexp --max-count=1 'https?://[^ ]+/debian/?( |$)' | head -1 | tr -d ' ' || true)
    [ -n "$mirror" ] || die "apt's sources name no Debian mirror: set MIRROR"

    local root="$work/root" script=
    # A debootstrap older than the suite has no script for it; the one of sid is that of every recent suite.
    [ -e "/usr/share/debootstrap/scripts/$suite" ] || script=/usr/share/debootstrap/scripts/sid
    debootstrap --variant=minbase --components=main \
        --include=python3,python3-venv,python3-pip,ca-certificates,netbase,tzdata \
        "$suite" "$root" "$mirror" ${script:+"$script"} > "$work/debootstrap.log" 2>&1 ||
        die "debootstrap failed:" "$(tail -20 "$work/debootstrap.log")"

    # What the official slim images leave out.
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* \
        "$root"/var/log/{apt,bootstrap.log,dpkg.log,alternatives.log} "$root"/usr/share/{doc,man,info,locale}/*
    # pip must install into the image as it does in the official ones.
    find "$root/usr/lib" -name EXTERNALLY-MANAGED -delete
    local name
    for name in python python3; do ln -s ../../bin/python3 "$root/usr/local/bin/$name"; done
    for name in pip pip3; do ln -s ../../bin/pip3 "$root/usr/local/bin/$name"; done
    # This machine may stand behind a proxy with a certificate authority of its own.
    if [ -s "$ca_bundle" ]; then cp "$ca_bundle" "$root/etc/ssl/certs/ca-certificates.crt"; fi

    local version
    version=$(chroot "$root" python3 -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
    tar -C "$root" --one-file-system -c . | docker import \
        --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' \
        --change 'ENV LANG=C.UTF-8' \
        --change "ENV PYTHON_VERSION=$version" \
        --change 'ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt' \
        --change 'ENV PIP_DISABLE_PIP_VERSION_CHECK=1' \
        --change 'LABEL pystart.test=stand-in' \
        --change 'CMD ["python3"]' - "$python_image" > /dev/null
}

make_rust() {
    local context="$work/rust" name
    name=$(basename "$toolchain")
    mkdir -p "$context/rustup/toolchains/$name/bin" "$context/rustup/toolchains/$name/lib/rustlib" "$context/cargo/bin"
    # Neither documentation nor the parts that build nothing (rustfmt, clippy, miri).
    cp "$toolchain"/bin/{cargo,rustc} "$context/rustup/toolchains/$name/bin/"
    find "$toolchain/lib" -maxdepth 1 ! -type d -exec cp -P {} "$context/rustup/toolchains/$name/lib/" \;
    cp -r "$toolchain/lib/rustlib/$(uname -m)-unknown-linux-"{gnu,musl} "$context/rustup/toolchains/$name/lib/rustlib/"
    find "$toolchain/lib/rustlib" -maxdepth 1 -type f -exec cp {} "$context/rustup/toolchains/$name/lib/rustlib/" \;
    printf 'version = "12"\ndefault_toolchain = "%s"\nprofile = "minimal"\n' "$name" > "$context/rustup/settings.toml"
    cp "$(command -v rustup)" "$context/cargo/bin/rustup"
    ln "$context/cargo/bin/rustup" "$context/cargo/bin/cargo"
    ln "$context/cargo/bin/rustup" "$context/cargo/bin/rustc"
    cat > "$context/Dockerfile" << DOCKERFILE
FROM $python_image
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY rustup /usr/local/rustup
COPY cargo /usr/local/cargo
ENV RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo PATH=/usr/local/cargo/bin:/usr/local/bin:/usr/bin:/bin \
    CARGO_HTTP_CAINFO=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
DOCKERFILE
    tar -C "$context" -c . | docker build --network host --tag "$rust_image" - > "$work/rust.log" 2>&1 ||
        die "the Rust stand-in could not be built:" "$(tail -20 "$work/rust.log")"
}

exists "$python_image" || make_python
exists "$rust_image" || make_rust
printf 'PYTHON_IMAGE=%s\nRUST_IMAGE=%s\n' "$python_image" "$rust_image"
