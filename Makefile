# Everything a person types. Set-up lives in scripts/setup; each target installs what it needs, once.
PYTHON ?= python3
BIN := .venv/bin
PYTEST_ARGS ?= -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help up demo test soak check format bench tour dist lock audit clean

help: ## What can be typed
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

up: ## Set up, then start proxy, projector and UI
	@$(PYTHON) scripts/setup run
	@exec $(BIN)/union-square up

demo: ## The same with a scripted upstream and its conversations (MODEL=1: and a real small model)
	@$(PYTHON) scripts/setup run $(if $(MODEL),model)
	@exec $(BIN)/union-square up --demo $(if $(MODEL),--model)

test: ## Set up what tests need, then run them all
	@$(PYTHON) scripts/setup dev browser ui
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

soak: ## The tests of what must not be lost, long: many kills, a thousand streams, minutes of outage
	@$(PYTHON) scripts/setup dev browser ui
	@UNION_SQUARE_SOAK=1 $(BIN)/python -m pytest -n 0 tests/resilience

check: ## Lint, formatting, types, import contracts
	@$(PYTHON) scripts/setup dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports

format: ## Put the code into the one format
	@$(PYTHON) scripts/setup dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: ## The benchmarks: the proxy beside nginx and other proxies, the live feed, the store (docs/performance.md)
	@$(PYTHON) scripts/setup dev
	@$(BIN)/python -m bench

tour: ## Take the pictures of docs/tour.md anew, from the demo
	@$(PYTHON) scripts/setup dev browser ui
	@$(BIN)/python -m tests.support.tour

dist: ## A wheel that carries the built UI, the migrations and the demo
	@$(PYTHON) scripts/setup run ui
	@rm -rf dist
	@$(BIN)/python -m hatchling build -t wheel
	@ls -l dist

lock: ## Write the lock files anew from pyproject.toml
	@$(PYTHON) scripts/setup dev
	@sh scripts/lock

audit: ## Ask PyPI and npm whether the locked packages have known vulnerabilities (not part of `check`: the answer changes daily)
	@$(PYTHON) scripts/setup dev
	@$(PYTHON) scripts/audit

clean: ## Remove what set-up and builds left in this folder (recorded data is elsewhere and stays)
	rm -rf .venv .web .states dist build union_square/_ui .pytest_cache .ruff_cache .hypothesis tests/output
