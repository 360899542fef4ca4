# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v out=DIR -v round=N -f seed.awk FILE.c...: real iterations of the kernel, each with an escape put in: the callback
# hands its element out, and who called the iterator uses it afterwards. DIR/FILE.c is FILE.c with all of them, and a line
# "FILE<tab>FUNCTION<tab>CALLBACK<tab>KIND" is printed for each. Only callbacks that one call alone is given, in a file of
# their own, are taken, and calls without a lock, which might be held still at the use. The kind of escape goes by the number of the place and the round:
#
#   data	through what the callback is given
#   heap	into a new object
#   array	at an index of an array
#   list	in entries on a list
#   member	the address of a member
#   derived	what the element leads to
#   global	into a variable of the file, where it stays
#   calls	returned through two functions
#   get	as data, and put after use: the callback hands out what it has not got

BEGIN {
	kinds = split("data heap array list member derived global calls get", kind, " ")
	put["device"] = "put_device"; put["pci_dev"] = "pci_dev_put"; put["usb_device"] = "usb_put_dev"
	put["acpi_device"] = "acpi_dev_put"; put["scsi_device"] = "scsi_device_put"
	# function: arguments, callback, data, type of the element, whether it returns something
	add("bus_for_each_dev 4 4 3 device 1")
	add("driver_for_each_device 4 4 3 device 1")
	add("class_for_each_device 4 4 3 device 1")
	add("device_for_each_child 3 3 2 device 1")
	add("device_for_each_child_reverse 3 3 2 device 1")
	add("dpm_for_each_dev 2 2 1 device 0")
	add("pci_walk_bus 3 2 3 pci_dev 0")
	add("usb_for_each_dev 2 2 1 usb_device 1")
	add("i2c_for_each_dev 2 2 1 device 1")
	add("acpi_dev_for_each_child 3 2 3 acpi_device 1")
	add("acpi_dev_for_each_child_reverse 3 2 3 acpi_device 1")
	add("acpi_bus_for_each_dev 2 1 2 device 1")
	add("iommu_group_for_each_dev 3 3 2 device 1")
	add("starget_for_each_device 3 3 2 scsi_device 0")
}

function add(row,   f) {
	split(row, f, " ")
	nargs[f[1]] = f[2]; callback_arg[f[1]] = f[3]; data_arg[f[1]] = f[4]; type[f[1]] = f[5]; returns[f[1]] = f[6]
	names = names (names ? "|" : "") f[1]
}

FNR == 1 { if (file) finish(); file = FILENAME; n = depth = 0 }
# Where the code may be left out of what is compiled nothing is put in.
/^#[ \t]*if/ { depth++ }
{ line[++n] = $0; conditional[n] = depth }
/^#[ \t]*endif/ { depth-- }
END { finish() }

# The arguments of the call at column at of line i, which may go on over lines: args[1..], last_line, rest.
function parse(i, at,   c, depth, text, k, j) {
	k = 1
	for (j = 1; j <= 8; j++)
		args[j] = ""
	text = substr(line[i], at)
	sub(/^[a-z0-9_]+\(/, "", text)
	for (depth = 1; i <= n; i++) {
		if (text == "")
			text = line[i]
		for (j = 1; j <= length(text); j++) {
			c = substr(text, j, 1)
			depth += (c == "(") - (c == ")")
			if (!depth) {
				last_line = i
				rest = substr(text, j + 1)
				return k
			}
			if (c == "," && depth == 1)
				k++
			else
				args[k] = args[k] c
		}
		args[k] = args[k] " "
		text = ""
	}
	return 0
}

function trim(s) {
	gsub(/^[ \t]+|[ \t]+$/, "", s)
	return s
}

# The line in which the function around line i is named.
function function_line(i) {
	while (i > 0 && !(line[i] ~ /^[a-z_].*\(/ && line[i] !~ /;$/))
		i--
	return i
}

function name_at(i,   s) {
	s = line[i]
	sub(/\(.*/, "", s)
	sub(/.*[ *]/, "", s)
	return s
}

# Is the callback static, defined above line i, and named there and in the call alone? Sets def, body, element, data.
function find_callback(cb, i,   j, count, head) {
	def = count = 0
	for (j = 1; j <= n; j++) {
		if (line[j] ~ ("(^|[^a-zA-Z0-9_])" cb "([^a-zA-Z0-9_]|$)") && line[j] !~ /^ \*/)
			count++
		if (line[j] ~ ("^static (int|void) " cb "\\("))
			def = j
	}
	if (!def || def >= i || count != 2)
		return 0
	head = line[def]
	for (body = def; line[body] !~ /^\{/; body++)
		if (body > def)
			head = head " " line[body]
	if (head !~ /\(struct [a-z_0-9]+ \*[a-z_0-9]+,[ \t]*void \*[a-z_0-9]+\)/)
		return 0
	element = data = head
	sub(/,.*/, "", element)
	sub(/.*\*/, "", element)
	sub(/\).*/, "", data)
	sub(/.*\*/, "", data)
	return 1
}

function dev_of(t, e) {
	return t == "device" ? e "->" : e "->dev."
}

# What is put in before the callback, at its beginning, and in place of the call.
function seed(iter, i, at, what,   id, t, box, call, j, s, use) {
	id = ++number
	t = "struct " type[iter] " *"
	s = "seeded_" id
	before[def] = "struct " s " { void *data; " t "dev; " t "devs[4]; int n; struct list_head list; void *part; };\n" \
		"struct " s "_entry { struct list_head list; " t "dev; };\n" \
		(what == "global" ? "static " t s "_seen;\n" : "") \
		"static void " s "_use(const volatile void *object)\n{\n\t(void)*(const volatile char *)object;\n}\n"
	at_begin[body] = "\tstruct " s " *" s " = " data ";\n\n\t" data " = " s "->data;\n\t"
	if (what == "data" || what == "heap" || what == "calls" || what == "get")
		at_begin[body] = at_begin[body] s "->dev = " element ";"
	else if (what == "array")
		at_begin[body] = at_begin[body] "if (" s "->n < 4)\n\t\t" s "->devs[" s "->n++] = " element ";"
	else if (what == "list")
		at_begin[body] = at_begin[body] "{\n\t\tstruct " s "_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);\n\n" \
			"\t\tif (entry) {\n\t\t\tentry->dev = " element ";\n\t\t\tlist_add_tail(&entry->list, &" s "->list);\n\t\t}\n\t}"
	else if (what == "member")
		at_begin[body] = at_begin[body] s "->part = &" dev_of(type[iter], element) "kobj;"
	else if (what == "derived")
		at_begin[body] = at_begin[body] s "->part = " dev_of(type[iter], element) "driver_data;"
	else
		at_begin[body] = at_begin[body] s "_seen = " element ";"
	box = what == "heap" ? s "_box" : "&" s "_box"
	call = iter "("
	for (j = 1; j <= nargs[iter]; j++)
		call = call (j > 1 ? ", " : "") (j == data_arg[iter] ? box : trim(args[j]))
	call = call ")"
	if (what == "data") use = "if (" s "_box.dev) " s "_use(" s "_box.dev);"
	else if (what == "get") use = "if (" s "_box.dev) { " s "_use(" s "_box.dev); " put[type[iter]] "(" s "_box.dev); }"
	else if (what == "heap") use = "if (" s "_box->dev) " s "_use(" s "_box->dev); kfree(" s "_box);"
	else if (what == "array") use = "for (int i_ = 0; i_ < " s "_box.n; i_++) " s "_use(" s "_box.devs[i_]);"
	else if (what == "list") use = "{ struct " s "_entry *e_; list_for_each_entry(e_, &" s "_box.list, list) " s "_use(e_->dev); }"
	else if (what == "member" || what == "derived") use = "if (" s "_box.part) " s "_use(" s "_box.part);"
	else use = "if (" s "_seen) " s "_use(" s "_seen);"
	s = (what == "heap" ? "struct " s " *" s "_box = kzalloc(sizeof(*" s "_box), GFP_KERNEL | __GFP_NOFAIL); " s "_box->data = " \
			"(void *)(" trim(args[data_arg[iter]]) ");" \
		: "struct " s " " s "_box = { .data = (void *)(" trim(args[data_arg[iter]]) ") };") \
		(what == "list" ? " INIT_LIST_HEAD(&" s "_box.list);" : "")
	return "({ " s " " (returns[iter] ? "int r_ = " call "; " use " r_; })" : call "; " use " })")
}

# Through two functions, where the result of the iterator does not matter. What it takes besides: NULL, a number, or the address of a variable of the file can be named in another function.
function seed_helper(iter, i, fn_line,   s, t, j, call) {
	for (j = 1; j <= nargs[iter]; j++)
		if (j != callback_arg[iter] && j != data_arg[iter] && trim(args[j]) !~ /^(NULL|&[a-z_0-9]+_(type|class))$/)
			return ""
	seed(iter, i, 0, "calls")
	s = "seeded_" number
	t = "struct " type[iter] " *"
	for (j = 1; j <= nargs[iter]; j++)
		call = call (j > 1 ? ", " : "") (j == data_arg[iter] ? "&box" : trim(args[j]))
	before[fn_line] = before[fn_line] "static " t s "_first(void *data)\n{\n\tstruct " s " box = { .data = data };\n\n\t" iter "(" \
		call ");\n\treturn box.dev;\n}\n\nstatic " t s "_found(void *data)\n{\n\treturn " s "_first(data);\n}\n"
	return "({ " t "d_ = " s "_found((void *)(" trim(args[data_arg[iter]]) ")); if (d_) " s "_use(d_); 0; })"
}

# Is a lock taken between the lines?
function has_lock(i, end) {
	while (++i < end)
		if (line[i] ~ /_lock(_[a-z]+)*\(|guard\(|down_(read|write)/)
			return 1
	return 0
}

function finish(   i, at, iter, cb, f, what, text, target, any) {
	split("", before); split("", at_begin); split("", replaced); split("", skip); split("", done)
	number = 0
	for (i = 1; i <= n; i++) {
		if (conditional[i] || line[i] !~ /^\t/ || !match(line[i], "(^|[^a-zA-Z0-9_])(" names ")\\("))
			continue
		at = RSTART + (substr(line[i], RSTART, 1) !~ /[a-z]/)
		iter = substr(line[i], at)
		sub(/\(.*/, "", iter)
		if (parse(i, at) != nargs[iter])
			continue
		cb = trim(args[callback_arg[iter]])
		f = function_line(i)
		if (cb !~ /^[a-z_0-9]+$/ || !f || (f in done) || !find_callback(cb, i) || (body in at_begin) ||
		    has_lock(f, i))
			continue
		what = kind[(places++ + round) % kinds + 1]
		text = what == "calls" ? seed_helper(iter, i, f) : ""
		if (what == "calls" && text == "")
			what = "data"
		if (text == "")
			text = seed(iter, i, at, what)
		replaced[i] = substr(line[i], 1, at - 1) text rest
		for (target = i + 1; target <= last_line; target++)
			skip[target] = 1
		done[f] = any = 1
		print file "\t" name_at(f) "\t" cb "\t" what
	}
	if (!any)
		return
	target = out "/" file
	text = target
	sub(/\/[^\/]*$/, "", text)
	system("mkdir -p " text)
	printf "" >target
	for (i = 1; i <= n; i++) {
		if (skip[i])
			continue
		# The type of a definition may stand on the line above: what is put in comes before the last blank line.
		if (i in before)
			printf "%s\n", before[i] >target
		print (i in replaced ? replaced[i] : line[i]) >target
		if (i in at_begin)
			print at_begin[i] >target
	}
	close(target)
}
