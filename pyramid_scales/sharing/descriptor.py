"""A descriptor that is kept open, and may be taken from us.

A process that becomes a daemon closes all descriptors, and their numbers are given to other files. Whoever
used such a number afterwards would write into a file of the application, or close it.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress


class Descriptor:
    """A file or directory that stays open until :meth:`close`, or until nobody needs the object."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._file = os.fstat(number)

    @property
    def number(self) -> int:
        """For calls that want one; raises ``OSError`` if it is not ours any more."""
        if not self.is_open():
            raise OSError(errno.EBADF, "the application has closed the descriptor of pyramid_scales")
        return self._number

    def is_open(self) -> bool:
        """Whether it is still the file that it was."""
        with suppress(OSError):
            return self._number >= 0 and os.path.samestat(os.fstat(self._number), self._file)
        return False

    def close(self) -> bool:
        """Close it; whether it was ours until now."""
        was_open = self.is_open()
        if was_open:
            os.close(self._number)
        self._number = -1
        return was_open

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self.close()
