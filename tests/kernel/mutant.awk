# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v kind=KIND -v line=N -f mutant.awk FILE.c: FILE.c with that mutant (candidates.awk says which kinds there are).

kind == "swap" && NR == line { held = $0; next }
kind == "branch" && NR == line - 1 { held = $0; next }
(kind == "swap" && NR == line + 1) || (kind == "branch" && NR == line) { print; print held; next }
NR == line { sub(/[^ \t].*/, ";") }
{ print }
