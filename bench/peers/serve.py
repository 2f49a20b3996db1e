"""The peer's side of a contest: says that it is ready, runs once for each line of standard input, answers with figures as JSON."""
import importlib
import json
import sys
import time


def need(*names):
    """Imports modules by name; says what is absent, and ends, where one cannot be imported."""
    try:
        return [importlib.import_module(name) for name in names]
    except ImportError as error:
        print(json.dumps({'absent': str(error)}), flush=True)
        sys.exit(0)


def serve(run):
    """`run` returns a dict of figures with `seconds`."""
    print('{"ready": true}', flush=True)
    for _ in sys.stdin:
        print(json.dumps(run()), flush=True)


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result
