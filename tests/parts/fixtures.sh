# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What is wanted stands on the lines of the fixture itself: see wants.awk.

for file in "$TESTS"/fixtures/*.c; do
	run_test "fixtures/$(basename "$file" .c)" check_fixture "$file"
done

# Static variables of one name in two files are two.
statics_of_two_files() {
	printf '#include "%s"\nstatic struct mutex lock;\nvoid inner(void)\n{\n\tmutex_lock(&lock);\n\tmutex_unlock(&lock);\n}\n' \
		"$TESTS/fixtures/kernel.h" >"$HERE/a.c"
	printf '#include "%s"\nstatic struct mutex lock;\nvoid inner(void);\nvoid outer(void)\n{\n\tmutex_lock(&lock);\n\tinner();\n\tmutex_unlock(&lock);\n}\n' \
		"$TESTS/fixtures/kernel.h" >"$HERE/b.c"
	compile_commands "$HERE" "$HERE/a.c" "$HERE/b.c"
	expect_status 0 "$TESTED" check -p "$HERE"
	sed -i 's/^static //' "$HERE/a.c"
	sed -i 's/^static struct mutex lock/extern struct mutex lock/' "$HERE/b.c"
	expect_status 1 "$TESTED" check -p "$HERE"
	expect_text "$HERE/out" "takes 'lock', which it holds already"
}

run_test fixtures/statics-of-two-files statics_of_two_files

# Who asks for one file hears of locks that its functions take again, whoever calls them; of what their callers do else: not.
taken_again_in_another_file() {
	printf '#include "%s"\nstruct mutex lock;\nvoid inner(void)\n{\n\tmutex_lock(&lock);\n\tmutex_unlock(&lock);\n}\n' \
		"$TESTS/fixtures/kernel.h" >"$HERE/a.c"
	printf '#include "%s"\n' "$TESTS/fixtures/kernel.h" >"$HERE/b.c"
	cat >>"$HERE/b.c" <<-'END'
		extern struct mutex lock;
		struct mutex other;
		void inner(void);
		void outer(void)
		{
			mutex_lock(&lock);
			inner();
			mutex_unlock(&lock);
		}
		void forgets(int n)
		{
			mutex_lock(&other);
			if (n)
				return;
			mutex_unlock(&other);
		}
	END
	compile_commands "$HERE" "$HERE/a.c" "$HERE/b.c"
	expect_status 1 "$TESTED" check -p "$HERE"
	expect_text "$HERE/out" 'lock-leak'
	expect_status 1 "$TESTED" check -p "$HERE" "$HERE/a.c"
	expect_text "$HERE/out" "takes 'lock', which it holds already"
	if grep 'lock-leak' "$HERE/out"; then
		return 1
	fi
}

run_test fixtures/taken-again-in-another-file taken_again_in_another_file

# held_back FIXTURE PATTERN TEXT...: what rests on a guess is told to who asks for it, and counted for all others, who are
# told TEXT all the same.
held_back() {
	local pattern=$2
	compile_commands "$HERE" "$TESTS/fixtures/$1.c"
	expect_status 1 "$TESTED" check -p "$HERE" --doubtful
	grep -qE "$pattern" "$HERE/out" || { cat "$HERE/out"; return 1; }
	expect_status 1 "$TESTED" check -p "$HERE"
	if grep -E "$pattern" "$HERE/out"; then
		return 1
	fi
	expect_text "$HERE/err" 'rests on a guess'
	for text in "${@:3}"; do
		expect_text "$HERE/out" "$text"
	done
}

run_test fixtures/sections-held-back held_back rcu-escape 'pointer that may change|found_by_three'
run_test fixtures/order-held-back held_back order-guesses perhaps 'chip.c and chip.d' 'waits to write hot' \
	'waits for the end of chip.again'
run_test fixtures/missing-held-back held_back lock-missing 'card.lock|session.lock' queue.lock
run_test fixtures/complaints-held-back held_back complaints polls_in_an_exception walks_and_sleeps
run_test fixtures/told-held-back held_back lock-told "warning: takes 'pool->lock'"
run_test fixtures/window-held-back held_back window-lock "warning: takes 'chip->lock'" "error: takes 'chip->lock'"
run_test fixtures/reentry-held-back held_back lock-reentry passes_over

# Drivers that register with a core, which calls them back with its lock held. The core may call any of them. Who comes to
# the core from another driver comes with its own object; two drivers have structs of one name.
order_of_drivers() {
	local bus='struct chip;
struct bus_ops { void (*stop)(struct chip *chip); };
struct chip { const struct bus_ops *ops; struct mutex lock; int value; };
extern struct mutex bus_lock, fast_lock, slow_lock;
void bus_stop(struct chip *chip);
struct work_struct { unsigned long data; struct list_head entry; void (*func)(struct work_struct *work); };
bool cancel_work_sync(struct work_struct *work);'
	mkdir -p "$HERE/slow" "$HERE/fast"
	printf '#include "%s"\n%s\n' "$TESTS/fixtures/kernel.h" "$bus" >"$HERE/bus.h"
	cat >"$HERE/bus.c" <<-'END'
		#include "bus.h"
		void bus_stop(struct chip *chip)
		{
			chip->ops->stop(chip);
		}
		void bus_stops_any(struct chip *chip)
		{
			mutex_lock(&bus_lock);
			chip->ops->stop(chip);
			mutex_unlock(&bus_lock);
		}
	END
	cat >"$HERE/slow/slow.c" <<-'END'
		#include "../bus.h"
		struct adapter { struct mutex lock; struct work_struct work; };
		static void stop_slowly(struct chip *chip)
		{
			mutex_lock(&slow_lock);
			chip->value++;
			mutex_unlock(&slow_lock);
		}
		const struct bus_ops slow_ops = {.stop = stop_slowly};
		void takes_bus_lock(void)
		{
			mutex_lock(&slow_lock);
			mutex_lock(&bus_lock);
			mutex_unlock(&bus_lock);
			mutex_unlock(&slow_lock);
		}
		void takes_fast_lock(void)
		{
			mutex_lock(&slow_lock);
			mutex_lock(&fast_lock);
			mutex_unlock(&fast_lock);
			mutex_unlock(&slow_lock);
		}
		static void work_slowly(struct work_struct *work)
		{
			container_of(work, struct adapter, work)->work.data = 1;
		}
		void set_up_slowly(struct adapter *a)
		{
			a->work.func = work_slowly;
		}
		struct board { struct mutex lock; };
		void takes_its_board_last(struct board *b)
		{
			mutex_lock(&bus_lock);
			mutex_lock(&b->lock);
			mutex_unlock(&b->lock);
			mutex_unlock(&bus_lock);
		}
		void cancel_slowly(struct adapter *a)
		{
			mutex_lock(&fast_lock);
			cancel_work_sync(&a->work);
			mutex_unlock(&fast_lock);
		}
	END
	cat >"$HERE/fast/fast.c" <<-'END'
		#include "../bus.h"
		struct adapter { int speed; struct work_struct work; };
		struct board { int speed; struct mutex lock; };
		static void stop_at_once(struct chip *chip)
		{
			chip->value = 0;
		}
		const struct bus_ops fast_ops = {.stop = stop_at_once};
		void stops_its_own(struct chip *chip)
		{
			mutex_lock(&fast_lock);
			bus_stop(chip);
			mutex_unlock(&fast_lock);
		}
		static void work_at_once(struct work_struct *work)
		{
			mutex_lock(&fast_lock);
			container_of(work, struct adapter, work)->speed = 1;
			mutex_unlock(&fast_lock);
		}
		void set_up_at_once(struct adapter *a)
		{
			a->work.func = work_at_once;
		}
		void takes_its_board_first(struct board *b)
		{
			mutex_lock(&b->lock);
			mutex_lock(&bus_lock);
			mutex_unlock(&bus_lock);
			mutex_unlock(&b->lock);
		}
	END
	compile_commands "$HERE" "$HERE/bus.c" "$HERE/slow/slow.c" "$HERE/fast/fast.c"
	expect_status 1 "$TESTED" check -p "$HERE"
	expect_text "$HERE/out" 'the order of bus_lock and slow_lock contradicts itself'
	expect_text "$HERE/err" 'findings: 1 '
	expect_status 1 "$TESTED" check -p "$HERE" --doubtful
	expect_text "$HERE/out" 'the order of fast_lock and slow_lock contradicts itself'
	expect_text "$HERE/err" 'findings: 2 '
}

run_test fixtures/order-of-drivers order_of_drivers

# What a condition forbids is found once the condition is another, and all else as before: a run that knows of earlier ones
# sees that.
order_after_a_change() {
	cat >"$HERE/set.c" <<-END
		#include "$TESTS/fixtures/kernel.h"
		struct chip { struct mutex outer, inner; unsigned int flags; };
		static void set(struct chip *chip)
		{
			if (chip->flags & 1)
				return;
			mutex_lock(&chip->inner);
			chip->flags |= 2;
			mutex_unlock(&chip->inner);
		}
		void set_if_on(struct chip *chip)
		{
			mutex_lock(&chip->outer);
			if (chip->flags & 1)
				set(chip);
			mutex_unlock(&chip->outer);
		}
		void takes_inner_first(struct chip *chip)
		{
			mutex_lock(&chip->inner);
			mutex_lock(&chip->outer);
			mutex_unlock(&chip->outer);
			mutex_unlock(&chip->inner);
		}
	END
	compile_commands "$HERE" "$HERE/set.c"
	expect_status 0 "$TESTED" check -p "$HERE"
	sed -i '/outer);/,/set(chip)/s/flags & 1/flags \& 4/' "$HERE/set.c"
	expect_status 1 "$TESTED" check -p "$HERE"
	expect_text "$HERE/out" 'the order of chip.inner and chip.outer contradicts itself'
	sed -i 's/flags & 4/flags \& 1/' "$HERE/set.c"
	expect_status 0 "$TESTED" check -p "$HERE"
}

run_test fixtures/order-after-a-change order_after_a_change

# A function with more ways through it than anybody follows, each with other locks held, is gone through to its end, and
# what it does on all of them is known.
many_ways() {
	local i
	{
		printf '#include "%s"\nstruct port { struct mutex lock, m[10]; int flags; };\n' "$TESTS/fixtures/kernel.h"
		printf 'void port_open(struct port *p, int *want)\n{\n\tmutex_lock(&p->lock);\n'
		for i in 0 1 2 3 4 5 6 7 8 9; do
			printf '\tif (want[%d])\n\t\tmutex_lock(&p->m[%d]);\n' "$i" "$i"
		done
		printf '\tp->flags = 1;\n\tmutex_lock(&p->lock);\n}\n'
	} >"$HERE/many.c"
	compile_commands "$HERE" "$HERE/many.c"
	expect_status 1 "$TESTED" check --stats -p "$HERE"
	expect_text "$HERE/out" "takes 'p->lock', which it holds already"
	expect_text "$HERE/err" ', 0 over budget,'
}

run_test fixtures/many-ways many_ways

# So many ways to its end, each with another put on it, and the one that forgets a put is not taken for one of them.
many_puts() {
	local i
	{
		printf '#include "%s"\nstruct ports { struct device_node *node[8]; };\n' "$TESTS/fixtures/kernel.h"
		printf 'int ports_open(struct ports *p, struct device_node *parent, int *want)\n{\n\tint ret, i;\n'
		printf '\tstruct device_node *node = of_get_child_by_name(parent, "port");\n\tif (!node)\n\t\treturn -ENODEV;\n'
		printf '\tret = do_work();\n\tif (ret)\n\t\treturn ret;\n\tof_node_put(node);\n\tret = do_work();\n\tif (!ret)\n\t\treturn 0;\n'
		printf '\tfor (i = 0; i < 2; i++) {\n'
		for i in 0 1 2 3 4 5 6 7; do
			printf '\t\tif (want[%d])\n\t\t\tof_node_put(p->node[%d]);\n' "$i" "$i"
		done
		printf '\t}\n\treturn ret;\n}\n'
	} >"$HERE/many.c"
	compile_commands "$HERE" "$HERE/many.c"
	expect_status 1 "$TESTED" check --stats -p "$HERE"
	expect_text "$HERE/out" "ends with a counted reference to 'node'"
}

run_test fixtures/many-puts many_puts

# A put too many on one of more ways than can be kept apart: the others tell that it is one, not the way alone.
odd_put() {
	local i
	{
		printf '#include "%s"\nint ports_add(int *flags, struct device *dev, int *want)\n{\n' "$TESTS/fixtures/kernel.h"
		printf '\tint ret = do_work();\n\tif (ret) {\n\t\tput_device(dev);\n\t\treturn ret;\n\t}\n'
		for i in 0 1 2 3 4 5; do
			printf '\tif (want[%d])\n\t\tflags[%d] = 1;\n' "$i" "$i"
		done
		printf '\tif (do_work())\n\t\treturn -EIO;\n\tif (do_work())\n\t\treturn -EBUSY;\n'
		printf '\tif (do_work())\n\t\treturn -EINVAL;\n\treturn 0;\n}\n'
	} >"$HERE/odd.c"
	compile_commands "$HERE" "$HERE/odd.c"
	expect_status 1 "$TESTED" check -p "$HERE"
	expect_text "$HERE/out" "gives back a counted reference to 'dev'"
}

run_test fixtures/odd-put odd_put

# So many ways to an error, each with another put on it, and the one that gives back what is the caller's is not lost among them.
crowded_put() {
	local i
	{
		printf '#include "%s"\n' "$TESTS/fixtures/kernel.h"
		printf 'struct ports { struct device *dev; struct device_node *node[6]; };\n'
		printf 'int ports_add(struct ports *p, struct device *dev, int *want)\n{\n'
		printf '\tif (do_work()) {\n\t\tput_device(dev);\n\t\tgoto out;\n\t}\n'
		printf '\tif (!do_work()) {\n\t\tp->dev = get_device(dev);\n\t\treturn 0;\n\t}\n'
		for i in 0 1 2 3 4 5; do
			printf '\tif (want[%d])\n\t\tof_node_put(p->node[%d]);\n' "$i" "$i"
		done
		printf 'out:\n\treturn -EIO;\n}\n'
	} >"$HERE/crowd.c"
	compile_commands "$HERE" "$HERE/crowd.c"
	expect_status 1 "$TESTED" check -p "$HERE"
	expect_text "$HERE/out" "gives back a counted reference to 'dev'"
}

run_test fixtures/crowded-put crowded_put

# What the compiler made of itself is in no file.
functions_of_no_file() {
	compile_commands "$HERE" "$TESTS/fixtures/lock-missing.c" "$TESTS/fixtures/order-guesses.c"
	expect_status 1 "$TESTED" check -p "$HERE"
	for name in lock-missing order-guesses; do
		"$TESTED" dump flow -p "$HERE" $name.c |
			awk '/^func / && ++n % 2 { sub(/ at [^ ]*/, " at ?:1-2") } { print }' >"$HERE/$name.flow"
		expect_status 1 "$TESTED" check --flow "$HERE/$name.flow"
	done
}

run_test fixtures/functions-of-no-file functions_of_no_file

# arm64 stores and loads in order by one instruction of assembly: what is put in memory so is handed on there.
ordered_accesses_of_arm64() {
	cat >"$HERE/a.c" <<-'END'
		struct device_node;
		struct device_node *of_parse_phandle(const struct device_node *node, const char *name, int index);
		void of_node_put(struct device_node *node);
		struct port {
			struct device_node *node;
			struct device_node *other;
		};
		int keeps(struct port *port, struct device_node *node)
		{
			struct device_node *found = of_parse_phandle(node, "companion", 0);
			if (!found)
				return -19;
			asm volatile("stlr %x1, %0" : "=Q" (port->node) : "rZ" (found) : "memory");
			return 0;
		}
		void gives_back(struct port *port)
		{
			struct device_node *node;
			asm volatile("ldar %0, %1" : "=r" (node) : "Q" (port->node) : "memory");
			of_node_put(node);
		}
		int loses(struct port *port, struct device_node *node)
		{
			struct device_node *found = of_parse_phandle(node, "companion", 0);
			if (!found)
				return -19;
			asm volatile("stlr %x1, %0" : "=Q" (port->other) : "rZ" (node) : "memory");
			return 0;
		}
	END
	compile_commands "$HERE" "$HERE/a.c"
	sed -i 's/"-std=gnu11"/"--target=aarch64-linux-gnu", "-nostdinc", &/' "$HERE/compile_commands.json"
	expect_status 1 "$TESTED" check -p "$HERE"
	expect_text "$HERE/out" 'a.c:28:.*ref-leak'
	if grep -E 'a.c:1[0-9].*error' "$HERE/out"; then
		return 1
	fi
	expect_status 0 "$TESTED" dump flow -p "$HERE" a.c
	expect_text "$HERE/out" 'store volatile ptr p0, %0 port.node'
	expect_text "$HERE/out" 'load volatile ptr p0 port.node'
}

run_test fixtures/ordered-accesses-of-arm64 ordered_accesses_of_arm64

# reentry_of EDIT NUMBER: after the edit, as many findings of reentry; with what was kept, and with nothing.
reentry_of() {
	local db
	sed -i "$1" "$HERE/a.c"
	for db in kept fresh; do
		rm -f "$HERE"/fresh.db*
		expect_status $(($2 > 0)) "$TESTED" check -p "$HERE" --db "$HERE/$db.db"
		[ "$(grep -c 'error.*lock-reentry' "$HERE/out")" -eq "$2" ] || { echo "$db, after $1"; cat "$HERE/out"; return 1; }
		cp "$HERE/out" "$HERE/$db.out"
	done
	same "$HERE/fresh.out" "$HERE/kept.out"
}

# What was found of the whole program is found again only while the functions that were looked into are the same: the set
# that is gone over, and what the callback takes, are in no function's notes.
reentry_found_again() {
	local all
	sed 's/^static int adds_with_the_lock/static void take(struct device *dev)\n{\n\tdevice_lock(dev);\n}\n\n&/
		0,/^\tdevice_lock(dev);/s//\ttake(dev);/' "$TESTS/fixtures/lock-reentry.c" >"$HERE/a.c"
	sed -i "s,\"kernel.h\",\"$TESTS/fixtures/kernel.h\"," "$HERE/a.c"
	compile_commands "$HERE" "$HERE/a.c"
	expect_status 1 "$TESTED" check -p "$HERE" --db "$HERE/kept.db"
	all=$(grep -c 'error.*lock-reentry' "$HERE/out")
	[ "$all" -gt 2 ] || { cat "$HERE/out"; return 1; }
	reentry_of 's/return sum_of_bus(&platform_bus_type);/return sum_of_bus(\&pci_bus_type);/' $((all - 1))
	reentry_of 's/return sum_of_bus(&pci_bus_type);/return sum_of_bus(\&platform_bus_type);/' $((all + 1))
	reentry_of '1i\
' $((all + 1))
	reentry_of '/^static void take/,/^}/s/lock(dev)/lock(dev->parent)/' 0
	reentry_of '/^static void take/,/^}/s/lock(dev->parent)/lock(dev)/' $((all + 1))
}

run_test fixtures/reentry-found-again reentry_found_again
