# SPDX-License-Identifier: ISC
#
# fish completion for albatrossctl(1). tests/lint/check-help.sh holds it against --help.

set -l verbs list status show inspect create update set rollback start stop restart destroy console logs monitor top stats get-image policy block import-state cat-config

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

function __albatrossctl_fields
    set -l words (commandline -opc)
    for word in $words[3..]
        string match -q -- '-*' $word
        and continue
        albatrossctl show $word --no-ask-password 2>/dev/null | string replace -r '=.*' ''
        return
    end
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
set -l none "not __fish_seen_subcommand_from $verbs"
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
complete -c albatrossctl -n '__fish_seen_subcommand_from status show update rollback destroy console logs get-image' -a '(__albatrossctl_names)'
complete -c albatrossctl -n '__fish_seen_subcommand_from set; and not __fish_seen_subcommand_from policy' -a '(__albatrossctl_names)'
complete -c albatrossctl -n '__fish_seen_subcommand_from start stop restart monitor top stats' -a '(__albatrossctl_names; __albatrossctl_paths)'
complete -c albatrossctl -n '__fish_seen_subcommand_from list' -a '(__albatrossctl_paths)'
complete -c albatrossctl -n '__fish_seen_subcommand_from block; and not __fish_seen_subcommand_from list create write read remove' -a 'list create write read remove'
complete -c albatrossctl -n '__fish_seen_subcommand_from block; and __fish_seen_subcommand_from write read remove' -a '(__albatrossctl_blocks)'
complete -c albatrossctl -n '__fish_seen_subcommand_from inspect create get-image policy block import-state' -F
complete -c albatrossctl -n '__fish_seen_subcommand_from policy; and not __fish_seen_subcommand_from list set remove' -a 'list set remove'
complete -c albatrossctl -n '__fish_seen_subcommand_from policy; and __fish_seen_subcommand_from list set remove' -a '(__albatrossctl_policies)'

# Their options.
complete -c albatrossctl -n '__fish_seen_subcommand_from update' -l wait-running -d 'Go back when it ends within that time'
complete -c albatrossctl -n '__fish_seen_subcommand_from set' -l now -d 'Restart it when it is to run'
complete -c albatrossctl -n '__fish_seen_subcommand_from create' -l force -d 'Update it when it is there already'
complete -c albatrossctl -n '__fish_seen_subcommand_from update set rollback' -a '(__albatrossctl_names)'
complete -c albatrossctl -n '__fish_seen_subcommand_from create update set' -l memory -x -d 'Memory of the guest'
complete -c albatrossctl -n '__fish_seen_subcommand_from create update set' -l startup -x -d 'Priority of its start at boot'
complete -c albatrossctl -n '__fish_seen_subcommand_from create update set' -l restart -a 'no all' -d 'Start it again when it ends by itself'
complete -c albatrossctl -n '__fish_seen_subcommand_from create update set' -l cpus -x -d 'CPUs it may use'
complete -c albatrossctl -n '__fish_seen_subcommand_from create update set' -l net -x -d 'A network'
complete -c albatrossctl -n '__fish_seen_subcommand_from create update set' -l block -x -d 'A block device'
complete -c albatrossctl -n '__fish_seen_subcommand_from create update set' -l name -d 'Give the guest its name'
complete -c albatrossctl -n '__fish_seen_subcommand_from create update set' -l no-name -d 'Do not give the guest its name'
complete -c albatrossctl -n '__fish_seen_subcommand_from create import-state' -l no-start -d 'Only create it'
complete -c albatrossctl -n '__fish_seen_subcommand_from create' -l console -d 'Follow its output and exit with its status'
complete -c albatrossctl -n '__fish_seen_subcommand_from start stop restart' -l all -d 'All there are, or all below the path'
complete -c albatrossctl -n '__fish_seen_subcommand_from stats' -l influx -d 'Print InfluxDB line protocol'
complete -c albatrossctl -n '__fish_seen_subcommand_from destroy' -l blocks -d 'Remove their block devices, too'
complete -c albatrossctl -n '__fish_seen_subcommand_from stop' -l runtime -d 'Only until the next boot'
complete -c albatrossctl -n '__fish_seen_subcommand_from show' -s P -l property -x -a '(__albatrossctl_fields)' -d 'This field only'
complete -c albatrossctl -n '__fish_seen_subcommand_from top' -s d -l delay -x -a '500ms 1s 5s 1min' -d 'How long from one look to the next'
complete -c albatrossctl -n '__fish_seen_subcommand_from top' -s n -l iterations -x -d 'End after so many'
complete -c albatrossctl -n '__fish_seen_subcommand_from top' -l sort -x -a 'name cpu memory received sent read written' -d 'What comes first'
complete -c albatrossctl -n '__fish_seen_subcommand_from top' -l reverse -d 'The least first'
complete -c albatrossctl -n '__fish_seen_subcommand_from top' -l paths -d 'What is below each path together'
complete -c albatrossctl -n '__fish_seen_subcommand_from console logs' -s f -l follow -d 'Go on with new lines'
complete -c albatrossctl -n '__fish_seen_subcommand_from console logs' -s n -l lines -x -d 'Only the last lines'
complete -c albatrossctl -n '__fish_seen_subcommand_from console logs' -s o -l output -x -a 'short short-iso cat json' -d 'How lines are shown'
complete -c albatrossctl -n '__fish_seen_subcommand_from console logs' -l since -x -d 'Lines from then on'
complete -c albatrossctl -n '__fish_seen_subcommand_from console logs' -l until -x -d 'Lines up to then'
complete -c albatrossctl -n '__fish_seen_subcommand_from console logs' -l raw -d 'Bytes as the guest wrote them'
complete -c albatrossctl -n '__fish_seen_subcommand_from get-image' -l force -d 'Replace the file when it exists'
complete -c albatrossctl -n '__fish_seen_subcommand_from block' -l compress -d 'Pack what is read'
complete -c albatrossctl -n '__fish_seen_subcommand_from block' -l plain -d 'Take what is written as it is'
complete -c albatrossctl -n '__fish_seen_subcommand_from block' -l force -d 'Replace the file when it exists'
complete -c albatrossctl -n '__fish_seen_subcommand_from import-state' -l block-dir -x -a '(__fish_complete_directories)' -d 'Also its block devices'
complete -c albatrossctl -n '__fish_seen_subcommand_from policy' -l unikernels -x -d 'How many there may be'
complete -c albatrossctl -n '__fish_seen_subcommand_from policy' -l memory -x -d 'Memory of those that run, together'
complete -c albatrossctl -n '__fish_seen_subcommand_from policy' -l cpus -x -d 'CPUs they may use'
complete -c albatrossctl -n '__fish_seen_subcommand_from policy' -l block -x -d 'Size of all block devices together'
complete -c albatrossctl -n '__fish_seen_subcommand_from policy' -l bridges -x -d 'Bridges that they may use'
complete -c albatrossctl -n '__fish_seen_subcommand_from policy' -l owner -x -a '(__fish_complete_users)' -d 'Who may do everything below the path'
complete -c albatrossctl -n '__fish_seen_subcommand_from policy' -l recursive -d 'With the policies below'
