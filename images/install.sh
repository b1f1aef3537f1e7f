#!/bin/sh
# The steps that fill an image's environment; the Dockerfile and the test of them call the same.
#   install.sh packages VENV runtime|gpu|tpu    every package at its locked version, by its hash
#   install.sh libtpu VENV FOLDER SHA256        the wheel that is on no package index
#   install.sh project VENV                     this package, from the working directory
set -eu

packages() {
    # The installer is locked too, in an environment that stays behind in the builder.
    python3.10 -m venv "$1.installer"
    "$1.installer/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
        --require-hashes --requirement requirements/bootstrap.txt
    python3.10 -m venv --without-pip "$1"
    # Packages that come as source are built with the locked setuptools, by its hash.
    # Bytecode is compiled here, since nothing can write it later.
    VIRTUAL_ENV="$1" "$1.installer/bin/uv" pip sync --quiet --compile-bytecode --require-hashes \
        --build-constraints requirements/runtime.txt "requirements/$2.txt"
}

libtpu() {
    for wheel in "$2"/libtpu-2.16.0rc0-*.whl; do
        test -f "$wheel" || { echo "No libtpu-2.16.0rc0 wheel in $2: see docs/images.md." >&2; exit 1; }
        echo "$3  $wheel" | sha256sum --check --quiet \
            || { echo "$wheel is not the file of --build-arg LIBTPU_SHA256." >&2; exit 1; }
        VIRTUAL_ENV="$1" "$1.installer/bin/uv" pip install --quiet --no-deps --compile-bytecode "$wheel"
    done
}

project() {
    VIRTUAL_ENV="$1" "$1.installer/bin/uv" pip install --quiet --no-deps --no-build-isolation \
        --compile-bytecode .
}

step=$1
shift
"$step" "$@"
