# Everything that is run here is a target of this file; `make help` lists them.
# It needs Go, make, git and bash. All other tools are built from source, in the
# versions that internal/tools and internal/tools/lint pin.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Go uses every core by itself, and some targets write what others read.
.NOTPARALLEL:

# What the go.mod files say is what is built: no workspace, no other toolchain,
# no go.mod changed in passing. No version control stamps either: with them each
# commit would link every binary anew.
export GOWORK := off
export GOTOOLCHAIN := local
export GOFLAGS += -mod=readonly -buildvcs=false
# The Collector is built without cgo. So is everything else, to share compiled
# packages with it; the race detector alone needs cgo.
export CGO_ENABLED := 0

MODULES = $(patsubst %go.mod,./%,$(shell git ls-files -co --exclude-standard -- go.mod '*/go.mod'))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

##### Tools

TOOLS := $(CURDIR)/.tools
# A tool built by another Go release may refuse the source of this one.
TOOLS_BUILT := $(TOOLS)/built-tools-$(shell go env GOVERSION)
LINT_BUILT := $(TOOLS)/built-lint-$(shell go env GOVERSION)

$(TOOLS_BUILT): internal/tools/go.mod internal/tools/go.sum
	@mkdir -p $(TOOLS)
	go build -C internal/tools -o $(TOOLS)/ tool
	@touch $@

$(LINT_BUILT): internal/tools/lint/go.mod internal/tools/lint/go.sum
	@mkdir -p $(TOOLS)
	go build -C internal/tools/lint -o $(TOOLS)/ tool
	@touch $@

##### Collector and examples

COLLECTOR := $(CURDIR)/bin/otelcol-usage
COLLECTOR_SOURCE := build/otelcol-usage

.PHONY: run
run: build examples ## build the Collector and play the quick start
	@exec bin/quickstart

.PHONY: build
build: $(COLLECTOR_SOURCE)/generated ## build the Collector as bin/otelcol-usage
	@# Go itself knows best what has changed, and needs less than a second to see
	@# that nothing has. A new import may need a line more in the generated go.sum.
	@go build -C $(COLLECTOR_SOURCE) -mod=mod -ldflags='-s -w' -o $(COLLECTOR) .

$(COLLECTOR_SOURCE)/generated: builder-config.yaml go.mod go.sum $(TOOLS_BUILT)
	@mkdir -p $(@D)
	$(TOOLS)/builder --config=builder-config.yaml --skip-strict-versioning=false --skip-compilation
	@touch $@

.PHONY: examples
examples: ## build the programs of the examples into bin/
	@go build -C examples -o $(CURDIR)/bin/ ./shop ./quickstart

.PHONY: usagectl
usagectl: ## build the command line as bin/usagectl
	@go build -ldflags='-s -w' -o $(CURDIR)/bin/ ./cmd/usagectl

##### Tests

.PHONY: test
test: versions check-clean lint build examples ## run every check and every test
	go vet ./...
	go vet -C examples ./...
	go vet -C bench ./...
	go test $$(go list ./... | grep -vE '/e2e(/|$$)')
	$(MAKE) --no-print-directory race
	go test -C examples ./...
	@# The test cache does not see the Collector that these tests start.
	USAGE_COLLECTOR=$(COLLECTOR) go test -count=1 -skip='^TestBrowser' ./e2e/...
	$(MAKE) --no-print-directory browser
	$(MAKE) --no-print-directory fuzz

.PHONY: race
race: ## run the tests under the race detector
	@if command -v $$(go env CC) >/dev/null; then \
		echo "go test -race"; \
		CGO_ENABLED=1 go test -race $$(go list ./... | grep -vE '/(e2e|internal/archtest)(/|$$)'); \
	else \
		echo "NOT RUN: go test -race, which needs a C compiler ($$(go env CC))"; \
	fi

.PHONY: browser
browser: build ## test the page in headless Chromium, which is installed where apt-get can do that
	@if internal/tools/chromium.sh; then \
		echo "go test: the page in Chromium"; \
		USAGE_COLLECTOR=$(COLLECTOR) go test -count=1 -run='^TestBrowser' ./e2e/...; \
	else \
		echo "NOT RUN: the tests of the page, which need Chromium"; \
	fi

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (20s)
	@internal/tools/fuzz.sh

TORTURE_OPERATIONS ?= 10000000
TORTURE_KILLS ?= 150

.PHONY: torture
torture: build ## kill the Collector TORTURE_KILLS times a test, and run TORTURE_OPERATIONS of the model; takes hours
	USAGE_TORTURE_KILLS=$(TORTURE_KILLS) USAGE_COLLECTOR=$(COLLECTOR) go test -count=1 -timeout=6h -v -run='Killed|Delta|Reload|Disk' ./e2e/...
	go test -count=1 -v -run='Matrix|Damage' ./internal/journal
	USAGE_OPERATIONS=$(TORTURE_OPERATIONS) go test -count=1 -timeout=24h -v -run='Model' ./internal/meter
	FUZZTIME=10m $(MAKE) --no-print-directory fuzz

.PHONY: versions
versions: $(COLLECTOR_SOURCE)/generated ## fail if anything raised the Collector's or OpenTelemetry's versions
	@USAGE_COLLECTOR_SOURCE=$(CURDIR)/$(COLLECTOR_SOURCE) go test -count=1 -run='^TestVersions' ./internal/archtest

.PHONY: lint
lint: $(LINT_BUILT) ## run the linters
	$(TOOLS)/golangci-lint run ./...
	cd examples && $(TOOLS)/golangci-lint run --config=../.golangci.yml ./...
	cd bench && $(TOOLS)/golangci-lint run --config=../.golangci.yml ./...

.PHONY: check-clean
check-clean: $(TOOLS_BUILT) $(LINT_BUILT) ## fail if fmt, tidy or generate would change a file
	@internal/tools/check-clean.sh $(TOOLS)

BENCH ?= .
COUNT ?= 6

.PHONY: bench
bench: $(TOOLS_BUILT) ## run the benchmarks; BENCH=regexp picks some, COUNT repeats
	@mkdir -p build
	go test -run='^$$' -bench='$(BENCH)' -benchmem -count=$(COUNT) ./... | tee build/bench.txt
	go test -C bench -run='^$$' -bench='$(BENCH)' -benchmem -count=$(COUNT) ./... | tee -a build/bench.txt
	@$(TOOLS)/benchstat build/bench.txt

##### Source

.PHONY: generate
generate: $(TOOLS_BUILT) ## write the files that follow from metadata.yaml
	@# mdatagen names the Go package after the directory, and a clone may have any
	@# name: it works in a link that has the right one.
	@mkdir -p .tools/link
	@ln -sfn ../.. .tools/link/usageprocessor
	@for file in $(wildcard metadata.yaml */metadata.yaml); do \
		(cd ".tools/link/usageprocessor/$$(dirname "$$file")" && $(TOOLS)/mdatagen metadata.yaml); \
	done

PRICES ?= latest

.PHONY: prices
prices: ## renew the built-in price table, which needs npm; PRICES picks a version
	@internal/tools/prices.sh "$(PRICES)" internal/pricing

.PHONY: fmt
fmt: $(LINT_BUILT) ## format the Go code
	@$(TOOLS)/golangci-lint fmt

.PHONY: tidy
tidy: ## tidy every go.mod, and fail if that raised a version
	@# Tests of what bench compares with want modules that not every proxy has, and
	@# tidy wants those tests; `go get -C bench -t ./...` is enough for bench itself.
	@for module in $(filter-out ./bench/,$(MODULES)); do go mod tidy -C "$$module"; done
	@go test -count=1 -run='^TestVersionsOfModules$$' ./internal/archtest >&2

.PHONY: clean
clean: ## remove everything that was built, and the quick start's state
	rm -rf bin build .tools quickstart-state
