# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Each stage prints itself: NAME.c -> NAME.flow (what was read), NAME.summary (what its
# functions do to locks and references), NAME.reach (what calls may come to), NAME.contexts (what is held on entry to
# functions of ops tables), NAME.order (the order of locks). The golden's extension chooses the stage.
# NAME.query is questions and answers (devscope query). NAME.findings is all that check says, each finding with its path;
# of fixtures/NAME.c, if there is no NAME.c here.

dump_is() {
	local golden=$1 unit=${1%.*}.c
	compile_commands "$HERE/build" "$unit"
	status_of "$TESTED" check -p "$HERE/build" >/dev/null
	"$TESTED" dump "${golden##*.}" -p "$HERE/build" "$(basename "$unit")" >"$HERE/dump"
	same "$golden" "$HERE/dump"
}

findings_are() {
	local golden=$1 unit=${1%.*}.c status
	[ -f "$unit" ] || unit=$TESTS/fixtures/$(basename "$unit")
	compile_commands "$HERE/build" "$unit"
	status=$(status_of "$TESTED" check -q --doubtful -p "$HERE/build")
	[ "$status" -le 1 ] || { cat "$HERE/err"; return 1; }
	same "$golden" "$HERE/out"
}

# A transcript: each line that begins with "$ " is a query of NAME.c, and what follows is the answer.
answers_are() {
	local golden=$1 unit=${1%.*}.c line words
	compile_commands "$HERE/build" "$unit"
	status_of "$TESTED" check -q -p "$HERE/build" >/dev/null
	: >"$HERE/answers"
	while IFS= read -r line; do
		printf '%s\n' "$line" >>"$HERE/answers"
		read -ra words <<<"${line#$ }"
		"$TESTED" query -q -p "$HERE/build" "${words[@]}" >>"$HERE/answers"
	done < <(grep '^\$ ' "$golden")
	same "$golden" "$HERE/answers"
}

for golden in "$TESTS"/goldens/*.flow "$TESTS"/goldens/*.summary "$TESTS"/goldens/*.reach \
	"$TESTS"/goldens/*.contexts "$TESTS"/goldens/*.order; do
	[ ! -f "$golden" ] || run_test "goldens/$(basename "$golden")" dump_is "$golden"
done
for golden in "$TESTS"/goldens/*.query; do
	run_test "goldens/$(basename "$golden")" answers_are "$golden"
done
for golden in "$TESTS"/goldens/*.findings; do
	run_test "goldens/$(basename "$golden")" findings_are "$golden"
done
