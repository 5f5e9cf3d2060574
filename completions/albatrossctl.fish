# SPDX-License-Identifier: ISC
#
# fish completion for albatrossctl(1). tests/lint/check-help.sh holds it against --help.

function __albatrossctl_names
    albatrossctl list --quiet --no-pager --no-ask-password 2>/dev/null
end

function __albatrossctl_blocks
    albatrossctl block list --quiet --no-pager --no-ask-password 2>/dev/null
end

function __albatrossctl_paths
    for name in (__albatrossctl_names)
        while string match -q '*:*' -- $name
            set name (string replace -r ':[^:]*$' '' -- $name)
            echo $name:
        end
    end | sort -u
end

function __albatrossctl_policies
    albatrossctl policy list --quiet --no-pager --no-ask-password 2>/dev/null | string match -v ':'
    __albatrossctl_paths
end

# The verb and its arguments before the cursor: what is neither an option nor the value of one.
function __albatrossctl_words
    set -l is_value no
    for word in (commandline -opc)[2..]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case --
                return
            case -H -M -p -P -n -o -d --host --machine --path --json --memory --cpus --net --block \
                    --startup --property --lines --output --since --until --block-dir --unikernels \
                    --bridges --owner --delay --iterations --sort
                set is_value yes
            case '-*'
            case '*'
                echo $word
        end
    end
end

# Is the verb one of these?
function __albatrossctl_verb
    set -l words (__albatrossctl_words)
    contains -- "$words[1]" $argv
end

# Is it just this that stands before the cursor? "*" is any one word.
function __albatrossctl_behind
    set -l words (__albatrossctl_words)
    for pattern in $argv
        test (count $words) = (count (string split ' ' -- $pattern))
        and string match -q -- $pattern "$words"
        and return 0
    end
    return 1
end

function __albatrossctl_fields
    set -l words (__albatrossctl_words)
    albatrossctl show $words[2] --no-ask-password 2>/dev/null | string replace -r '=.*' ''
end

complete -c albatrossctl -f

# Of every verb.
complete -c albatrossctl -s H -l host -x -a '(__fish_complete_user_at_hosts)' -d 'Run there, through ssh'
complete -c albatrossctl -s M -l machine -x -d 'Talk to the albatrossd of a container'
complete -c albatrossctl -s p -l path -x -a '(__albatrossctl_paths)' -d 'Where names without a colon are'
complete -c albatrossctl -l json -x -a 'pretty short off' -d 'Print JSON'
complete -c albatrossctl -s j -d 'Print JSON'
complete -c albatrossctl -s q -l quiet -d 'Print less'
complete -c albatrossctl -l no-pager -d 'Do not pipe output into a pager'
complete -c albatrossctl -l no-legend -d 'No headers and footers, full names'
complete -c albatrossctl -l no-ask-password -d 'Do not ask for a password'
complete -c albatrossctl -l dry-run -d 'Say what would be done'
complete -c albatrossctl -s h -l help -d 'Show help'
complete -c albatrossctl -l version -d 'Show the version'

# The verbs.
set -l none '__albatrossctl_verb ""'
complete -c albatrossctl -n $none -a list -d 'List unikernels as a tree'
complete -c albatrossctl -n $none -a status -d 'Show how unikernels are, or the host'
complete -c albatrossctl -n $none -a show -d 'Show what is known of a unikernel'
complete -c albatrossctl -n $none -a inspect -d 'Show what an image is'
complete -c albatrossctl -n $none -a create -d 'Create a unikernel from an image, and start it'
complete -c albatrossctl -n $none -a update -d 'Give a unikernel another image, and restart it'
complete -c albatrossctl -n $none -a set -d 'Change the configuration of a unikernel'
complete -c albatrossctl -n $none -a rollback -d 'Make a unikernel what it was before'
complete -c albatrossctl -n $none -a start -d 'Start unikernels'
complete -c albatrossctl -n $none -a stop -d 'Stop unikernels'
complete -c albatrossctl -n $none -a restart -d 'Stop unikernels and start them again'
complete -c albatrossctl -n $none -a destroy -d 'Stop unikernels and forget them'
complete -c albatrossctl -n $none -a console -d 'Show what unikernels have printed'
complete -c albatrossctl -n $none -a logs -d 'Show what unikernels have printed'
complete -c albatrossctl -n $none -a monitor -d 'Show what happens, as it happens'
complete -c albatrossctl -n $none -a top -d 'Show what costs most'
complete -c albatrossctl -n $none -a stats -d 'Show what unikernels use of the host'
complete -c albatrossctl -n $none -a get-image -d 'Copy the image of a unikernel into a file'
complete -c albatrossctl -n $none -a block -d 'List, make, fill, copy and remove block devices'
complete -c albatrossctl -n $none -a import-state -d 'Take over what an albatross in OCaml has'
complete -c albatrossctl -n $none -a policy -d 'List, set and remove what may be used below a path'
complete -c albatrossctl -n $none -a cat-config -d 'Show the configuration files of albatrossd'

# Their arguments.
complete -c albatrossctl -n '__albatrossctl_verb status destroy console logs' -a '(__albatrossctl_names)'
complete -c albatrossctl -n '__albatrossctl_behind show update set rollback get-image' -a '(__albatrossctl_names)'
complete -c albatrossctl -n '__albatrossctl_verb start stop restart stats' -a '(__albatrossctl_names; __albatrossctl_paths)'
complete -c albatrossctl -n '__albatrossctl_behind monitor top' -a '(__albatrossctl_names; __albatrossctl_paths)'
complete -c albatrossctl -n '__albatrossctl_behind list "block list"' -a '(__albatrossctl_paths)'
complete -c albatrossctl -n '__albatrossctl_behind inspect import-state "create *" "update *" "get-image *"' -F
complete -c albatrossctl -n '__albatrossctl_behind block' -a 'list create write read remove'
complete -c albatrossctl -n '__albatrossctl_behind "block write" "block read" "block remove"' -a '(__albatrossctl_blocks)'
complete -c albatrossctl -n '__albatrossctl_behind "block write *" "block read *" "block create * *"' -F
complete -c albatrossctl -n '__albatrossctl_behind policy' -a 'list set remove'
complete -c albatrossctl -n '__albatrossctl_behind "policy list" "policy set" "policy remove"' -a '(__albatrossctl_policies)'

# Their options.
complete -c albatrossctl -n '__albatrossctl_verb update' -l wait-running -d 'Go back when it ends within that time'
complete -c albatrossctl -n '__albatrossctl_verb set' -l now -d 'Restart it when it is to run'
complete -c albatrossctl -n '__albatrossctl_verb create' -l force -d 'Update it when it is there already'
complete -c albatrossctl -n '__albatrossctl_verb create update set' -l memory -x -d 'Memory of the guest'
complete -c albatrossctl -n '__albatrossctl_verb create update set' -l startup -x -d 'Priority of its start at boot'
complete -c albatrossctl -n '__albatrossctl_verb create update set' -l restart -a 'no all' -d 'Start it again when it ends by itself'
complete -c albatrossctl -n '__albatrossctl_verb create update set' -l cpus -x -d 'CPUs it may use'
complete -c albatrossctl -n '__albatrossctl_verb create update set' -l net -x -d 'A network'
complete -c albatrossctl -n '__albatrossctl_verb create update set' -l block -x -d 'A block device'
complete -c albatrossctl -n '__albatrossctl_verb create update set' -l name -d 'Give the guest its name'
complete -c albatrossctl -n '__albatrossctl_verb create update set' -l no-name -d 'Do not give the guest its name'
complete -c albatrossctl -n '__albatrossctl_verb create import-state' -l no-start -d 'Only create it'
complete -c albatrossctl -n '__albatrossctl_verb create' -l console -d 'Follow its output and exit with its status'
complete -c albatrossctl -n '__albatrossctl_verb start stop restart' -l all -d 'All there are, or all below the path'
complete -c albatrossctl -n '__albatrossctl_verb stats' -l influx -d 'Print InfluxDB line protocol'
complete -c albatrossctl -n '__albatrossctl_verb destroy' -l blocks -d 'Remove their block devices, too'
complete -c albatrossctl -n '__albatrossctl_verb stop' -l runtime -d 'Only until the next boot'
complete -c albatrossctl -n '__albatrossctl_verb show' -s P -l property -x -a '(__albatrossctl_fields)' -d 'This field only'
complete -c albatrossctl -n '__albatrossctl_verb top' -s d -l delay -x -a '500ms 1s 5s 1min' -d 'How long from one look to the next'
complete -c albatrossctl -n '__albatrossctl_verb top' -s n -l iterations -x -d 'End after so many'
complete -c albatrossctl -n '__albatrossctl_verb top' -l sort -x -a 'name cpu memory received sent read written' -d 'What comes first'
complete -c albatrossctl -n '__albatrossctl_verb top' -l reverse -d 'The least first'
complete -c albatrossctl -n '__albatrossctl_verb top' -l paths -d 'What is below each path together'
complete -c albatrossctl -n '__albatrossctl_verb console logs' -s f -l follow -d 'Go on with new lines'
complete -c albatrossctl -n '__albatrossctl_verb console logs' -s n -l lines -x -d 'Only the last lines'
complete -c albatrossctl -n '__albatrossctl_verb console logs' -s o -l output -x -a 'short short-iso cat json' -d 'How lines are shown'
complete -c albatrossctl -n '__albatrossctl_verb console logs' -l since -x -d 'Lines from then on'
complete -c albatrossctl -n '__albatrossctl_verb console logs' -l until -x -d 'Lines up to then'
complete -c albatrossctl -n '__albatrossctl_verb console logs' -l raw -d 'Bytes as the guest wrote them'
complete -c albatrossctl -n '__albatrossctl_verb get-image' -l force -d 'Replace the file when it exists'
complete -c albatrossctl -n '__albatrossctl_verb block' -l compress -d 'Pack what is read'
complete -c albatrossctl -n '__albatrossctl_verb block' -l plain -d 'Take what is written as it is'
complete -c albatrossctl -n '__albatrossctl_verb block' -l force -d 'Replace the file when it exists'
complete -c albatrossctl -n '__albatrossctl_verb import-state' -l block-dir -x -a '(__fish_complete_directories)' -d 'Also its block devices'
complete -c albatrossctl -n '__albatrossctl_verb policy' -l unikernels -x -d 'How many there may be'
complete -c albatrossctl -n '__albatrossctl_verb policy' -l memory -x -d 'Memory of those that run, together'
complete -c albatrossctl -n '__albatrossctl_verb policy' -l cpus -x -d 'CPUs they may use'
complete -c albatrossctl -n '__albatrossctl_verb policy' -l block -x -d 'Size of all block devices together'
complete -c albatrossctl -n '__albatrossctl_verb policy' -l bridges -x -d 'Bridges that they may use'
complete -c albatrossctl -n '__albatrossctl_verb policy' -l owner -x -a '(__fish_complete_users)' -d 'Who may do everything below the path'
complete -c albatrossctl -n '__albatrossctl_verb policy' -l recursive -d 'With the policies below'
