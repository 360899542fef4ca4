# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v seed=N -f random.awk FILE FILE: FILE with one change that N decides: lines pushed down, an unlock or a put
# dropped, a return value changed, a condition turned, a macro added. The file is read twice: to count, to change.

BEGIN {
	kinds = split("(unlock|put)[a-z_]*\\(.*;$~return 0;~^\tif \\(~^#include ", kind, "~")
	pick = seed % (kinds + 1) + 1
	at = int(seed / 5)
}

FNR == NR {
	if (pick <= kinds && $0 ~ kind[pick])
		total++
	next
}

FNR == 1 && (pick > kinds || !total) { print ""; print "/* pushed down */"; print "#define PUSHED_" seed " " seed }

pick <= kinds && $0 ~ kind[pick] && seen++ == at % (total ? total : 1) {
	if (kind[pick] ~ /unlock/)
		sub(/[^ \t].*/, ";")
	else if (kind[pick] ~ /return/)
		sub(/return 0;/, "return 1;")
	else if (kind[pick] ~ /if/)
		sub(/if \(!?/, "if (!")
	else
		print "#define ADDED_" seed " " seed
}

{ print }
