# What the scripts beside this file share: the virtual environment, and Debian's packages.
# To be sourced by bash.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv="$root/.venv"

say() { printf 'patchkit: %s\n' "$*" >&2; }

# What building systemd and running it in Docker takes, for need_packages.
build_packages=(
    cc:gcc meson:meson ninja:ninja-build gperf:gperf pkg-config:pkg-config ccache:ccache
    bwrap:bubblewrap libc6-dev libcap-dev libmount-dev libblkid-dev libcrypt-dev python3-jinja2
    /usr/bin/busybox:busybox-static setpriv:util-linux
)

# The first Python that is new enough.
find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11 or newer is needed and not on this machine"
    say "  on Debian 12 or Ubuntu 24.04 and newer: apt-get install python3 python3-venv"
    exit 6
}

# need_packages COMMAND:PACKAGE... installs what is not there, after saying so. A word without a
# colon is a package without a command; a word that starts with a slash is a file:package.
need_packages() {
    local word want probe package
    local missing=()
    for word in "$@"; do
        probe=${word%%:*} package=${word#*:}
        if [ "$probe" = "$package" ]; then
            dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' && continue
        elif [ "${probe#/}" != "$probe" ]; then
            [ -e "$probe" ] && continue
        else
            PATH="$PATH:/usr/sbin:/sbin" command -v "$probe" >/dev/null && continue
        fi
        missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    want="apt-get install --no-install-recommends ${missing[*]}"
    if ! command -v apt-get >/dev/null; then
        say "these packages (by their Debian names) are needed: ${missing[*]}"
        exit 6
    fi
    local sudo=()
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            say "please run as root, then try again: $want"
            exit 6
        fi
        sudo=(sudo)
    fi
    say "installing Debian packages: ${missing[*]}"
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 || true
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "${missing[@]}" >&2 || {
        say "could not install: ${missing[*]}"
        exit 6
    }
}

# need_venv EXTRAS makes .venv hold patchkit with the extras ("" or "[dev]"), once per change of
# pyproject.toml.
need_venv() {
    local extras=$1 python stamp
    python=$(find_python) || exit
    stamp="$venv/.made-from$extras"
    if [ -f "$stamp" ] && cmp -s "$stamp" "$root/pyproject.toml" && [ -x "$venv/bin/patchkit" ]; then
        return
    fi
    say "setting up $venv (nothing outside of it is changed)"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        need_packages python3-venv
    fi
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null || "$python" -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --editable "$root$extras" >&2 || {
        say "Python's packages could not be installed: is the network (or a package index) there?"
        exit 5
    }
    cp "$root/pyproject.toml" "$stamp"
}
