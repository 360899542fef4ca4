/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/*
 * The subcommands. Each takes its own arguments (argv[0] names it for messages) and returns the exit
 * status.
 */

int capture_main(int argc, char **argv);
int check_main(int argc, char **argv);
int verify_main(int argc, char **argv);
int cc_main(int argc, char **argv);
int hook_main(int argc, char **argv);
int dump_main(int argc, char **argv);
int merge_main(int argc, char **argv);

#endif
