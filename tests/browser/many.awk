# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v folder=N -f many.awk: a unit with 500 findings, half of them lock-leak and half iterator-escape. The
# names of its functions hold N.

BEGIN {
	print "#include \"kernel.h\""
	for (i = 1; i <= 250; i++) {
		name = folder "_" i
		printf "\n/* Returns with the lock held if there is work. */\nint leaks_%s(struct mutex *m, int a)\n{\n", name
		printf "\tmutex_lock(m);\n\tif (do_work())\n\t\treturn -EIO;\n\tif (a > %d)\n\t\ta = do_work();\n", i
		printf "\tmutex_unlock(m);\n\treturn a;\n}\n"
		printf "\nstatic int stores_%s(struct device *dev, void *data)\n{\n\tstruct device **found = data;\n\n", name
		printf "\tif (dev->id != %d)\n\t\treturn 0;\n\t*found = dev;\n\treturn 1;\n}\n", i
		printf "\nint escapes_%s(const struct bus_type *bus)\n{\n\tstruct device *dev = NULL;\n\n", name
		printf "\tbus_for_each_dev(bus, NULL, &dev, stores_%s);\n\treturn dev ? dev->id : -ENODEV;\n}\n", name
	}
}
