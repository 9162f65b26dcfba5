# Everything a contributor runs. `make demo` and `make test` need Go and git only.
GO      ?= go
BIN     := bin/gate
VERSION ?=
LDFLAGS := -s -w $(if $(VERSION),-X main.version=$(VERSION))
NOW     := 2026-11-23T12:00:00Z

.PHONY: build demo test check fixtures docs bench mapping dropped interop fuzz fuzz-references clean

build: $(BIN)

$(BIN): FORCE
	@mkdir -p bin
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/gate
FORCE:

# The main job on the reference repository: report, SARIF, JUnit, signed decision in out/.
demo: build
	$(GO) run ./fixtures/demo -gate $(BIN) -out out -now $(NOW)

# Without debugging information: to link thirty test programs takes half as long.
test:
	$(GO) test -ldflags '-s -w' -timeout 18m ./...

# What CI asks for beside the tests.
check:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'not gofmt-ed:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) mod tidy -diff
	$(GO) tool staticcheck ./...
	@dead=$$($(GO) tool deadcode -test ./...) && test -z "$$dead" || { echo "$$dead"; exit 1; }
	@$(MAKE) --no-print-directory docs
	@git diff --exit-code -- docs/rules schemas || { echo 'generated files differ: commit what make docs wrote'; exit 1; }

fixtures:
	$(GO) generate ./fixtures/...

docs: build
	$(BIN) rules docs --out docs/rules

# Whole runs are measured by a process of their own: a child's peak memory begins with its parent's.
bench:
	$(GO) test -run '^$$' -bench Program -benchtime 3x -timeout 20m ./bench $(if $(CORPUS),-args -corpus $(abspath $(CORPUS)))
	$(GO) test -run '^$$' -bench . -skip Program -benchtime 1x -timeout 20m ./bench $(if $(CORPUS),-args -corpus $(abspath $(CORPUS)))

# How exactly findings in charts and kustomizations are located: make mapping CORPUS=DIR (charts/, kustomize/).
mapping:
	@test -n "$(CORPUS)" || { echo 'mapping needs real input: make mapping CORPUS=DIR'; exit 2; }
	CORPUS=$(abspath $(CORPUS)) $(GO) test ./internal/render -run Corpus -count=1 -v

# What is dropped where the deployers of real repositories read is found: make dropped CORPUS=DIR (clones).
dropped:
	@test -n "$(CORPUS)" || { echo 'dropped needs real input: make dropped CORPUS=DIR'; exit 2; }
	CORPUS=$(abspath $(CORPUS)) $(GO) test ./internal/pipeline -run DroppedCorpus -count=1 -v -timeout 60m

# Every fuzz target for FUZZTIME (10s) each: FUZZTIME=1m make fuzz.
fuzz:
	sh bench/fuzz.sh

# Those that compare a reader with the controller's own library or with git.
fuzz-references:
	FUZZ='FuzzManifests|FuzzJSON|FuzzObjects|FuzzSubstituteObjects|FuzzPathspec|FuzzSourceIgnore|FuzzHelmignore' FUZZTIME=$${FUZZTIME:-10m} FUZZPARALLEL=1 sh bench/fuzz.sh

interop: build
	sh interop/run.sh $(BIN)

clean:
	rm -rf bin out
