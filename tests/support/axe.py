"""axe-core, which finds accessibility problems in a page."""

from tests.support import npm

PACKAGE = npm.Package(
    "axe-core",
    "4.14.1",
    sha256="e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745",
    size=708_405,
)


def source() -> str:
    """Return the script to run in a page. Raises DownloadFailed and ProgramMissing."""
    return (npm.download(PACKAGE) / "axe.min.js").read_text()
