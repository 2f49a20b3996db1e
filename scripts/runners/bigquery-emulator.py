"""Runs bqemulator without the extensions of DuckDB that it downloads when it starts: GEOGRAPHY and Avro, which are not used here.

The arguments are bqemulator's own.
"""
import sys
from importlib.metadata import entry_points

from bqemulator.storage import engine

for name in ("_load_spatial", "_load_format_extensions"):
    # A version that calls it otherwise would go on to download.
    getattr(engine.DuckDBEngine, name)
    setattr(engine.DuckDBEngine, name, lambda self: None)

command = next(e for e in entry_points(group="console_scripts") if e.name == "bqemulator")
sys.exit(command.load()())
