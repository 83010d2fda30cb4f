# Shared by deploy/up and deploy/test: a Python that is new enough, and .venv with exactly what a lock names.
# Expects $here, the clone. POSIX sh and coreutils; no git, curl or compiler.

# Not in the lock: which build of it is right depends on the machine, and pip takes the one that its index has for it.
torch=2.13.0

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# The first Python that is new enough. VOCALVERSE_PYTHON decides alone where it is set.
find_python() {
    too_old=
    if [ -n "${VOCALVERSE_PYTHON:-}" ]; then
        set -- "$VOCALVERSE_PYTHON"
    else
        set -- python3 python3.14 python3.13 python3.12 python3.11 python
    fi
    for candidate; do
        version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            python=$candidate
            return
        fi
        too_old="$too_old $candidate is $version;"
    done
    if [ -n "$too_old" ]; then
        fail "Python 3.11 or newer is needed, but$too_old install a newer one, or name it in VOCALVERSE_PYTHON."
    fi
    fail "No Python was found${VOCALVERSE_PYTHON:+ at $VOCALVERSE_PYTHON}: install Python 3.11 or newer," \
        "or name it in VOCALVERSE_PYTHON."
}

# What .venv has to match: the lock, torch, how the project is packed, and where it lies.
fingerprint() { printf '%s %s %s' "$(cat "$here/deploy/$1" "$here/pyproject.toml" | cksum)" "$torch" "$here"; }

is_installed() { [ "$(cat "$here/.venv/.$1" 2>/dev/null)" = "$(fingerprint "$1")" ] && "$here/.venv/bin/python" -c ''; }

# install LOCK: nothing at all where .venv matches already, so that no network is needed.
install() {
    if is_installed "$1"; then return; fi
    began=$(date +%s)
    make_venv
    say "Installing what deploy/$1 names into .venv …"
    pip_install "$1" --no-deps --require-hashes -r "$here/deploy/$1"
    install_torch "$1"
    # Our own package last: its build backend has just been installed, so nothing more is downloaded.
    pip_install "$1" --no-deps --no-build-isolation -e .
    fingerprint "$1" >"$here/.venv/.$1" || fail "$here/.venv cannot be written to: make room on that disk."
    say "Installed in $(($(date +%s) - began)) s."
}

# After the lock, which names what torch needs of others: so only torch itself is still to come, and CUDA's libraries.
install_torch() {
    has_torch && return
    say "Installing torch $torch, the largest of all …"
    pip_install "$1" "torch==$torch"
}

has_torch() {
    "$here/.venv/bin/python" -c 'import sys; from importlib.metadata import version
sys.exit(version("torch").partition("+")[0] != sys.argv[1])' "$torch" 2>/dev/null
}

make_venv() {
    [ -w "$here" ] || fail "You may not write to $here: run this as its owner, or clone into a folder of your own."
    if "$here/.venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then return; fi
    find_python
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$("$python" -V) has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv) and try again."
    say "Making .venv with $("$python" -V) …"
    said=$("$python" -m venv --clear "$here/.venv" 2>&1) || explain "$said" "A virtual environment could not be made"
}

# pip_install LOCK ARGUMENT...: quiet, but for one line that gets on.
pip_install() {
    total=$(grep -c '^[a-z]' "$here/deploy/$1")
    shift
    said=$(
        cd "$here"
        {
            PYTHONUNBUFFERED=1 .venv/bin/python -m pip install --disable-pip-version-check --no-input \
                --progress-bar off "$@" 2>&1 || echo "pip failed"
        } | follow "$total"
    )
    case $said in *"pip failed"*) explain "$said" "The packages could not be installed" ;; esac
}

follow() {
    count=0
    while IFS= read -r line; do
        case $line in
        Collecting* | 'Requirement already satisfied'*)
            count=$((count + 1))
            progress "$count of $1 packages"
            ;;
        'Installing collected'*) progress "unpacking" ;;
        *ERROR* | *rror:* | *'DO NOT MATCH'* | *rrno* | 'pip failed') printf '%s\n' "$line" ;;
        esac
    done
    progress ""
}

progress() { if [ -t 2 ]; then printf '\r\033[K%s' "${1:+  $1}" >&2; fi; }

# explain OUTPUT WHAT: one sentence that tells what to do.
explain() {
    free_kb=$(df -Pk "$here" | awk 'NR == 2 { print $4 }')
    if [ "${free_kb:-0}" -lt 10240 ]; then set -- "No space left" "$2"; fi
    case $1 in
    *'No space left'* | *'Disk quota'*)
        fail "The disk with $here is full: make room there (about 2 GB in all, and" \
            "several more where pip's index gives torch with CUDA) and try again."
        ;;
    *'Permission denied'* | *'Read-only file system'*)
        fail "$here/.venv may not be written to: run this as its owner, or clone into a folder of your own."
        ;;
    *'DO NOT MATCH'*)
        fail "A package that was downloaded is not the one in the lock, so nothing of it was installed: check your" \
            "package index and try again."
        ;;
    *'No matching distribution'* | *onnection* | *'imed out'* | *'name resolution'* | *'SSL'* | *'HTTP error'*)
        fail "The packages could not be downloaded: connect this machine to the network (or set PIP_INDEX_URL to an" \
            "index that it reaches) and try again."
        ;;
    esac
    printf '%s\n' "$1" | grep -v '^pip failed' | tail -5 >&2
    fail "$2: pip's own words are above. Once that is mended, try again."
}
