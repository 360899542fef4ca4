# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v out=DIR -f seed_lock.awk FILE.c...: real lookups of the kernel, under a lock or in a read section, whose result is
# used once more after the unlock. DIR/FILE.c is FILE.c with all of them, and a line "FILE<tab>FUNCTION<tab>VARIABLE<tab>KIND"
# is printed for each. Only lookups are taken that are statements of their own, with one lock taken in the function
# before them, and of which the function keeps no reference or a reference that one statement gets. The kinds:
#
#   unlock	the result is used after the unlock
#   get	the same, and the statement that counted it is dropped

BEGIN {
	lookup = "(xa_load|idr_find|radix_tree_lookup|find_pid_ns|find_vpid|pid_task|find_task_by_pid_ns|find_task_by_vpid|" \
		"dev_get_by_index_rcu|dev_get_by_name_rcu|inetdev_by_index)"
}

FNR == 1 { if (file) finish(); file = FILENAME; n = depth = 0 }
# Where the code may be left out of what is compiled nothing is put in.
/^#[ \t]*if/ { depth++ }
{ line[++n] = $0; conditional[n] = depth }
/^#[ \t]*endif/ { depth-- }
END { finish() }

function indent(i,   s) {
	s = line[i]
	sub(/[^\t].*/, "", s)
	return length(s)
}

# The line with the brace that begins the function around line i.
function function_start(i) {
	while (i > 0 && line[i] !~ /^\{/)
		i--
	return i
}

function name_before(i,   s) {
	for (i--; i > 0 && !(line[i] ~ /^[a-zA-Z_].*\(/); i--)
		;
	s = line[i]
	sub(/\(.*/, "", s)
	sub(/.*[ *]/, "", s)
	head = i
	while (head > 1 && line[head - 1] ~ /^[a-zA-Z_]/ && line[head - 1] !~ /[;:}]$/)
		head--
	return s
}

function is_lock(s) { return s ~ /(^|[^a-z])([a-z_]*_)?(lock|lock_irq|lock_irqsave|lock_bh|lock_killable|lock_interruptible|lock_sock)\(/ && s !~ /unlock/ }
function is_unlock(s) { return s ~ /^\t+([a-z_]*_)?unlock(_irq|_irqrestore|_bh)?\(.*\);$/ }

# Is the one lock taken between the lines, and none said to be held?
function one_lock(i, end,   locks) {
	for (; i < end; i++) {
		locks += is_lock(line[i])
		if (line[i] ~ /unlock|assert|guard\(|ASSERT|down_(read|write)|get_online|_begin\(/)
			return 0
	}
	return locks == 1
}

# Line i looks var up at this depth; sets end, the unlock, and got, the statement that counts it, or 0.
function find_end(i, var,   k, depth) {
	depth = indent(i)
	got = 0
	for (k = i + 1; k <= i + 14 && k <= n && line[k] !~ /^\}/; k++) {
		if (indent(k) < depth && line[k] != "" && line[k] !~ /^[a-z_]+:/)
			return 0
		if (is_unlock(line[k]) && indent(k) == depth)
			return end = k
		if (is_lock(line[k]) || line[k] ~ ("(^|[^a-zA-Z0-9_>.])" var " = "))
			return 0
		if (line[k] ~ ("^\t+([a-z_]*get[a-z_]*|dev_hold|refcount_inc|atomic_inc|kref_get)\\(&?" var "(->[a-z_.>-]+)?\\);$")) {
			if (got)
				return 0
			got = k
		} else if (line[k] ~ /get|hold|inc|claim|erase|remove|del|list_|set_/ || line[k] ~ ("(^|[^a-z_])" var "->[^=]* [-+|&]?= ")) {
			return 0	# it may be counted or claimed in another way
		}
	}
	return 0
}

function finish(   i, var, f, start, s, target, any, k) {
	split("", before); split("", after); split("", skip); split("", done)
	number = 0
	for (i = 2; i <= n; i++) {
		if (conditional[i] || line[i] !~ ("^\t+[a-z_]+ = " lookup "\\(") || line[i] !~ /;$/)
			continue
		var = line[i]
		sub(/ =.*/, "", var)
		sub(/^\t+/, "", var)
		start = function_start(i)
		if (!start || (start in done) || !one_lock(start, i) || !find_end(i, var))
			continue
		f = name_before(start)
		s = "seeded_use_" ++number
		before[head] = before[head] "static void " s "(const volatile void *object)\n{\n\t(void)*(const volatile char *)object;\n}\n\n"
		after[end] = "\tif (" var ")\n\t\t" s "(" var ");"
		if (got)
			skip[got] = 1
		# An if without braces has one statement.
		if (got && line[got - 1] ~ /^\t+if \(.*\)$/)
			skip[got - 1] = 1
		done[start] = any = 1
		print file "\t" f "\t" var "\t" (got ? "get" : "unlock")
	}
	if (!any)
		return
	target = out "/" file
	s = target
	sub(/\/[^\/]*$/, "", s)
	system("mkdir -p " s)
	printf "" >target
	for (i = 1; i <= n; i++) {
		if (i in before)
			printf "%s", before[i] >target
		if (!skip[i])
			print line[i] >target
		if (i in after)
			print after[i] >target
	}
	close(target)
}
