# SPDX-License-Identifier: GPL-2.0-only
#
# awk -f functions.awk EDIT FILE.c: FILE.c with whole functions replaced. In EDIT a line
# "== NAME" begins what takes the place of function NAME, up to the next such line; lines
# starting with "#" before the first are comment. Fails if a function was not found.

FNR == NR {
	if ($1 == "==")
		new[name = $2] = ""
	else if (name != "")
		new[name] = new[name] $0 "\n"
	next
}

# Within a function that is replaced: drop up to its closing brace.
dropping {
	if (/^}/)
		dropping = 0
	next
}

# A definition starts at the first column; its type may be on the line above.
/^[a-z_].*\(/ && !/;$/ {
	found = $0
	sub(/\(.*/, "", found)
	sub(/.*[ *]/, "", found)
	if (found in new) {
		printf "%s", new[found]
		done[found] = dropping = 1
		held = ""
		next
	}
}

# Hold a line that may be the type of the definition on the next.
{
	printf "%s", held
	held = $0 "\n"
}

/^[^a-z]|^$|[;{}\/]$/ {
	printf "%s", held
	held = ""
}

END {
	printf "%s", held
	for (name in new)
		if (!done[name]) {
			printf "there is no function %s\n", name >"/dev/stderr"
			exit 1
		}
}
