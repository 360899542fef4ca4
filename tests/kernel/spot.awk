# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v fn=NAME -v n=N -v what=REGEX [-v with=TEXT] -f spot.awk FILE.c: FILE.c with the
# N-th line of function NAME that matches REGEX changed: what matches becomes TEXT, or, with
# no TEXT, the line becomes an empty statement. Fails if there is no such line.

/^[a-z_].*\(/ && !/;$/ {
	name = $0
	sub(/\(.*/, "", name)
	sub(/.*[ *]/, "", name)
}

/^\{/ { inside = name == fn }
/^\}/ { inside = 0 }

inside && $0 ~ what && ++seen == n {
	if (with != "")
		sub(what, with)
	else
		sub(/[^ \t].*/, ";")
	done = 1
}

{ print }

END {
	if (!done) {
		printf "%s() has no line %d with %s\n", fn, n, what >"/dev/stderr"
		exit 1
	}
}
