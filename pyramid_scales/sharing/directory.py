"""The directory through which the workers of one machine meet: found safe, or refused with a sentence.

Whoever could write there, or lead us elsewhere by a symbolic link, could make an application of another
user overwrite files or show false figures. So every file is opened relative to one descriptor of a directory
that is known to be ours.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

try:
    import fcntl
except ImportError:  # pragma: no cover (Windows)
    fcntl = None  # type: ignore[assignment]

from .descriptor import Descriptor

PATIENCE = 1.0
"""Seconds that a worker waits for another one's look at the directory, which takes microseconds."""

SOMETHING_ELSE = frozenset((errno.EPERM, errno.EACCES, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENOENT))
"""Errors that say that there is no file of ours; others say that it can't be opened now."""

_NEW_FILE = os.O_RDWR | os.O_CREAT
_ABSENT_ON_WINDOWS = ("O_NOFOLLOW", "O_DIRECTORY", "O_CLOEXEC", "O_NONBLOCK")
_NOFOLLOW, _DIRECTORY, _CLOEXEC, _NONBLOCK = (getattr(os, name, 0) for name in _ABSENT_ON_WINDOWS)
_SAFE_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


class Unusable(Exception):
    """The directory can't be used; the message is a sentence for the log and the page."""


class Directory:
    """One application's part of ``scales.shared_dir``; raises :class:`Unusable` if it is not safe.

    Creates the shared directory (but not its parents) and the application's subdirectory with mode 0700.
    The descriptor lives as long as the object.
    """

    def __init__(self, shared_dir: str, application: str) -> None:
        if fcntl is None or not hasattr(os, "posix_fallocate"):
            raise Unusable(
                "scales.shared_dir needs flock and posix_fallocate, which this system does not have."
            )
        self.path = os.path.join(shared_dir, subdirectory_name(application))
        _refuse_planted_links(shared_dir)
        try:
            self._descriptor = self._opened(shared_dir)
        except OSError as error:
            raise Unusable(f"scales.shared_dir can't be used: {_reason(error, shared_dir)}.") from None

    def _opened(self, shared_dir: str) -> Descriptor:
        above = Descriptor(_open_directory(shared_dir, None))
        _check_shared(os.fstat(above.number), shared_dir)
        own = Descriptor(_open_directory(os.path.basename(self.path), above.number))
        found = os.fstat(own.number)
        if found.st_uid != os.geteuid():
            raise Unusable(_foreign(self.path, found.st_uid))
        if stat.S_IMODE(found.st_mode) & 0o077:
            os.fchmod(own.number, 0o700)
        return own

    @property
    def fd(self) -> int:
        """Its descriptor; raises ``OSError`` if the application has closed it."""
        return self._descriptor.number

    def open_file(self, name: str, create: bool = False) -> int:
        """A descriptor of a regular file of ours; ``OSError`` for anything else, a link or a pipe included.

        Without ``create`` it is for reading only.
        """
        flags = (_NEW_FILE if create else os.O_RDONLY) | _NOFOLLOW | _CLOEXEC | _NONBLOCK
        fd = os.open(name, flags, 0o600, dir_fd=self.fd)
        found = os.fstat(fd)
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
            return fd
        os.close(fd)
        raise PermissionError(errno.EPERM, "not a regular file of this user", name)

    def names(self) -> list[str]:
        """The names of all files, sorted; empty once the directory has been removed."""
        # A descriptor of its own: the position in a directory is shared with forked processes.
        try:
            fd = os.open(".", os.O_RDONLY | _DIRECTORY | _CLOEXEC, dir_fd=self.fd)
        except OSError:
            return []
        try:
            return sorted(os.listdir(fd))
        finally:
            os.close(fd)

    def is_there(self) -> bool:
        """Whether the directory still stands where new workers will look for it."""
        own = os.fstat(self.fd)
        with suppress(OSError):
            return os.path.samestat(os.lstat(self.path), own)
        return False

    def remove(self, name: str) -> None:
        """Remove a file, if it can be."""
        with suppress(OSError):
            os.unlink(name, dir_fd=self.fd)

    def replace(self, name: str, content: bytes) -> None:
        """Give a file new content in one step; raises ``OSError``, and then it has its old content."""
        new = f"{name}.new"
        self.remove(new)
        fd = self.open_file(new, create=True)
        try:
            with open(fd, "wb") as file:
                file.write(content)
            os.replace(new, name, src_dir_fd=self.fd, dst_dir_fd=self.fd)
        except OSError:
            self.remove(new)
            raise

    def is_file(self, fd: int, name: str) -> bool:
        """Whether ``name`` is still the file behind ``fd``."""
        own, directory = os.fstat(fd), self.fd
        with suppress(OSError):
            return os.path.samestat(os.stat(name, dir_fd=directory, follow_symlinks=False), own)
        return False

    @contextmanager
    def locked(self, shared: bool = False) -> Iterator[bool]:
        """Hold the directory against workers that open a slot meanwhile; yields whether that succeeded.

        A stopped process may hold it for ever, so it is waited for a second at most; all that is
        done under it is safe without it, though it may leave one file more than needed.
        """
        fd = os.open(".", os.O_RDONLY | _DIRECTORY | _CLOEXEC, dir_fd=self.fd)
        try:
            yield _lock_patiently(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        finally:
            # Said aloud, since a process forked meanwhile holds a duplicate of the descriptor.
            with suppress(OSError):
                fcntl.flock(fd, fcntl.LOCK_UN)
            os.close(fd)


def try_lock(fd: int) -> bool:
    """Take the lock of a file for as long as ``fd`` is open; whether it was free.

    Raises :class:`Unusable` on a file system that has no locks.
    """
    return _try_flock(fd, fcntl.LOCK_EX)


def is_locked(fd: int) -> bool:
    """Whether another process, or another descriptor, holds the lock of a file.

    Ask under a shared lock of the directory: a worker that looks for a free slot must not meet the question.
    """
    if not _try_flock(fd, fcntl.LOCK_SH):
        return True
    fcntl.flock(fd, fcntl.LOCK_UN)
    return False


def subdirectory_name(application: str) -> str:
    """A name for one application's files: readable, and different for different applications."""
    digest = hashlib.sha256(application.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{_SAFE_NAME.sub('-', application).strip('-.')[:40] or 'app'}-{digest}"


def _open_directory(name: str, above: int | None) -> int:
    """Open a directory, made with mode 0700 if it does not exist, without following a link."""
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=above)
    return os.open(name, os.O_RDONLY | _DIRECTORY | _NOFOLLOW | _CLOEXEC, dir_fd=above)


def _refuse_planted_links(path: str) -> None:
    """A link on the way is followed only if root or this user made it (such as ``/var/run``)."""
    parent = os.path.dirname(path.rstrip("/"))
    while parent not in ("", "/"):
        if os.path.islink(parent) and os.lstat(parent).st_uid not in (0, os.geteuid()):
            raise Unusable(f"scales.shared_dir can't be used: {parent} is a symbolic link of another user.")
        parent = os.path.dirname(parent)


def _check_shared(found: os.stat_result, path: str) -> None:
    if found.st_uid not in (0, os.geteuid()):
        raise Unusable(_foreign(path, found.st_uid))
    if stat.S_IMODE(found.st_mode) & 0o022 and not found.st_mode & stat.S_ISVTX:
        raise Unusable(f"scales.shared_dir can't be used: others may write to {path}; chmod it to 700.")


def _foreign(path: str, owner: int) -> str:
    return (
        f"scales.shared_dir can't be used: {path} belongs to user {owner},"
        f" and this application runs as user {os.geteuid()}."
    )


def _reason(error: OSError, path: str) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return f"{path} is, or holds, a symbolic link or a file where a directory should be"
    return f"{path}: {error.strerror}"


def _lock_patiently(fd: int, how: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not _try_flock(fd, how):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def _try_flock(fd: int, how: int) -> bool:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        reason = f"its file system has no locks ({error.strerror})"
        raise Unusable(f"scales.shared_dir can't be used: {reason}.") from None
    return True
