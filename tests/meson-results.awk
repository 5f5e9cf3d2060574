# SPDX-License-Identifier: ISC
#
# Reads meson's testlog.txt and prints a line for each test: for each sentence of a program that
# prints sentences (cmocka's TAP, or "ok" and "FAIL" as our scripts), else for the program. With
# -v only=unit or lint, those of that suite.

function finish() {
    if (name == "" || (only != "" && suite != only)) return
    label = suite ": " name
    if (result ~ /exit status 77/) {
        sub(/^.*SKIP: */, "", output)
        sub(/\n.*/, "", output)
        print "skip  " label ": " output
        return
    }
    good = result ~ /exit status 0/
    for (i = 1; i <= n; i++)
        if (verdict[i] == "FAIL") {
            print "FAIL  " label ": " sentence[i]
            failed++
        } else
            print "ok    " label ": " sentence[i]
    if (n == 0 && good) print "ok    " label
    if (!good && !failed) print "FAIL  " label ": ends well (" result ")"
    if (!good) {
        gsub(/\n/, "\n      | ", output)
        print "      | " output
    }
}

/^=+ +[0-9]+\/[0-9]+ =+$/ { name = ""; result = ""; output = ""; n = failed = 0; reading = 0; next }
/^test: / && !reading { sub(/^test: +/, ""); n_parts = split($0, part, " / "); name = part[n_parts]
                        suite = part[1]; sub(/^.*:/, "", suite); next }
/^result: / && !reading { sub(/^result: +/, ""); result = $0; next }
/^-+ std(out|err) -+$/ { reading = 1; next }
/^=+$/ && name != "" { finish(); name = ""; reading = 0; next }
reading {
    if (length(output) < 8000) output = output (output == "" ? "" : "\n") $0
    if (match($0, /^(not )?ok [0-9]+ - /)) {
        n++
        verdict[n] = /^not / ? "FAIL" : "ok"
        sentence[n] = substr($0, RLENGTH + 1)
        gsub(/_/, " ", sentence[n])
    } else if (match($0, /^(ok    |FAIL  )/)) {
        n++
        verdict[n] = /^FAIL/ ? "FAIL" : "ok"
        sentence[n] = substr($0, RLENGTH + 1)
    }
}
