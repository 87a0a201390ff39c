# make demo   see sevbot work: no Slack workspace, no hosts, no root
# make test   all tests, two at a time; at the end a line for each thing that is not on this
#             machine, with how many tests need it
# make lab    real incidents in a real kernel, in QEMU; some minutes, as root
#             (LAB='lab and ci': those of .ci/run)
# make lab-16g the same on a machine of 16 GiB: 10 GB of real memory
# make accuracy  every log of ../shared/corpus beside its label and what peers say of it
# make fuzz   100,000 mutated logs (make test tries 2,000)
# make bench  long logs beside grep; the probe on a busy host; 64 hostile hosts; 100 refused names;
#             a fleet of 250 beside its peers (as root); BENCH=fleet: one of them
# make check  ruff, mypy and import-linter
# make new-cause CODE=hung-task  the files of a new cause, which fail until they are filled
#             (CONTRIBUTING.md)
# make picture docs/thread.png by Chromium, from the demo (PICTURES=DIR: all of them, to look at)
# make golden rewrite the recorded cases' texts and the causes' pages (review the diff)
# make wheel  dist/sevbot-*.whl, built with the locked hatchling (README, Installing)
# make lock   renew requirements.lock (what production runs) and requirements-dev.lock (that and
#             what tests need); needs uv
PYTHON ?= python3
VENV := .venv
HOTSOS := 1.30.post8
PEERS := parallel-ssh==2.16.0.post1 asyncssh==2.24.1 uvloop==0.23.0
READY := $(VENV)/.ready
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check

.PHONY: new-cause picture demo test lab lab-16g accuracy fuzz bench check golden wheel lock

demo: $(READY)
	$(VENV)/bin/sevbot demo $(DEMO)

test: $(READY)
	$(VENV)/bin/python -m pytest -n 2 $(TESTS)

LAB ?= lab and not big
lab: $(READY)
	$(VENV)/bin/python -m pytest -m "$(LAB)" tests/lab $(TESTS)

lab-16g:
	$(MAKE) lab LAB="lab and big"

accuracy: $(READY) $(VENV)/hotsos/.ready
	$(VENV)/bin/python -m tests.accuracy

fuzz: $(READY)
	SEVBOT_FUZZ=100000 $(VENV)/bin/python -m pytest -q tests/diagnostics/test_hostile.py -k mutation

bench: $(READY) $(VENV)/peers/.ready
	$(VENV)/bin/python -m tests.bench $(BENCH)

check: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache

# by way of the environment, and with its own words: neither make nor the shell runs any of them
new-cause: override export CODE := $(value CODE)
new-cause: $(READY)
	$(VENV)/bin/python -m tests.new_cause "$$CODE"

picture: $(READY)
	$(VENV)/bin/python -m tests.picture $(PICTURES)

golden: $(READY)
	SEVBOT_GOLDEN=1 $(VENV)/bin/python -m pytest -q tests/test_brief.py tests/test_cases.py \
		tests/test_docs.py
	git diff --stat tests/cases docs/causes

$(VENV)/hotsos/.ready: $(READY)
	$(PYTHON) -m venv --clear $(VENV)/hotsos
	$(VENV)/hotsos/bin/python -m pip install --quiet --disable-pip-version-check hotsos==$(HOTSOS)
	@touch $@

wheel: $(READY)
	rm -f dist/sevbot-*.whl
	$(VENV)/bin/python -m build --no-isolation --wheel --outdir dist

$(VENV)/peers/.ready: $(READY)
	$(PYTHON) -m venv --clear $(VENV)/peers
	$(VENV)/peers/bin/python -m pip install --quiet --disable-pip-version-check $(PEERS)
	@touch $@

COMPILE := uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
	--python-version 3.11
lock:
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) --extra dev --constraint requirements.lock pyproject.toml \
		--output-file requirements-dev.lock

$(READY): requirements-dev.lock pyproject.toml
	@echo "sevbot: setting up $(VENV): the locked dependencies with their hashes," \
		"then sevbot itself (once; up to some minutes)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "sevbot needs Python 3.11 or later: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(INSTALL) --require-hashes --requirement requirements-dev.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $(READY)
