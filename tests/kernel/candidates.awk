# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v kind=KIND -f candidates.awk FILE.c...: the places where a mutant of that kind can be made, a line
# "FILE<tab>LINE<tab>FUNCTION" each; mutant.awk makes it.
#
#   unlock	an unlock in a block that returns right after it, in a function that unlocks elsewhere too
#   swap	two locks that are taken one after the other
#   guard	a lock that is held to the end of its scope
#   branch	a lock that is the first thing in a block under a condition

function flush(   i) {
	for (i = 1; i <= n; i++)
		if (kind != "unlock" || unlocks > 1)
			print FILENAME "\t" place[i] "\t" name
	n = unlocks = pending = 0
	last = ""
}

# 1: the line takes a lock, and does no more
function takes() {
	return /^\t+(mutex_lock|(raw_)?spin_lock(_bh|_irq|_irqsave)?|read_lock|write_lock|down_read|down_write)\(.*\);$/
}

FNR == 1 { inside = n = 0 }

/^[a-z_].*\(/ && !/;$/ {
	found = $0
	sub(/\(.*/, "", found)
	sub(/.*[ *]/, "", found)
}

/^\}/ { if (inside) flush(); inside = 0 }
/^\{/ { inside = 1; name = found; n = 0; flush() }
!inside { next }

kind == "unlock" && pending && /^\t\t+return/ { place[++n] = pending; pending = 0 }
kind == "unlock" && pending && (/\}/ || FNR > pending + 3) { pending = 0 }
kind == "unlock" && /^\t+(mutex_unlock|(raw_)?spin_unlock(_bh|_irq|_irqrestore)?|read_unlock|write_unlock|up_read|up_write)\(.*\);$/ {
	unlocks++
	pending = /^\t\t/ ? FNR : 0
}
kind == "guard" && /^\t+guard\(.*\);$/ { place[++n] = FNR }
kind == "swap" && takes() && last_takes && $0 != last { place[++n] = FNR - 1 }
kind == "branch" && takes() && last ~ /^\t+if \(.*\{$/ { place[++n] = FNR }
{ last_takes = takes(); last = $0 }
