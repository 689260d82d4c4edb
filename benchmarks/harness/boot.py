"""Runs Amazon's `awslambdaric` on an artifact as Lambda does: `python -I -S -B boot.py ARTIFACT RUNTIME HANDLER`.

The path has only the artifact, the standard library and a folder with the runtime client. Nothing else on this machine
can make up for something that an artifact lacks.
"""

import sys

_, artifact, runtime, handler = sys.argv
sys.path[:0] = [artifact]
sys.path.append(runtime)

from awslambdaric.__main__ import main  # noqa: E402 - the path must be set first

main(["awslambdaric", handler])
