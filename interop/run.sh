#!/bin/sh
# Builds the programs of others that gate is held against, and runs the tests
# that need them: interop/README.md.
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
mkdir -p out
echo "interop: building cosign (minutes, the first time)"
"$go" -C interop/cosign build -o "$PWD/out/cosign" github.com/sigstore/cosign/v3/cmd/cosign
"$go" -C interop/cosign2 build -o "$PWD/out/cosign2" github.com/sigstore/cosign/v2/cmd/cosign
for cosign in cosign cosign2; do
	GATE_COSIGN="$PWD/out/$cosign" "$go" test ./internal/attest -run '^TestCosign$' -count=1 -v
	GATE_COSIGN="$PWD/out/$cosign" "$go" test ./cmd/gate -run '^TestCosignOfApprovals$' -count=1 -v
done
echo "interop: building conftest"
"$go" -C interop/conftest build -o "$PWD/out/conftest" github.com/open-policy-agent/conftest
GATE_CONFTEST="$PWD/out/conftest" "$go" test ./fixtures/generate -run '^TestConftestProgram$' -count=1 -v
GATE_CONFTEST="$PWD/out/conftest" "$go" test ./internal/policy -run '^TestConftestCases$' -count=1
# Clones of what interop/conftest/collections.yaml names; nothing is fetched here.
if [ -n "${GATE_COLLECTIONS:-}" ]; then
	"$go" -C interop/conftest build -o "$PWD/out/collections" ./collections
	out/collections -gate "$PWD/${1:-bin/gate}" -conftest "$PWD/out/conftest" -table interop/conftest/collections.yaml "$GATE_COLLECTIONS"
else
	echo "interop: GATE_COLLECTIONS names no directory of clones, the collections of interop/conftest/collections.yaml are skipped"
fi
echo "interop: building a program around Kyverno's engine (minutes, the first time)"
"$go" -C interop/kyverno build -o "$PWD/out/kyverno" .
GATE_KYVERNO="$PWD/out/kyverno" "$go" test ./internal/assess/kyverno -run '^TestKyvernoOracle$' -count=1 -v
echo "interop: fetching the examples of trivy-checks"
"$go" -C interop/trivy mod download github.com/aquasecurity/trivy-checks
GATE_TRIVY_CHECKS="$("$go" -C interop/trivy list -m -f '{{.Dir}}' github.com/aquasecurity/trivy-checks)" \
	"$go" test ./internal/ruletest -run '^TestTrivyExamples$' -count=1 -v
# Plans that terraform has made, and a program that makes more of them offline; nothing is
# fetched here.
if [ -n "${GATE_CORPUS:-}" ]; then
	CORPUS="$GATE_CORPUS" "$go" test ./internal/transition -run '^TestSingleChangesOfPlans$' -count=1 -v
	CORPUS="$GATE_CORPUS" "$go" test ./internal/pipeline -run '^(TestPlansAreBound|TestOtherPlans)$' -count=1 -v -timeout 60m
else
	echo "interop: GATE_CORPUS names no directory with plans/*.json, approvals are held against the plans of the repository only"
fi
if [ -n "${GATE_PLANLAB:-}" ] && command -v terraform >/dev/null; then
	"$go" test ./internal/pipeline -run '^TestPlanlab$' -count=1 -v -timeout 60m
else
	echo "interop: GATE_PLANLAB names no program that makes plans, or terraform is not installed: TestPlanlab is skipped"
fi
# The whole way with a real Terraform, and approvals by keys of ssh-keygen through an agent.
if command -v terraform >/dev/null; then
	GATE_TERRAFORM="$(command -v terraform)" "$go" test ./cmd/gate -run '^TestTerraformProgram$' -count=1 -v
else
	echo "interop: terraform is not installed, TestTerraformProgram is skipped"
fi
if command -v ssh-agent >/dev/null && command -v ssh-keygen >/dev/null; then
	GATE_SSH=1 "$go" test ./cmd/gate -run '^TestSSHPrograms$' -count=1 -v
else
	echo "interop: ssh-agent and ssh-keygen are not installed, TestSSHPrograms is skipped"
fi
# Not built here: whichever of the two is installed runs the hooks of this checkout.
for program in pre-commit prek; do
	if ! command -v "$program" >/dev/null; then
		echo "interop: $program is not installed, TestPreCommit is skipped for it (apt-get install pre-commit; npm install -g @j178/prek)"
		continue
	fi
	echo "interop: running the hooks of .pre-commit-hooks.yaml with $program"
	GATE_PRE_COMMIT="$(command -v "$program")" GATE_PROGRAM="$PWD/${1:-bin/gate}" "$go" test ./cmd/gate -run '^TestPreCommit$' -count=1 -v
done
