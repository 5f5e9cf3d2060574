#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Every numbered message is explained in the catalog and used, none is explained that there is not,
# no number is there twice; what an explanation quotes is a field that somebody sets, and each field
# is in its manual page.
set -euo pipefail
cd "$(dirname "$0")/../.."

bad=0
say() {
    printf '%s\n' "$*"
    bad=1
}

mapfile -t numbers < <(sed -n 's/^#define MESSAGE_[A-Z_]* *"\([0-9a-f]\{32\}\)"$/\1/p' src/systemd/messages.h)
[ ${#numbers[@]} -gt 10 ] || say "only ${#numbers[@]} messages: is this the right folder?"
[ ${#numbers[@]} = "$(grep -c '^#define' src/systemd/messages.h)" ] || say 'messages.h: not every line is a number'
diff -u <(printf '%s\n' "${numbers[@]}" | sort) \
    <(sed -n 's/^-- \([0-9a-f]*\)$/\1/p' catalog/albatross.catalog | sort) || say '^ messages.h and the catalog differ'
[ -z "$(printf '%s\n' "${numbers[@]}" | sort | uniq -d)" ] || say 'a number is there twice'
while read -r name; do
    grep -rqw "$name" --include='*.c' src || say "$name is never sent"
done < <(sed -n 's/^#define \(MESSAGE_[A-Z_]*\).*/\1/p' src/systemd/messages.h)

mapfile -t fields < <(grep -rhoE '"(ALBATROSS|OBJECT_SYSTEMD)_[A-Z_]+"' --include='*.c' src | tr -d '"' | sort -u)
while read -r field; do
    [[ " ${fields[*]} " == *" $field "* ]] || say "catalog/albatross.catalog quotes $field, which nobody sets"
done < <(grep -oE '@[A-Z_]+@' catalog/albatross.catalog | tr -d @ | sort -u)
diff -u <(printf '%s\n' "${fields[@]}") \
    <(grep '^\*[AO]' man/albatross.journal-fields.7.scd | grep -oE '\*[A-Z_]+=\*' | tr -d '*=' | sort -u) ||
    say '^ the fields and man/albatross.journal-fields.7.scd differ'
echo "${#numbers[@]} messages, ${#fields[@]} fields"
exit $bad
