"""Runs Amazon's `awslambdaric` on an artifact as Lambda does: `python -I -S -B boot.py ARTIFACT RUNTIME HANDLER`.

On the path are the artifact, the standard library and a folder that holds the runtime client alone: nothing else of
this machine can stand in for what an artifact lacks.
"""

import sys

_, artifact, runtime, handler = sys.argv
sys.path[:0] = [artifact]
sys.path.append(runtime)

from awslambdaric.__main__ import main  # noqa: E402 - the path had to be set first

main(["awslambdaric", handler])
