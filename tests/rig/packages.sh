# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# Installs what tests/rig/packages lists, where it is missing. Sourced by tools/check and tools/demo.

# packages_need GROUP...: all packages of these groups are installed afterwards, or it fails.
packages_need() {
    local list group installed missing=() root=()
    list=$(dirname "${BASH_SOURCE[0]}")/packages
    installed=" $(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' | sed -n 's/^ii *//p' | tr '\n' ' ')"
    for group; do
        while read -r package; do
            [[ $installed == *" $package "* ]] || missing+=("$package")
        done < <(sed -n "s/^$group //p" "$list")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    echo "Installing: ${missing[*]}"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || {
            echo "These have to be installed by root: apt-get install ${missing[*]}" >&2
            return 1
        }
        root=(sudo --)
    fi
    # A fresh machine has no lists, an old one may have lists of what is not there any more.
    if [ -z "$(apt-cache policy "${missing[0]}" 2>/dev/null | sed -n 's/^ *Candidate: [^(]*//p')" ] ||
        ! packages_install "${missing[@]}"; then
        "${root[@]}" apt-get -qq update && packages_install "${missing[@]}"
    fi
}

# packages_unpack DIRECTORY: what is in the packages of the group "unpack" is there afterwards.
packages_unpack() {
    local directory=$1 list package log
    list=$(realpath "$(dirname "${BASH_SOURCE[0]}")")/packages
    mkdir -p "$directory"
    log=$directory/log
    while read -r package; do
        [ ! -e "$directory/$package.unpacked" ] || continue
        echo "Unpacking: $package"
        (cd "$directory" && rm -f "$package"_*.deb && apt-get -qq download "$package" &&
            dpkg-deb -x "$package"_*.deb . && rm "$package"_*.deb && touch "$package.unpacked") >"$log" 2>&1 || {
            cat "$log" >&2
            return 1
        }
    done < <(sed -n 's/^unpack //p' "$list")
}

# What the packages' scripts have to say matters only when it goes wrong.
packages_install() {
    local log
    log=$(mktemp)
    if "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 \
        install --no-install-recommends --yes "$@" >"$log" 2>&1 </dev/null; then
        rm "$log"
    else
        cat "$log" >&2
        rm "$log"
        return 1
    fi
}
