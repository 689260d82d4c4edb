"""Download what the tests need from npm: `python -m tests.support.downloads`. Prints nothing if everything is there."""

import sys
from contextlib import suppress

from infra.setup.programs import ProgramMissing
from tests.support import axe, chromium, dynamodb_local, npm, openapi_tools


def main() -> int:
    """Download everything in advance, so that no test has to wait for it."""
    try:
        npm.download(dynamodb_local.PACKAGE)
        npm.download(axe.PACKAGE)
        openapi_tools.types_folder()
        with suppress(chromium.NoBrowser):  # the last line of the test run says so
            chromium.find()
    except (npm.DownloadFailed, ProgramMissing) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
