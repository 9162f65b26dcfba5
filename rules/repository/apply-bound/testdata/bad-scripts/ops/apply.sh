#!/usr/bin/env bash
set -euo pipefail
apply() {
	local plan=$1
	terraform apply -input=false "$plan" # want repository/apply-bound
}
case "${1:-}" in
destroy) exit 1 ;;
*) apply tfplan ;;
esac
