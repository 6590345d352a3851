#!/bin/sh
# Makes .venv and installs exactly what requirements.txt names, then Airmend itself.
# `make` calls it, as `scripts/install.sh uv` (only what makes the lock) or without a word
# (everything). It writes below the checkout alone, needs no root, and says one line when it fails.
set -eu
cd "$(dirname "$0")/.."

log=.airmend/logs/install.log
(umask 077 && mkdir -p .airmend)  # it will hold secrets and what alerts say
mkdir -p .airmend/logs
PIP_CACHE_DIR=$PWD/.airmend/cache/pip
UV_CACHE_DIR=$PWD/.airmend/cache/uv
PIP_DISABLE_PIP_VERSION_CHECK=1
UV_PYTHON_DOWNLOADS=never
export PIP_CACHE_DIR UV_CACHE_DIR PIP_DISABLE_PIP_VERSION_CHECK UV_PYTHON_DOWNLOADS

fail() {
    echo "airmend: $1" >&2
    exit 1
}

# Airflow 3.3 and ansible-core 2.19 share Python 3.11 to 3.13.
is_supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
}

has_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

# Sets `python` to the interpreter that the environment is made with.
choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" >/dev/null || fail "PYTHON=$PYTHON is not a program; name a Python 3.11, 3.12 or 3.13."
        is_supported "$PYTHON" ||
            fail "PYTHON=$PYTHON is $("$PYTHON" --version 2>&1); Airmend needs Python 3.11, 3.12 or 3.13."
        candidates=$PYTHON
    else
        candidates="python3.12 python3.11 python3.13 python3"
    fi
    without_venv=
    for python in $candidates; do
        is_supported "$python" || continue
        has_venv "$python" && return
        without_venv=$python
    done
    [ -z "$without_venv" ] ||
        fail "$without_venv cannot make environments; install its venv module (Debian, Ubuntu: apt install python3-venv)."
    fail "no Python 3.11, 3.12 or 3.13 found; install one, or name it: make PYTHON=/path/to/python3.12"
}

make_environment() {
    if ! is_supported .venv/bin/python; then
        choose_python
        "$python" -m venv --clear .venv >>"$log" 2>&1 || fail "the environment .venv could not be made; see $log"
    fi
}

# uv installs the lock in seconds where pip needs a minute or more. It reads no pip.conf, so
# where only pip knows the package index, pip does the work. Both compile what they install: Airflow
# takes twice as long to import where its bytecode is missing and must not be written.
install_uv() {
    pinned=$(grep -E '^uv==' requirements.txt | cut -d' ' -f1)
    .venv/bin/python -m pip install --quiet "$pinned" >>"$log" 2>&1
}

install_packages() {
    if install_uv && .venv/bin/uv pip install --compile-bytecode --python .venv/bin/python "$@" >>"$log" 2>&1; then
        return
    fi
    echo "uv could not install; pip does it, which takes longer" | tee -a "$log"
    .venv/bin/python -m pip install --progress-bar off "$@" >>"$log" 2>&1 ||
        fail "the installation failed: $(grep -iE 'error|timed out|no space' "$log" | tail -1); see $log"
}

: >"$log"
make_environment
if [ "${1:-}" = uv ]; then
    install_uv || fail "uv could not be installed: $(tail -1 "$log"); see $log"
    exit
fi
echo "Installing the lock into .venv (log: $log)"
install_packages -r requirements.txt
# The build backend is in the lock: nothing more is fetched, and the code stays where it is.
install_packages --no-deps --no-build-isolation --editable .
touch .venv/.installed
