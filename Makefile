# The project's commands; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-serving setup-gcp setup-aws setup-wandb setup-app setup-onnx setup-dvc run deploy app monitoring demo test test-fast test-gcp test-aws test-infra check format \
	dashboard dashboard-stop bench bench-serving images requirements schema docs sbom mutation mutation-infra clean

IS_SUPPORTED := -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,13))' 2>/dev/null
PYTHON ?= $(shell for p in python3.12 python3.11 python3 python; do $$p $(IS_SUPPORTED) && echo $$p && break; done)
# A Python that is named is checked, also if .venv exists already.
ifneq ($(filter command environment,$(origin PYTHON)),)
ifneq ($(shell $(PYTHON) $(IS_SUPPORTED) && echo yes),yes)
$(error $(PYTHON) is not Python 3.11 or 3.12: install one of them, and name it: make setup PYTHON=python3.12)
endif
endif
BIN := .venv/bin
# uv is fast but does not read pip's configuration: if it fails, pip installs the same files.
INSTALL = $(BIN)/python -m uv pip install --quiet --python $(or $(2),$(BIN))/python --compile-bytecode --require-hashes -r $(1) \
	|| { echo "uv found no index; trying pip with its own configuration …"; $(or $(2),$(BIN))/python -m pip install --quiet --no-deps --require-hashes -r $(1); }
PIN = $(BIN)/python -m uv pip compile --quiet --universal --upgrade --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-header
# Two processes with one BLAS thread each, since more threads would compete for the cores. They take
# files in order: the long ones, which run pipelines, come first.
PYTEST = -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
COVERAGE = build/coverage
# The second process takes the files that need no ZenML server and no jobs, then two that need separate ones.
PYTEST_GCP = OPENBLAS_NUM_THREADS=1 .venv-gcp/bin/python -m pytest -o addopts="-q --strict-markers --durations=10"
GCP_APART = $(addprefix tests/gcp/,test_cloud_run.py test_cloud_run_faults.py test_cluster_faults.py test_vertex_jobs.py \
	test_container_image_check.py test_permissions.py test_storage_permissions.py test_vertex_pipelines.py test_training_on_shards.py test_your_own_people.py)

help: ## List all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/base ## Create .venv with the packages of the pipelines (needs Python 3.11 or 3.12)

setup-dev: .venv/dev ## Add the packages for development

setup-serving: setup ## Create .venv-serving for the prediction server (the first deployment does it, too)
	@$(BIN)/python -m components.deployers.seldon_local.environment

setup-gcp: .venv/base requirements/gcp.txt ## Add the packages of the gcp stack
	@$(call INSTALL,requirements/gcp.txt)

setup-aws: .venv/base requirements/aws.txt ## Add the packages of the aws stack
	@$(call INSTALL,requirements/aws.txt)

setup-wandb: .venv/base requirements/wandb.txt ## Add the packages of the local-wandb stack
	@$(call INSTALL,requirements/wandb.txt)

setup-onnx: .venv/base requirements/onnx.txt ## Add the packages that write models as ONNX
	@$(call INSTALL,requirements/onnx.txt)

setup-app: .venv/app ## Add the packages that find faces in photos, and those of the app

setup-dvc: .venv-dvc/ready ## Create .venv-dvc with DVC, which versions a folder of people

run: setup ## Train on the default data: python run.py --pipeline training
	@$(BIN)/python run.py --pipeline training

deploy: setup ## Serve the production model: python run.py --pipeline deployment
	@$(BIN)/python run.py --pipeline deployment

app: .venv/app ## Open the app at http://127.0.0.1:8080: python run.py app
	@$(BIN)/python run.py app

monitoring: setup ## Watch the endpoint with Prometheus and Alertmanager; alerts go to the stack's alerter
	@$(BIN)/python run.py monitoring

demo: setup ## Run the whole loop: train, deploy, drift, retrain, canaries that go live and back (three minutes)
	@$(BIN)/python run.py demo

# Coverage leaves out the benchmarks: the tests use only parts of them.
test: setup-dev .venv-clients/ready ## Run the tests (real faces if SCIKIT_LEARN_DATA has them) and measure coverage
	@rm -rf $(COVERAGE) && mkdir -p $(COVERAGE)
	@OMP_NUM_THREADS=1 $(BIN)/python -m slipcover --omit "benchmarks/*" --json --out $(COVERAGE)/tests.json $(PYTEST)
	@$(BIN)/python -m slipcover --merge $(COVERAGE)/*.json --out $(COVERAGE)/all.json --fail-under 85

test-fast: setup-dev ## Run the unit tests (under a minute)
	@OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) tests/unit

test-gcp: setup-serving .venv-gcp/ready .venv-dvc/ready ## Test the gcp stack without a cloud (a quarter of an hour; needs root and MariaDB)
	@log=$$(mktemp); $(PYTEST_GCP) $(GCP_APART) > $$log 2>&1 & apart=$$!; \
	$(PYTEST_GCP) tests/gcp $(addprefix --ignore=,$(GCP_APART)); result=$$?; \
	wait $$apart || result=$$?; cat $$log; rm $$log; exit $$result

test-aws: setup-serving .venv-aws/ready ## Test the aws stack without a cloud (a minute; needs the real faces)
	@OPENBLAS_NUM_THREADS=1 .venv-aws/bin/python -m pytest -o addopts="-q -rs --strict-markers" tests/aws

test-infra: .venv-infra/ready ## Validate infra/gcp with the schemas of Terraform's providers, offline (needs terraform)
	@.venv-infra/bin/python -m pytest --confcutdir tests/infra -o addopts="-q -rs --strict-markers" tests/infra

check: setup-dev ## Lint, and check format, types, imports, docstrings, spelling and workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --cache-dir .import_linter_cache
	@$(BIN)/python -m scripts.check_docstrings app cli components faces pipelines scripts serving stacks steps store
	@$(BIN)/codespell
	@$(BIN)/actionlint

format: setup-dev ## Format the code, and apply automatic fixes
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

dashboard: setup ## Open the ZenML dashboard at the latest run with pictures, and print how to open the tracker
	@$(BIN)/python run.py dashboard

dashboard-stop: ## Stop the dashboard
	@$(BIN)/python run.py dashboard --stop

images: setup-dev ## Build and try the container images, and list their packages in build/ (needs root)
	@$(BIN)/python run.py build-images

bench: setup ## Compare the pipeline with a plain script without ZenML
	@$(BIN)/python -m benchmarks.pipeline

bench-serving: setup ## Compare the prediction endpoint with other servers (ten minutes)
	@$(BIN)/python -W ignore -m benchmarks.serving
	@$(BIN)/python -W ignore -m benchmarks.soak_test

schema: setup ## Write the JSON schema of --summary to docs/summary.schema.json
	@$(BIN)/python run.py --summary-schema > docs/summary.schema.json

docs: setup-dev .venv-docs/ready ## Build the documentation site in build/site, and check its links and that it loads nothing from elsewhere
	@$(BIN)/python -m scripts.documentation build/reference
	@.venv-docs/bin/mkdocs build --quiet --strict
	@$(BIN)/python -m scripts.documentation.check_site build/site

requirements: setup-dev ## Pin the newest versions that pyproject.toml allows
	@$(PIN) requirements/bootstrap.in -o requirements/bootstrap.txt
	@$(PIN) pyproject.toml --extra pipelines -o requirements/base.txt
	@$(PIN) pyproject.toml --extra wandb -c requirements/base.txt -o requirements/wandb.txt
	@$(PIN) pyproject.toml --extra app -c requirements/base.txt -o requirements/app.txt
	@$(PIN) pyproject.toml --extra onnx -c requirements/base.txt -o requirements/onnx.txt
	@$(PIN) pyproject.toml --extra dev -c requirements/wandb.txt -c requirements/app.txt -c requirements/onnx.txt -o requirements/dev.txt
	@$(PIN) pyproject.toml --extra gcp -o requirements/gcp.txt
	@$(PIN) pyproject.toml --extra gcp-test -c requirements/gcp.txt -o requirements/gcp-test.txt
	@$(PIN) requirements/mlflow-server.in -c requirements/gcp.txt \
		$(addprefix --no-emit-package ,pyarrow scikit-learn scipy matplotlib skops joblib threadpoolctl fonttools contourpy kiwisolver \
		cycler pillow docker narwhals prettytable) -o requirements/mlflow-server.txt
	@$(PIN) pyproject.toml --extra serving --override requirements/serving-override.in -o requirements/serving.txt
	@$(PIN) pyproject.toml --extra aws -c requirements/base.txt -o requirements/aws.txt
	@$(PIN) pyproject.toml --extra aws-test -c requirements/aws.txt -o requirements/aws-test.txt
	@$(PIN) pyproject.toml --extra aws-serving --override requirements/serving-override.in -c requirements/serving.txt \
		-o requirements/aws-serving.txt
	@$(PIN) requirements/clients.in -o requirements/clients.txt
	@$(PIN) requirements/infra.in -o requirements/infra.txt
	@$(PIN) requirements/docs.in -o requirements/docs.txt
	@$(PIN) requirements/dvc.in -o requirements/dvc.txt
	@$(PIN) requirements/mutation.in -c requirements/dev.txt -o requirements/mutation.txt
	@for f in seldon mlserver bentoml fastapi; do $(PIN) requirements/bench-$$f.in -o requirements/bench-$$f.txt; done

mutation: .venv-mutation/ready ## Change the code of rollouts in 1,800 ways, and list the changes that no unit test notices (minutes)
	@OMP_NUM_THREADS=1 .venv-mutation/bin/python -m mutmut run
	@.venv-mutation/bin/python -m mutmut results

mutation-infra: .venv-infra/ready ## Change infra/gcp in a thousand ways, and list the changes that no test notices (ten minutes)
	@.venv-infra/bin/python -m tests.infra.mutation

sbom: setup ## List the packages of every environment in build/sbom (CycloneDX)
	@$(BIN)/python -m scripts.sbom build/sbom

clean: ## Remove environments and caches; ZenML's store is kept
	@rm -rf .venv .venv-serving .venv-serving.lock .venv-gcp .venv-aws .venv-aws-serving .venv-clients .venv-infra .venv-docs .venv-dvc .venv-mutation mutants .venv-bench .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache build *.egg-info

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "error: needs Python 3.11 or 3.12: install one, or name it: make setup PYTHON=/path/to/python3.11"; exit 1; }
	@echo "setting up .venv with $$($(PYTHON) --version) (a minute, once) …"
	@$(PYTHON) -m venv .venv
	@$(PYTHON) -m cli.runtime_env >> $(BIN)/activate

.venv/base: requirements/bootstrap.txt requirements/base.txt | .venv/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(call INSTALL,requirements/base.txt)
	@touch $@

# The gcp tests have a separate environment with an emulator of Cloud Storage, so that .venv stays unchanged.
.venv-gcp/ready: requirements/gcp-test.txt | .venv/base
	@echo "setting up .venv-gcp (a minute, once) …"
	@$(BIN)/python -m venv --clear .venv-gcp
	@$(call INSTALL,requirements/gcp-test.txt,.venv-gcp/bin)
	@touch $@

# The aws tests have a separate environment with a fake of S3; so has the endpoint, which reads models from S3.
.venv-aws/ready: requirements/aws-test.txt requirements/aws-serving.txt | .venv/base
	@echo "setting up .venv-aws (a minute, once) …"
	@$(BIN)/python -m venv --clear .venv-aws
	@$(call INSTALL,requirements/aws-test.txt,.venv-aws/bin)
	@$(BIN)/python -m venv --clear .venv-aws-serving
	@$(BIN)/python -m uv pip install --quiet --no-deps --require-hashes --python .venv-aws-serving/bin/python \
		-r requirements/aws-serving.txt
	@touch $@

# Programs that test the endpoint from outside: Triton's client and a fuzzer of its API description.
.venv-clients/ready: requirements/clients.txt | .venv/base
	@echo "setting up .venv-clients (a minute, once) …"
	@$(BIN)/python -m venv --clear .venv-clients
	@$(call INSTALL,requirements/clients.txt,.venv-clients/bin)
	@touch $@

# DVC needs more packages than the pipelines, and none of theirs.
.venv-dvc/ready: requirements/dvc.txt | .venv/base
	@echo "setting up .venv-dvc (half a minute, once) …"
	@$(BIN)/python -m venv --clear .venv-dvc
	@$(call INSTALL,requirements/dvc.txt,.venv-dvc/bin)
	@touch $@

# mutmut is needed with the packages of the tests.
.venv-mutation/ready: requirements/dev.txt requirements/mutation.txt | .venv/base
	@echo "setting up .venv-mutation (a minute, once) …"
	@$(BIN)/python -m venv --clear .venv-mutation
	@$(call INSTALL,requirements/dev.txt,.venv-mutation/bin)
	@$(call INSTALL,requirements/mutation.txt,.venv-mutation/bin)
	@touch $@

# MkDocs has a separate environment, since nothing else needs its packages.
.venv-docs/ready: requirements/docs.txt | .venv/base
	@echo "setting up .venv-docs (a few seconds, once) …"
	@$(BIN)/python -m venv --clear .venv-docs
	@$(call INSTALL,requirements/docs.txt,.venv-docs/bin)
	@touch $@

.venv/app: .venv/base requirements/app.txt
	@$(call INSTALL,requirements/app.txt)
	@touch $@

# The schemas of Terraform's providers need an older protobuf than the gcp stack.
.venv-infra/ready: requirements/infra.txt | .venv/base
	@echo "setting up .venv-infra (a minute, once) …"
	@$(BIN)/python -m venv --clear .venv-infra
	@$(call INSTALL,requirements/infra.txt,.venv-infra/bin)
	@touch $@

.venv/dev: .venv/base requirements/dev.txt
	@$(call INSTALL,requirements/dev.txt)
	@touch $@
