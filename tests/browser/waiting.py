"""Wait for what a page shows, where Playwright's own expectations cannot see it."""

import time


def eventually(page, check, seconds=20):
    """Call ``check`` until it raises no AssertionError, or once more when the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            return check()
        except AssertionError:
            page.wait_for_timeout(100)
    return check()
