#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What the shells offer behind albatrossctl: verbs, options, and what there is right now.
# timeout: 120
. "$(dirname "$0")/lib.sh"

albatrossctl policy set comp --unikernels=4 --memory=100 --cpus=0 --block=8 >/dev/null
albatrossctl -q block create comp:data 1
albatrossctl -q create --no-start comp:web "$HELLO"
albatrossctl -q create --no-start comply "$HELLO"

# Each gets a line up to its cursor and prints what it offers, one a line, sorted.
offered_by_bash() {
    bash -c '
        source /usr/share/bash-completion/bash_completion
        source /usr/share/bash-completion/completions/albatrossctl
        COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9
        # As readline does it: a ":" and a "=" are words of their own.
        mapfile -t COMP_WORDS < <(grep -oE "[^ :=]+|[:=]+" <<<"$1")
        case $1 in *" ") COMP_WORDS+=("") ;; esac
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        compopt() { :; }
        _albatrossctl
        printf "%s\n" "${COMPREPLY[@]}"
    ' bash "$1" | sort -u
}
offered_by_fish() {
    HOME=$test_output.home fish -c "complete -C '$1'" | cut -f1 | sort -u
}
# A terminal, in which zsh shows all that there is below the line.
offered_by_zsh() {
    HOME=$test_output.home zsh -f -c '
        zmodload zsh/zpty
        zpty shell "TERM=dumb zsh -f -i"
        send() { zpty -w shell "$1" }
        send "PS1= PS2= RPS1=; unsetopt zle_bracketed_paste; fpath=(/usr/share/zsh/vendor-completions \$fpath)"
        send "autoload -U compinit && compinit -u -D; LISTMAX=10000; setopt list_rows_first; COLUMNS=500"
        send "zstyle \":completion:*\" list-separator \"\"; zstyle \":completion:*\" verbose no"
        send "bindkey \"^I\" list-choices; echo RE\"\"ADY"
        local line text=
        while zpty -r shell line; do [[ $line == *READY* ]] && break; done
        zpty -w -n shell "$1"$'"'\t'"'
        # It may take its time; behind what it shows comes nothing for a while.
        local -i quiet=0
        for i in {1..200}; do
            while zpty -r -t shell line; do text+=$line quiet=0; done
            [[ $#text -le $(($#1 + 20)) ]] || quiet+=1
            [[ $quiet -lt 10 ]] || break
            sleep 0.1
        done
        zpty -d shell
        print -r -- $text
    ' zsh "$1" | tr -s ' \r\t' '\n' | sort -u
}

try() { # SHELL
    local shell=$1
    offer() { # SENTENCE LINE EXPECTED...: all of these are offered
        local sentence=$1 line=$2 word
        shift 2
        "offered_by_$shell" "$line" >"$test_output"
        for word; do
            grep -qxF -e "$word" "$test_output" || { say_failure "$shell: $sentence" "\"$word\" is not offered behind \"$line\":"; return; }
        done
        say_result ok "$shell: $sentence"
    }
    spare() { # SENTENCE LINE WORD...: none of these is
        local sentence=$1 line=$2 word
        shift 2
        "offered_by_$shell" "$line" >"$test_output"
        for word; do
            ! grep -qxF -e "$word" -e "$word=" "$test_output" || { say_failure "$shell: $sentence" "\"$word\" is offered behind \"$line\":"; return; }
        done
        say_result ok "$shell: $sentence"
    }
    offer 'verbs' 'albatrossctl ' list status monitor top stats console policy block
    offer 'names' 'albatrossctl status ' comp:web comply
    offer 'names, to be watched, and paths' 'albatrossctl monitor ' comp:web comply comp:
    offer 'the same where costs are looked at' 'albatrossctl top ' comp:web comp:
    offer 'names, of a console' 'albatrossctl console ' comp:web comply
    offer 'names, to be changed' 'albatrossctl set ' comp:web comply
    offer 'names, to go back' 'albatrossctl rollback ' comp:web
    offer 'paths' 'albatrossctl list ' comp:
    offer 'what is done with policies' 'albatrossctl policy ' list set remove
    offer 'policies' 'albatrossctl policy set ' comp
    offer 'block devices' 'albatrossctl block write ' comp:data
    offer 'options' 'albatrossctl top --' --paths --reverse
    offer 'a file to create one from' 'albatrossctl create new ' image-here
    offer '  the same behind an option' 'albatrossctl -p comp create --memory=2 new ' image-here
    offer 'a file to update it with' 'albatrossctl update comp:web ' image-here
    spare 'where a name is meant no file' 'albatrossctl update ' image-here
    offer 'an option whose value can be left out has none behind it' 'albatrossctl update --wait-running ' comp:web
    offer '  nor has this one' 'albatrossctl set --restart ' comp:web comply
    offer 'paths, whose block devices to list' 'albatrossctl block list ' comp:
    spare '  but no block devices' 'albatrossctl block list ' comp:data
    spare 'no block devices for a new one' 'albatrossctl block create ' comp:data
    offer 'a file to write to a block device' 'albatrossctl block write comp:data ' image-here
    offer 'a file to begin one with' 'albatrossctl block create comp:more 1 ' image-here
    spare '  but none as its size' 'albatrossctl block create comp:more ' image-here
    spare 'neither names nor files for a policy' 'albatrossctl policy set ' comply image-here
    offer 'the options of a policy' 'albatrossctl policy set comp --' --recursive
    spare '  and none of set' 'albatrossctl policy set comp --' --startup --restart --now
    offer 'the options of a block device' 'albatrossctl block create comp:more 1 --' --plain
    spare '  and none of create' 'albatrossctl block create comp:more 1 --' --memory --startup --console
    spare 'no more lines of costs than all' 'albatrossctl top -n ' all
}

mkdir -p "$test_output.home" "$test_output.files"
touch "$test_output.files/image-here"
cd "$test_output.files" || exit
if [ -e /usr/share/bash-completion/bash_completion ]; then
    try bash
    equal 'bash: what fits the beginning, behind a ":" only the rest' web "$(offered_by_bash 'albatrossctl status comp:w')"
    equal 'bash: how many lines of a console' all "$(offered_by_bash 'albatrossctl console -n a')"
    equal 'bash: when it is started again' no "$(offered_by_bash 'albatrossctl set comp:web --restart=n')"
    equal 'bash: values of an option' 'cpu' "$(offered_by_bash 'albatrossctl top --sort=c')"
else
    say_result skip 'bash-completion is not installed'
fi
for shell in fish zsh; do
    if command -v $shell >/dev/null; then
        try $shell
    else
        say_result skip "$shell is not installed"
    fi
done

albatrossctl -q destroy comp:web comply
albatrossctl -q block remove comp:data
albatrossctl -q policy remove comp
cd / || exit
rm -rf "$test_output".*
