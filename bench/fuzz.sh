#!/bin/sh
# Runs every fuzz target for a while, or those whose names match an expression:
# FUZZTIME=30s make fuzz, FUZZTIME=10m make fuzz-references. A difference that is
# found is kept in testdata/fuzz of the package, and its target runs no further.
set -eu
cd "$(dirname "$0")/.."
failed=$(mktemp)
trap 'rm -f "$failed"' EXIT
grep -rl --include='*_test.go' '^func Fuzz' internal cmd | sort | while read -r file; do
	sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file" | grep -E "^(${FUZZ:-.*})\$" | while read -r target; do
		echo "== $file $target"
		go test "./$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-10s}" -fuzzminimizetime 1x ${FUZZPARALLEL:+-parallel "$FUZZPARALLEL"} </dev/null || echo "$target" >>"$failed"
	done
done
if [ -s "$failed" ]; then
	echo "failed: $(tr '\n' ' ' <"$failed")"
	exit 1
fi
