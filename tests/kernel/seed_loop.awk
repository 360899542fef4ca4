# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v out=DIR -f seed_loop.awk FILE.c...: real loops over device nodes that are left early, without the put that goes
# before. DIR/FILE.c is FILE.c with all of them, one a function, and a line "FILE<tab>FUNCTION<tab>VARIABLE<tab>loop"
# is printed for each.

FNR == 1 { if (file) finish(); file = FILENAME; n = depth = 0 }
# Where the code may be left out of what is compiled nothing is put in.
/^#[ \t]*if/ { depth++ }
{ line[++n] = $0; conditional[n] = depth }
/^#[ \t]*endif/ { depth-- }
END { finish() }

function name_before(i,   s) {
	while (i > 0 && line[i] !~ /^\{/)
		i--
	start = i
	for (i--; i > 0 && !(line[i] ~ /^[a-zA-Z_].*\(/); i--)
		;
	s = line[i]
	sub(/\(.*/, "", s)
	sub(/.*[ *]/, "", s)
	return s
}

# The line in the loop at line i that puts its variable before it is left; sets var.
function find_put(i,   close_, k) {
	close_ = line[i]
	sub(/[^\t].*/, "", close_)
	for (k = i + 1; k < n && index(line[k], close_ "}") != 1; k++) {
		var = line[k]
		if (var !~ /^\t+of_node_put\([a-z_0-9]+\);$/ || line[k + 1] !~ /^\t+(return|goto|break)[ ;]/)
			continue
		sub(/.*\(/, "", var)
		sub(/\).*/, "", var)
		if (line[i] ~ ("[ (]" var "[,)]"))
			return k
	}
	return 0
}

function finish(   i, k, f, s, target, any) {
	split("", skip); split("", done)
	for (i = 2; i <= n; i++) {
		if (conditional[i] || line[i] !~ /^\t+for_each_[a-z_]*(of_node|node_by_[a-z]+|matching_node[a-z_]*|compatible_node)\(.*\) \{$/)
			continue
		k = find_put(i)
		f = name_before(i)
		if (!k || (start in done))
			continue
		skip[k] = done[start] = any = 1
		print file "\t" f "\t" var "\tloop"
	}
	if (!any)
		return
	target = out "/" file
	s = target
	sub(/\/[^\/]*$/, "", s)
	system("mkdir -p " s)
	printf "" >target
	for (i = 1; i <= n; i++)
		if (!skip[i])
			print line[i] >target
	close(target)
}
