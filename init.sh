#!/usr/bin/env bash
# Set the project up and use it:
#   ./init.sh demo          build the backend of projects/conduit from its recordings
#   ./init.sh test [ARGS]   run the tests (ARGS go to pytest)
#   ./init.sh check         lint, types, layers and tests
# Needs bash, git and Python 3.11 or newer; everything else comes into .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

say() { printf '%s\n' "$*" >&2; }

newest_python() {
    local name
    for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "Python 3.11 or newer is not here. Install it (apt install python3.11, brew install python)."
    exit 5
}

fingerprint() { # of everything that decides what is installed
    .venv/bin/python - "$@" <<'PYTHON'
import hashlib, sys
digest = hashlib.sha256(" ".join(sys.argv[1:]).encode())
for name in ("uv.lock", "pyproject.toml"):
    digest.update(open(name, "rb").read())
print(digest.hexdigest())
PYTHON
}

set_up() { # ARGS go to `uv sync`
    if [ ! -x .venv/bin/python ]; then
        local python
        python="$(newest_python)"
        say "Setting up .venv with $("$python" --version)"
        "$python" -m venv .venv || {
            say "Python has no venv module. Install it (apt install python3-venv)."
            exit 5
        }
    fi
    local stamp=.venv/understudy.stamp wanted
    wanted="$(fingerprint "$@")"
    if [ -f "$stamp" ] && grep -qxF "$wanted" "$stamp"; then
        return
    fi
    local uv
    if ! uv="$(command -v uv)"; then
        uv="$PWD/.venv/bin/uv"
        if [ ! -x "$uv" ]; then
            .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip -q
            .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
        fi
    fi
    say "Installing what uv.lock names"
    UV_PROJECT_ENVIRONMENT="$PWD/.venv" "$uv" sync --quiet --frozen --inexact \
        --python .venv/bin/python "$@"
    printf '%s\n' "$wanted" >>"$stamp"
}

name_missing() { # NAME, HOW TO GET IT, WHAT IS LEFT OUT
    say "Missing: $1. Get it with: $2. Left out until then: $3"
}

sandbox_works() { # says why not
    .venv/bin/python - >&2 <<'PYTHON'
import sys
from security.sandbox import protection
found = protection()
if not found.works:
    sys.exit(f"Missing: a sandbox, for {found.reason}. {found.remedy}")
if found.kind != "bubblewrap":
    sys.exit(f"Missing: bubblewrap, which the tests of the sandbox need; {found.kind} works here.")
PYTHON
}

left_out() { # prints the markers of tests that cannot run here
    local markers=()
    if ! sandbox_works; then
        say "Left out until then: tests marked sandbox"
        markers+=(sandbox)
    fi
    if ! command -v chromium >/dev/null 2>&1 && ! command -v google-chrome >/dev/null 2>&1; then
        name_missing chromium "apt install chromium" "tests marked browser"
        markers+=(browser)
    fi
    if ! command -v Xvfb >/dev/null 2>&1; then
        name_missing Xvfb "apt install xvfb" "tests marked display"
        markers+=(display)
    fi
    local expression="" marker
    for marker in "${markers[@]+"${markers[@]}"}"; do
        expression="${expression:+$expression and }not $marker"
    done
    printf '%s' "$expression"
}

run_tests() {
    local without
    without="$(left_out)"
    if [ -n "$without" ] && [ -z "${CI:-}" ]; then
        .venv/bin/python -m pytest -m "$without" "$@"
    else
        .venv/bin/python -m pytest "$@"
    fi
}

case "${1:-}" in
demo)
    shift
    set_up --no-dev
    .venv/bin/understudy run projects/conduit --fresh "$@"
    ;;
test)
    shift
    set_up --all-extras --all-groups
    run_tests "$@"
    ;;
check)
    shift
    set_up --all-extras --all-groups
    .venv/bin/ruff check .
    .venv/bin/mypy
    .venv/bin/lint-imports
    run_tests -n auto --dist loadfile --ignore=tests/security/sandbox "$@"
    run_tests tests/security/sandbox "$@" # fork bombs want the machine for themselves
    ;;
*)
    sed -n '2,6s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
