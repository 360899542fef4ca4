# SPDX-License-Identifier: GPL-2.0-only
#
# awk -f wants.awk FIXTURE.c FINDINGS: each "want: rule: text" comment must be met by one
# finding of that rule on that line whose message holds text, and no other finding may be
# there. Prints what differs; the status tells whether anything did.

FNR == NR {
	rest = $0
	while (match(rest, /want: [a-z-]+: /)) {
		n++
		line[n] = FNR
		rule[n] = substr(rest, RSTART + 6, RLENGTH - 8)
		rest = substr(rest, RSTART + RLENGTH)
		text[n] = rest
		sub(/ *(\*\/|want: ).*/, "", text[n])
	}
	next
}

match($0, /:[0-9]+:([0-9]+:)? (error|warning|advice): /) {
	path = substr($0, 1, RSTART - 1)
	split(substr($0, RSTART + 1), number, ":")
	message = substr($0, RSTART + RLENGTH)
	if (!match(message, /\[[a-z-]+\]$/))
		next
	id = substr(message, RSTART + 1, RLENGTH - 2)
	for (i = 1; i <= n; i++)
		if (!met[i] && line[i] == number[1] && rule[i] == id && index(message, text[i]) && path ~ /\.c$/)
			break
	if (i <= n)
		met[i] = 1
	else
		unexpected[++u] = $0
}

END {
	for (i = 1; i <= n; i++)
		if (!met[i]) {
			printf "missing:    line %d: %s: %s\n", line[i], rule[i], text[i]
			bad = 1
		}
	for (i = 1; i <= u; i++) {
		printf "unexpected: %s\n", unexpected[i]
		bad = 1
	}
	exit bad
}
