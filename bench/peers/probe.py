"""Says whether the packages named as arguments can be imported. Imports nothing else."""
import sys

from serve import need, serve

need(*sys.argv[1:])
serve(dict)
