// SPDX-License-Identifier: GPL-2.0-only
/* devscope: finds the subcommand and runs it. explain, help and --version are small enough to be here. */
#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "capture/bitcode.h"
#include "capture/capture.h"
#include "cli/cli.h"
#include "report/finding.h"
#include "rules/rule.h"

#ifndef DEVSCOPE_VERSION
#define DEVSCOPE_VERSION "0"
#endif

static int explain_main(int argc, char **argv);
static int help_main(int argc, char **argv);

static const struct command_entry {
	const char *name, *title;	/* title is argv[0] for the command, as in "Usage: devscope check" */
	const char *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"compdb", "devscope compdb", "make the compile database of a kernel build", compdb_main},
	{"check", "devscope check", "read units, analyse them, report findings", check_main},
	{"verify", "devscope verify", "list what must be proven, and what is", verify_main},
	{"capture", "devscope capture", "read units, for a check later or elsewhere", capture_main},
	{"merge", "devscope merge", "join what was read on several machines", merge_main},
	{"cc", "devscope cc", "check what make compiles (CHECK=)", cc_main},
	{"hook", "devscope hook", "have git check each commit", hook_main},
	{"explain", "devscope explain", "what a rule finds, why it matters, how to mend it", explain_main},
	{"dump", "devscope dump", "print what a stage made of a unit", dump_main},
	{"help", "devscope help", "this text", help_main},
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	fputs("Usage: devscope COMMAND [OPTION...] [ARGUMENT...]\n"
	      "\n"
	      "devscope reads the C code of a Linux kernel build and reports device pointers that outlive\n"
	      "what keeps their object alive, and locking and reference mistakes around them.\n"
	      "\n", out);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].what);
	fputs("\n"
	      "\"devscope COMMAND --help\" tells more of each. To begin, with a kernel configured in BUILD:\n"
	      "\n"
	      "  devscope compdb -o BUILD/compile_commands.json BUILD drivers/iommu/\n"
	      "  devscope check -p BUILD drivers/iommu\n", out);
}

static int help_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	print_help(stdout);
	return 0;
}

static int explain_main(int argc, char **argv)
{
	const struct rule *rule;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		puts("Usage: devscope explain [RULE]\n\nPrint what a rule finds, why it matters and how to "
		     "mend it.\n"
		     "Without RULE: list all rules with their levels.");
		return argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?")) ? 0 : 2;
	}
	for (size_t i = 0; argc == 1 && rules[i]; i++)
		printf("%-18s %-8s %s\n", rules[i]->id, level_name(rules[i]->level), rules[i]->summary);
	if (argc == 1)
		return 0;
	rule = rule_find(argv[1]);
	if (!rule)
		die("there is no rule \"%s\": \"devscope explain\" lists them", argv[1]);
	printf("%s (%s): %s\n\n%s", rule->id, level_name(rule->level), rule->summary, rule->help);
	if (*rule->help && rule->help[strlen(rule->help) - 1] != '\n')
		putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("devscope %s (LLVM %s)\n", DEVSCOPE_VERSION, bitcode_llvm_version());
		return 0;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "-?"))
		return help_main(argc, argv);
	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		argv[1] = (char *)commands[i].title;
		return commands[i].run(argc - 1, argv + 1);
	}
	die("there is no command \"%s\": \"devscope help\" lists them", argv[1]);
}
