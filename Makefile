# Two commands are enough: `make run` and `make test`. Each sets up what it needs, once.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-print-directory

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python
READY  := $(VENV)/.ready
PRISM  := $(VENV)/prism/.ready

export UV_PYTHON_DOWNLOADS := never
export DEBIAN_FRONTEND     := noninteractive

# Debian packages, each with the file that shows that it is there (looked at every time, which costs nothing)
DEBIAN_RUN   := tesseract-ocr-eng:/usr/share/tesseract-ocr/5/tessdata/eng.traineddata bubblewrap:/usr/bin/bwrap
DEBIAN_BENCH := isync:/usr/bin/mbsync tesseract-ocr:/usr/bin/tesseract
# The letters that `make accuracy` and some tests set are in fonts under free licences (OFL, Caladea Apache 2.0, DejaVu
# Bitstream Vera); heif-enc writes the HEIC of a telephone, which no permissive library does.
TRUETYPE := /usr/share/fonts/truetype
OPENTYPE := /usr/share/fonts/opentype
DEBIAN_ACCURACY := fonts-liberation2:$(TRUETYPE)/liberation2 fonts-dejavu-core:$(TRUETYPE)/dejavu/DejaVuSerif.ttf \
  fonts-crosextra-carlito:$(TRUETYPE)/crosextra/Carlito-Regular.ttf fonts-breip:$(TRUETYPE)/breip \
  fonts-crosextra-caladea:$(TRUETYPE)/crosextra/Caladea-Regular.ttf fonts-kristi:$(TRUETYPE)/kristi \
  fonts-courier-prime:$(OPENTYPE)/courier-prime fonts-ebgaramond:$(OPENTYPE)/ebgaramond \
  fonts-dancingscript:$(OPENTYPE)/dancingscript fonts-kaushanscript:$(OPENTYPE)/kaushanscript \
  fonts-ecolier-court:$(TRUETYPE)/ecolier-court libheif-examples:/usr/bin/heif-enc
DEBIAN_TEST  := $(DEBIAN_RUN) dovecot-imapd:/usr/lib/dovecot/imap $(DEBIAN_ACCURACY)

.PHONY: help
help: ## what can be made (this list)
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) debian-test ## everything that running and testing need: .venv, Debian packages

.PHONY: run
run: $(READY) debian-run ## one run over the channels of config.toml   (ARGS="--channel email")
	@$(BIN)/intake run $(ARGS)

.PHONY: test
test: setup lint ## lint, types, direction of imports, and all tests   (PYTEST_ARGS="-k ledger")
	@$(PY) -m pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder $(PYTEST_ARGS)

.PHONY: lint
lint: $(READY) ## ruff, mypy strict, import-linter
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy $(wildcard channels intake storage tests/support)
	@$(BIN)/lint-imports --no-logo

.PHONY: format
format: $(READY) ## let ruff lay out the code and mend what it can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

.PHONY: bench
bench: setup debian-bench ## speed and memory, each beside a baseline measured in the same run
	@$(PY) -m benchmarks $(ARGS)

.PHONY: accuracy
accuracy: setup debian-accuracy ## how well letters are read, from pictures whose words are known   (PAGES=1 CORPUS=DIR KEEP=DIR)
	@$(PY) -m benchmarks.accuracy --pages $(or $(PAGES),1) $(if $(CORPUS),--corpus "$(abspath $(CORPUS))") \
	  $(if $(KEEP),--keep "$(abspath $(KEEP))") $(ARGS)

.PHONY: corpus
corpus: setup $(PRISM) ## the tests on a folder of real mail, scans and telephone answers: make corpus CORPUS=DIR
	@test -n "$(CORPUS)" || { echo 'make corpus: say which folder: make corpus CORPUS=DIR' >&2; exit 2; }
	@test -d "$(CORPUS)" || { echo 'make corpus: there is no folder "$(CORPUS)"' >&2; exit 2; }
	@CORPUS="$(abspath $(CORPUS))" $(PY) -m pytest $(PYTEST_ARGS) tests/corpus

.PHONY: kills
kills: setup ## kill -9 at a random moment, many times, and compare the exports   (TRIALS=50)
	@$(PY) -m tests.kills --trials $(or $(TRIALS),50)

.PHONY: mailbox
mailbox: setup ## all that can happen to a mailbox of 10,000 messages; none is lost or doubled   (MESSAGES=10000 CUTS=200)
	@$(PY) -m tests.mailbox --messages $(or $(MESSAGES),10000) --cuts $(or $(CUTS),200)

.PHONY: scans
scans: setup ## scans that take minutes or much memory, and one that takes 20 s to be written   (ARGS="1000")
	@$(PY) -m tests.scans $(ARGS)

.PHONY: lock
lock: $(READY) ## write requirements.lock anew from pyproject.toml   (UPGRADE=1 for newer versions)
	@$(BIN)/uv pip compile pyproject.toml --extra test --generate-hashes --only-binary :all: \
	  --python-version 3.11 --python-platform linux --no-emit-index-url --custom-compile-command 'make lock' \
	  $(if $(UPGRADE),--upgrade) --quiet --output-file requirements.lock
	@$(BIN)/uv pip compile tests/prism/node.in --generate-hashes --only-binary :all: --python-version 3.11 \
	  --python-platform linux --no-emit-index-url --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) \
	  --quiet --output-file tests/prism/node.txt
	@$(MAKE) $(READY)

.PHONY: clean
clean: ## remove .venv, caches and build outputs; never what the program keeps (var/)
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find channels intake storage tests benchmarks samples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ---- setting up

# Nothing comes in without a hash from requirements.lock: neither uv itself, nor a wheel (nothing is built from source),
# nor the build backend, which is among them: so the last line needs no network. Compiled at once, because the processes
# that read what arrives may not write here, and would compile all of it again at each start. Readable by all, if
# root does it, whatever the umask: a reader that root starts is another user.
$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo 'make: Python 3.11 or newer is needed as "$(PYTHON)" (PYTHON=… names another one)' >&2; exit 1; }
	@test -x $(PY) && $(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) \
	  || { echo 'make: "$(PYTHON) -m venv" failed: on Debian, apt-get install python3-venv' >&2; exit 1; }
	@awk '/^[^ #]/ { mine = /^uv==/ } mine' requirements.lock > $(VENV)/uv.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r $(VENV)/uv.txt
	@$(BIN)/uv pip install --python $(PY) --quiet --compile-bytecode --only-binary :all: --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --python $(PY) --quiet --offline --no-deps --no-build-isolation --editable .
	@$(PY) -m compileall -q channels intake storage
	@[ "$$(id -u)" != 0 ] || chmod -R go+rX $(VENV) channels intake storage
	@touch $@

# Prism answers as an OpenAPI document says, and refuses what it does not allow; only `make corpus` needs it. Node comes
# as a wheel, into a virtual environment of its own; of Prism's packages no script is run.
NODE := $(VENV)/prism/node/bin
$(PRISM): $(READY) tests/prism/node.txt tests/prism/package.json tests/prism/package-lock.json tests/prism/.npmrc
	@$(BIN)/uv venv --quiet --clear --python $(PY) $(VENV)/prism/node
	@$(BIN)/uv pip install --python $(NODE)/python --quiet --only-binary :all: --require-hashes -r tests/prism/node.txt
	@cp tests/prism/package.json tests/prism/package-lock.json tests/prism/.npmrc $(VENV)/prism
	@cd $(VENV)/prism && PATH="$(abspath $(NODE)):$$PATH" npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel error \
	  --cache npm-cache >/dev/null && rm -rf npm-cache
	@touch $@

.PHONY: debian-run debian-test debian-bench debian-accuracy
debian-run: ; @$(call debian,$(DEBIAN_RUN))
debian-test: ; @$(call debian,$(DEBIAN_TEST))
debian-bench: ; @$(call debian,$(DEBIAN_BENCH))
debian-accuracy: ; @$(call debian,$(DEBIAN_ACCURACY))

# Installs what is missing, as root or with a sudo that asks nothing; else it stops with the one line to type. A mail
# server that this has just installed is not left running: the tests start their own, on ports of their own.
define debian
missing() { local pair; for pair in $(1); do [ -e "$${pair#*:}" ] || printf ' %s' "$${pair%%:*}"; done; }; \
packages=$$(missing); [ -n "$$packages" ] || exit 0; \
by_hand="as root: apt-get install$$packages"; \
stop() { echo "make: $$1: install by hand, then make again ($$by_hand)" >&2; exit 1; }; \
command -v apt-get >/dev/null || stop "Debian packages are missing, and there is no apt-get"; \
if [ "$$(id -u)" = 0 ]; then root=(env DEBIAN_FRONTEND=noninteractive); \
elif sudo -n true 2>/dev/null; then root=(sudo -n env DEBIAN_FRONTEND=noninteractive); \
else stop "Debian packages are missing, and this user may not install them"; fi; \
apt=("$${root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3); \
echo "make: installing Debian packages:$$packages"; \
log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
{ "$${apt[@]}" update && "$${apt[@]}" install --yes --no-install-recommends $$packages; } </dev/null >"$$log" 2>&1 \
  || { tail -n 20 "$$log" >&2; stop "apt-get failed (above)"; }; \
[ -z "$$(missing)" ] || { tail -n 20 "$$log" >&2; stop "apt-get ended well, but these are still not there:$$(missing)"; }; \
if [[ $$packages == *dovecot* && -d /run/systemd/system ]]; then \
  "$${root[@]}" systemctl disable --now dovecot.socket dovecot.service >/dev/null 2>&1 || true; fi
endef
