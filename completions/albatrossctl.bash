# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# bash completion for albatrossctl(1). tests/lint/check-help.sh holds the lists below against --help.

# The options of a verb, those of every verb without one; "=" where a value follows.
__albatrossctl_options() {
    case ${1-} in
    '')
        echo --host= --machine= --path= --json= -j --quiet --no-pager --no-legend \
            --no-ask-password --dry-run --help --version
        ;;
    create) echo --memory= --cpus= --net= --block= --restart= --startup= --name --no-name --no-start --force --console ;;
    update) echo --memory= --cpus= --net= --block= --restart= --startup= --wait-running= --name --no-name ;;
    set) echo --memory= --cpus= --net= --block= --restart= --startup= --now --name --no-name ;;
    start | restart) echo --all ;;
    stop) echo --all --runtime ;;
    destroy) echo --blocks ;;
    show) echo --property= ;;
    console | logs) echo --follow --lines= --output= --since= --until= --raw ;;
    top) echo --delay= --iterations= --sort= --reverse --paths ;;
    stats) echo --influx ;;
    get-image) echo --force ;;
    block) echo --compress --plain --force ;;
    import-state) echo --block-dir= --no-start ;;
    policy) echo --unikernels= --memory= --cpus= --block= --bridges= --owner= --recursive ;;
    esac
}

__albatrossctl_verbs() {
    echo list status show inspect create update set rollback start stop restart destroy console logs monitor top stats get-image policy block import-state cat-config
}

# Full names, as they are now, and nothing when the daemon can't be reached.
__albatrossctl_names() {
    albatrossctl list --quiet --no-pager --no-ask-password 2>/dev/null
}

# Paths with the ":" that makes them ones.
__albatrossctl_paths() {
    __albatrossctl_names | sed -n ':a; s/:[^:]*$//; T; s/$/:/p; s/:$//; ta' | sort -u
}

# Those whose policy the caller may see.
__albatrossctl_policies() {
    albatrossctl policy list --quiet --no-pager --no-ask-password 2>/dev/null | grep -v '^:'
}

__albatrossctl_fields() {
    albatrossctl show "$1" --no-pager --no-ask-password 2>/dev/null | sed -n 's/^\([A-Za-z]*\)=.*/\1/p'
}

# Words that fit what stands before the cursor.
__albatrossctl_offer() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# The value of the option before the cursor; fails when there is none.
__albatrossctl_value() {
    case $1 in
    --json) __albatrossctl_offer 'pretty short off' ;;
    -o | --output) __albatrossctl_offer 'short short-iso cat json' ;;
    -n | --lines) __albatrossctl_offer 'all 10 100' ;;
    --since | --until) __albatrossctl_offer 'now today yesterday -5min -1h' ;;
    -p | --path) __albatrossctl_offer "$(__albatrossctl_paths)" ;;
    -P | --property) __albatrossctl_offer "$(__albatrossctl_fields "$2")" ;;
    -H | --host) mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur") ;;
    -M | --machine)
        __albatrossctl_offer "$(machinectl list --no-legend --no-pager 2>/dev/null | cut -d' ' -f1)"
        ;;
    --block-dir) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    --owner) mapfile -t COMPREPLY < <(compgen -A user -- "$cur"; compgen -P @ -A group -- "${cur#@}") ;;
    --restart) __albatrossctl_offer 'no all' ;;
    --sort) __albatrossctl_offer 'name cpu memory received sent read written' ;;
    -d | --delay) __albatrossctl_offer '500ms 1s 5s 1min' ;;
    --iterations) __albatrossctl_offer '1 10' ;;
    --memory | --cpus | --net | --block | --startup | --wait-running | --unikernels | --bridges) COMPREPLY=() ;;
    *) return 1 ;;
    esac
}

__albatrossctl_blocks() {
    albatrossctl block list --quiet --no-pager --no-ask-password 2>/dev/null
}

# What is done with block devices, the name of one, then a file: $1 says how many there are before.
__albatrossctl_block_argument() {
    local action
    for action in "${words[@]:1}"; do
        case $action in list | create | write | read | remove) break ;; esac
    done
    case $1:$action in
    0:*) __albatrossctl_offer 'list create write read remove' ;;
    1:list) __albatrossctl_offer "$(__albatrossctl_paths)" ;;
    1:write | 1:read | 1:remove) __albatrossctl_offer "$(__albatrossctl_blocks)" ;;
    2:write | 2:read | 3:create) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    esac
}

# The argument of the verb: $2 says how many there are before it.
__albatrossctl_argument() {
    case $1 in
    '') __albatrossctl_offer "$(__albatrossctl_verbs)" ;;
    list) __albatrossctl_offer "$(__albatrossctl_paths)" ;;
    start | stop | restart | monitor | top | stats) __albatrossctl_offer "$(__albatrossctl_names) $(__albatrossctl_paths)" ;;
    status | show | set | rollback | destroy | console | logs) __albatrossctl_offer "$(__albatrossctl_names)" ;;
    inspect | import-state) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    create)
        [ "$2" -eq 0 ] || { compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); }
        ;;
    update)
        if [ "$2" -eq 0 ]; then
            __albatrossctl_offer "$(__albatrossctl_names)"
        else
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        fi
        ;;
    block) __albatrossctl_block_argument "$2" ;;
    policy)
        if [ "$2" -eq 0 ]; then
            __albatrossctl_offer 'list set remove'
        else
            __albatrossctl_offer "$(__albatrossctl_policies) $(__albatrossctl_paths)"
        fi
        ;;
    get-image)
        if [ "$2" -eq 0 ]; then
            __albatrossctl_offer "$(__albatrossctl_names)"
        else
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        fi
        ;;
    esac
}

_albatrossctl() {
    local cur prev words cword verb='' name='' i n=0

    # A name is one word, although it has a ":".
    _get_comp_words_by_ref -n := cur prev words cword || return

    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
        --) return ;;
        -[HMpPnod] | --host | --machine | --path | --json | --property | --lines | --output | \
            --since | --until | --memory | --cpus | --net | --block | --startup | --block-dir | \
            --unikernels | --bridges | --owner | --delay | --iterations | --sort)
            i=$((i + 1))
            ;;
        -*) ;;
        *)
            if [ -z "$verb" ]; then
                verb=${words[i]}
            else
                name=${name:-${words[i]}} n=$((n + 1))
            fi
            ;;
        esac
    done

    if [[ $cur == --*=* ]]; then
        prev=${cur%%=*} cur=${cur#*=}
        __albatrossctl_value "$prev" "$name"
    elif __albatrossctl_value "$prev" "$name"; then
        :
    elif [[ $cur == -* ]]; then
        __albatrossctl_offer "$(__albatrossctl_options) $(__albatrossctl_options "$verb")"
        [[ ${COMPREPLY-} != *= ]] || compopt -o nospace
    else
        __albatrossctl_argument "$verb" "$n"
    fi
    __ltrim_colon_completions "$cur"
}

complete -F _albatrossctl albatrossctl
