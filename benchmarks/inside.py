"""A tool and a source file in, the seconds of one compile without the start of the interpreter and the imports out (on stdout).

Run as a script in the tool's own environment.
"""

import importlib.util
import sys
import time
from pathlib import Path


def wye(file):
    import wye.frontend  # noqa: F401  # the parser, which the driver imports when it needs it
    from wye import driver
    from wye.backend import registry

    target = registry.load("kubeflow")
    options = target.options(max_bytes=10**9)  # 3000 steps are more than the service takes
    start = time.perf_counter()
    driver.compile_target(driver.compile_source(Path(file)), target, options)
    return time.perf_counter() - start


def kfp(file):
    from kfp import compiler

    spec = importlib.util.spec_from_file_location("chain_source", file)
    start = time.perf_counter()
    module = importlib.util.module_from_spec(spec)
    sys.modules["chain_source"] = module
    spec.loader.exec_module(module)
    compiler.Compiler().compile(module.chain, file + ".yaml")
    return time.perf_counter() - start


if __name__ == "__main__":
    print({"wye": wye, "kfp": kfp}[sys.argv[1]](sys.argv[2]))
