#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What each verb prints with --json is what albatrossctl.schema.json says, in every state.
# timeout: 120
. "$(dirname "$0")/lib.sh"
schema=/usr/share/doc/albatross/albatrossctl.schema.json
guests=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/guests
python=/usr/bin/python3
"$python" -c 'import jsonschema' 2>/dev/null || skip 'python3-jsonschema is missing'

# Reads one value, or one a line, each of which has to be what is described below that name.
cat >"$test_output.py" <<'EOF'
import json, sys
import jsonschema
with open(sys.argv[1]) as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator({**schema, "$ref": "#/$defs/" + sys.argv[2]})
n = 0
text = sys.stdin.read()
decoder = json.JSONDecoder()
while text.strip():
    value, end = decoder.raw_decode(text.lstrip())
    text = text.lstrip()[end:]
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
    if errors:
        sys.exit("\n".join(errors))
    n += 1
if n == 0:
    sys.exit("nothing was printed")
print(n)
EOF
is_a() { # NAME: what comes in
    "$python" "$test_output.py" "$schema" "$1"
}
valid() { # SENTENCE NAME COMMAND...
    local sentence=$1 name=$2
    shift 2
    "$@" 2>/dev/null >"$test_output.json"
    check "$sentence" is_a_file "$name"
}
is_a_file() {
    is_a "$1" <"$test_output.json" || { head -c 2000 "$test_output.json"; return 1; }
}
json() {
    albatrossctl --json=short "$@"
}

ip link add json0 type bridge && ip link set json0 up
albatrossctl --json=short monitor >"$test_output.events" &
monitor=$!
# It listens when it has heard of something.
listens() { albatrossctl -q policy set listens --unikernels=1 --memory=$((20 + RANDOM % 1000)) --cpus=0; [ -s "$test_output.events" ]; }
check 'a monitor listens' wait_for 10 listens
albatrossctl -q policy remove listens
albatrossctl policy set j --owner=alice --unikernels=9 --memory=100 --cpus=0 --block=8 --bridges=json0 >/dev/null
albatrossctl -q block create j:data 4
albatrossctl -q create --memory=2 j:net "$guests/echo.spt" --net=service:json0 -- --ip=10.1.2.3
albatrossctl -q create --memory=2 j:disk "$guests/disk.spt" --block=storage:data
albatrossctl -q create --memory=2 j:stays "$HELLO" -- --sleep=600
albatrossctl -q create --memory=2 j:bad "$HELLO" -- --exit=1
albatrossctl -q create --memory=2 --restart=3,7 j:again "$HELLO" -- --exit=7
albatrossctl -q create --memory=2 --no-start j:off "$HELLO"
wait_for 10 eval '[ "$(albatrossctl show j:again -P Restarts)" -ge 2 ]'

valid 'list' list json list
valid 'list of nothing' list json list nothing
valid 'status of all of them' status json status j:net j:disk j:stays j:bad j:again j:off
check '  with statistics of what runs' grep -q '"Statistics":{"Timestamp":' "$test_output.json"
valid 'status as somebody else' status as bob albatrossctl --json=short status j:net j:stays
valid 'status of the host' status-host json status
check '  with the root policy' grep -q '"Policy":{"Path":""' "$test_output.json"
valid 'status of the host as somebody else' status-host as bob albatrossctl --json=short status
for name in net disk stays bad again off; do
    valid "show of $name" show json show "j:$name"
done
valid 'show, pretty' show albatrossctl --json=pretty show j:net
valid 'show as somebody else' show as bob albatrossctl --json=short show j:net
valid 'inspect of an image' inspect json inspect "$guests/echo.spt"
valid 'policy list' policy-list json policy list
valid 'block list' block-list json block list
valid 'cat-config' cat-config json cat-config
valid 'stats' stats json stats
check '  of those that run' grep -q '"Name":"j:stays"' "$test_output.json"
valid 'top' top json top -d 100ms
valid 'top, by paths, twice' top json top --paths -n 2 -d 100ms
valid 'import-state' import-state json import-state --dry-run "$(dirname "$0")/../import-states/version-5.der"
valid 'console' console albatrossctl console -o json j:stays
valid 'console, as all others are asked' console albatrossctl console --json=short j:stays
equal '... unless they ask for something else' --sleep=600 "$(albatrossctl console -j -n 1 -o cat j:stays)"

albatrossctl -q set j:stays --memory=4 --now
albatrossctl -q destroy j:net j:disk j:stays j:bad j:again j:off
albatrossctl -q block remove j:data
albatrossctl -q policy remove j
wait_for 10 grep -q 'policy-removed.*"j"' "$test_output.events"
kill $monitor
wait $monitor
valid 'monitor' monitor cat "$test_output.events"
for kind in created started ended failed restarting changed destroyed stopped policy-changed \
    policy-removed block-created block-changed block-removed; do
    check "  $kind was among it" grep -q "\"Event\":\"$kind\"" "$test_output.events"
done

# That the schema refuses anything: a key more, one less, one of another type.
json list >"$test_output.json"
refuse 'a key that is not described is refused' 'Additional' eval \
    "echo '[{\"Colour\":1,\"Name\":\"a\",\"Type\":\"\",\"State\":\"\",\"StateChangeTimestamp\":1,\"Memory\":1,\"CPUs\":[],\"Restarts\":0}]' | is_a list"
refuse 'one that is missing is, too' "'Restarts' is a required" eval \
    "echo '[{\"Name\":\"a\",\"Type\":\"\",\"State\":\"\",\"StateChangeTimestamp\":1,\"Memory\":1,\"CPUs\":[]}]' | is_a list"
refuse 'and one of another type' 'is not of type' eval \
    "echo '[{\"Name\":1,\"Type\":\"\",\"State\":\"\",\"StateChangeTimestamp\":1,\"Memory\":1,\"CPUs\":[],\"Restarts\":0}]' | is_a list"
ip link del json0
rm -f "$test_output".*
