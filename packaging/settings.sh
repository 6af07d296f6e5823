# Sourced by compile and wheel, with the architecture as $1: how the program is compiled as it is released.
#
# Static, for musl. The result depends on the sources, the toolchain and PYSTART_COMMIT alone: neither on the folder of
# the checkout nor on that of cargo. Another architecture than the machine's own needs a C compiler for it (Debian:
# gcc-aarch64-linux-gnu and libc6-dev-arm64-cross, or gcc-x86-64-linux-gnu and libc6-dev-amd64-cross), for what is C or
# assembly in a dependency; rustc brings the linker.
machine=$(uname -m)
case ${1:-$machine} in
amd64 | x86_64) architecture=x86_64 ;;
arm64 | aarch64) architecture=aarch64 ;;
*) echo "$0: \`$1\` is neither x86_64 (amd64) nor aarch64 (arm64)" >&2 && exit 2 ;;
esac
target=$architecture-unknown-linux-musl
options="--release --locked --target $target --features auditable"
if command -v rustup > /dev/null; then
    rustup --quiet target add "$target" >&2
fi
if [ "$architecture" != "$machine" ]; then
    variable=CC_${architecture}_unknown_linux_musl
    eval "compiler=\${$variable:-cc}"
    # That of .cargo/config.toml, which whatever cargo has started inherits.
    [ "$compiler" != cc ] || compiler=$(echo "$architecture" | tr _ -)-linux-gnu-gcc
    export "$variable=$compiler"
fi

# These would ask for another build than the one that is released.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS
# Joined with those of .cargo/config.toml.
flags="-Clinker=rust-lld"
for pair in "${CARGO_HOME:-$HOME/.cargo}=/cargo" "$(rustc --print sysroot)=/rust" "$PWD=/pystart"; do
    flags="$flags --remap-path-prefix=$pair"
done
export "CARGO_TARGET_$(echo "$target" | tr a-z- A-Z_)_RUSTFLAGS=$flags"
