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

__albatrossctl_files() {
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

# The value of an option of a verb, for the unikernel of that name; fails when it takes none, or only
# behind a "=".
__albatrossctl_value() { # OPTION VERB NAME
    case $1 in
    --json) __albatrossctl_offer 'pretty short off' ;;
    -o | --output) __albatrossctl_offer 'short short-iso cat json' ;;
    -n | --lines | --iterations)
        if [ "$2" = top ]; then
            __albatrossctl_offer '1 10'
        else
            __albatrossctl_offer 'all 10 100'
        fi
        ;;
    --since | --until) __albatrossctl_offer 'now today yesterday -5min -1h' ;;
    -p | --path) __albatrossctl_offer "$(__albatrossctl_paths)" ;;
    -P | --property) __albatrossctl_offer "$(__albatrossctl_fields "$3")" ;;
    -H | --host) mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur") ;;
    -M | --machine)
        __albatrossctl_offer "$(machinectl list --no-legend --no-pager 2>/dev/null | cut -d' ' -f1)"
        ;;
    --block-dir) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    --owner) mapfile -t COMPREPLY < <(compgen -A user -- "$cur"; compgen -P @ -A group -- "${cur#@}") ;;
    --sort) __albatrossctl_offer 'name cpu memory received sent read written' ;;
    -d | --delay) __albatrossctl_offer '500ms 1s 5s 1min' ;;
    --memory | --cpus | --net | --block | --startup | --unikernels | --bridges) COMPREPLY=() ;;
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
    2:write | 2:read | 3:create) __albatrossctl_files ;;
    esac
}

# The argument of the verb: $2 says how many there are before it.
__albatrossctl_argument() {
    case $1 in
    '') __albatrossctl_offer "$(__albatrossctl_verbs)" ;;
    start | stop | restart | stats) __albatrossctl_offer "$(__albatrossctl_names) $(__albatrossctl_paths)" ;;
    status | destroy | console | logs) __albatrossctl_offer "$(__albatrossctl_names)" ;;
    block) __albatrossctl_block_argument "$2" ;;
    *)
        case $2:$1 in
        0:list) __albatrossctl_offer "$(__albatrossctl_paths)" ;;
        0:monitor | 0:top) __albatrossctl_offer "$(__albatrossctl_names) $(__albatrossctl_paths)" ;;
        0:show | 0:update | 0:set | 0:rollback | 0:get-image) __albatrossctl_offer "$(__albatrossctl_names)" ;;
        0:inspect | 0:import-state | 1:create | 1:update | 1:get-image) __albatrossctl_files ;;
        0:policy) __albatrossctl_offer 'list set remove' ;;
        1:policy) __albatrossctl_offer "$(__albatrossctl_policies) $(__albatrossctl_paths)" ;;
        esac
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
        case $prev in
        --restart) __albatrossctl_offer 'no all' ;;
        *) __albatrossctl_value "$prev" "$verb" "$name" ;;
        esac
    elif __albatrossctl_value "$prev" "$verb" "$name"; then
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
