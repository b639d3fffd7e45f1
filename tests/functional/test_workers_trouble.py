"""Directories that can't be used, disks that are full, containers: a warning and a note, never an error."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sharing
from servers import absent

PIDS = """
import os, sys, time
from sharing import App, until

directory, records = sys.argv[1], int(sys.argv[2])
app = App(directory)
for _ in range(records):
    app.record()
open(f"{directory}.{os.getppid()}.{time.time_ns()}", "w").close()
until(lambda: len([name for name in os.listdir(os.path.dirname(directory)) if ".0." in name]) == 2)
print(os.getpid(), app.count())
"""


def needs_root():
    """Skip what only root can set up; in CI, root runs it."""
    if os.geteuid():
        absent("only root can mount and change owners")


@pytest.mark.parametrize("records", [5000, pytest.param(500_000, marks=pytest.mark.soak)])
def test_two_containers_in_which_the_worker_has_the_same_pid_count_for_themselves(tmp_path, records):
    needs_root()
    inside = ["unshare", "--pid", "--fork"]
    if subprocess.run([*inside, "true"], capture_output=True).returncode:
        absent("this machine allows no PID namespaces")
    with ThreadPoolExecutor() as pool:
        said = pool.map(lambda _: sharing.run(PIDS, tmp_path / "shared", records, before=inside), range(2))
    assert [line.split() for line in said] == [["1", str(2 * records)]] * 2


@contextmanager
def mounted(path, kibibytes=256, options=""):
    """A tmpfs of its own."""
    needs_root()
    path.mkdir()
    given = f"size={kibibytes}k,mode=0700{options}"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", given, "tmpfs", path], capture_output=True).returncode:
        absent("this machine allows no mounts")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


FULL = """
import json, sys
from sharing import App, HOME, fork, joined

directory, series, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if limit:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
app = App(directory)
for number in range(series):
    for again in range(2):
        app.record(5, HOME._replace(route=f"route{number}"))
app.shared.publish_if_due()
app.shared._current.look(always=True)
snapshot = app.snapshot()
print(json.dumps([app.count(), snapshot.requests.notes, snapshot.notes, app.recorder.unshared()]))
if app.shared.active:
    def other():
        second = App(directory)
        snapshot = second.snapshot()
        print(json.dumps([second.count(), snapshot.notes]), flush=True)
    joined([fork(other)])
"""


def check_full(directory, limit=0):
    own, *others = map(json.loads, sharing.run(FULL, directory, 12, limit).splitlines())
    total, request_notes, notes, (series, records) = own
    assert total == 120, "what is shared and what is private add up"
    assert 0 < series < 12
    assert records == 10 * series
    assert any("did not fit" in note for note in request_notes), request_notes
    return series, records, notes, others


def test_what_does_not_fit_into_a_full_tmpfs_is_counted_in_private_and_told(tmp_path):
    with mounted(tmp_path / "small") as path:
        series, records, notes, _ = check_full(path)
        assert any("could not write its statistics" in note for note in notes) or len(os.listdir(path)) == 1
    assert series + records


@pytest.mark.parametrize(
    "sizes", [(4, 12, 60), pytest.param(range(4, 520, 4), marks=pytest.mark.soak)], ids=["some", "all"]
)
def test_wherever_a_tmpfs_is_full_shared_and_private_are_the_total(tmp_path, sizes):
    for kibibytes in sizes:
        with mounted(tmp_path / str(kibibytes), kibibytes) as path:
            own, *others = map(json.loads, sharing.run(FULL, path, 12, 0).splitlines())
            total, request_notes, _, (series, records) = own
            assert (total, records) == (120, 10 * series)
            assert bool(series) is any("did not fit" in note for note in request_notes)
            if others and others[0][0]:
                assert others[0][0] == 120 - records


def test_another_worker_says_what_its_fellow_could_not_share(tmp_path):
    series, records, _, others = check_full(tmp_path / "shared", limit=200 * 1024)
    ((seen, notes),) = others
    assert seen == 120 - records
    assert any(f"{series} series" in note and f"{records} requests" in note for note in notes), notes


def test_a_full_disk_takes_no_request_with_it(tmp_path):
    needs_root()
    image, place = tmp_path / "image", tmp_path / "disk"
    place.mkdir()
    if shutil.which("mkfs.ext4") is None:
        absent("mkfs.ext4 is not installed")
    with open(image, "wb") as file:
        file.truncate(2 * 1024 * 1024)
    subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", "-m", "0", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, place], capture_output=True).returncode:
        pytest.skip("this machine allows no loop devices")
    try:
        free = os.statvfs(place)
        filler = place / "filler"
        room = free.f_bavail * free.f_frsize - 200 * 1024
        with open(filler, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, room)
        (place / "shared").mkdir(mode=0o700)
        check_full(place / "shared")
    finally:
        subprocess.run(["umount", "-l", place], check=True)


ALONE = """
import json, logging, sys
from sharing import App
said = []
class Ear(logging.Handler):
    def emit(self, record):
        said.append(record.levelname)
logging.getLogger("pyramid_scales").addHandler(Ear())
app = App(sys.argv[1])
app.record(7)
app.shared.publish_if_due()
print(json.dumps([app.count(), app.shared.active, list(app.shared.notes()), said]))
"""


def check_alone(directory, word, before=()):
    count, active, notes, said = json.loads(sharing.run(ALONE, directory, before=before))
    assert (count, active) == (7, False)
    assert len(notes) == 1
    assert word in notes[0], notes
    assert "this worker alone" in notes[0]
    assert said == ["WARNING"]


def test_a_directory_that_can_not_be_made_leaves_each_worker_alone(tmp_path):
    check_alone(tmp_path / "absent" / "shared", "No such file")


def test_a_file_in_the_place_of_the_directory_leaves_each_worker_alone(tmp_path):
    (tmp_path / "shared").touch()
    check_alone(tmp_path / "shared", "where a directory should be")


def test_a_link_in_the_place_of_the_directory_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "shared").symlink_to(tmp_path / "elsewhere")
    check_alone(tmp_path / "shared", "symbolic link")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_link_in_the_place_of_the_applications_directory_is_not_followed(tmp_path):
    sharing.run(ALONE, tmp_path / "shared")
    (own,) = (tmp_path / "shared").iterdir()
    shutil.rmtree(own)
    (tmp_path / "elsewhere").mkdir()
    own.symlink_to(tmp_path / "elsewhere")
    check_alone(tmp_path / "shared", "symbolic link")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_directory_that_others_may_write_to_is_refused(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    check_alone(tmp_path / "shared", "chmod it to 700")


def test_a_directory_of_another_user_is_refused(tmp_path):
    needs_root()
    (tmp_path / "shared").mkdir()
    os.chown(tmp_path / "shared", 12345, 12345)
    check_alone(tmp_path / "shared", "belongs to user 12345")


def test_an_applications_directory_of_another_user_is_refused(tmp_path):
    needs_root()
    sharing.run(ALONE, tmp_path / "shared")
    (own,) = (tmp_path / "shared").iterdir()
    os.chown(own, 12345, 12345)
    check_alone(tmp_path / "shared", "belongs to user 12345")


def test_a_link_of_another_user_on_the_way_is_not_followed(tmp_path):
    needs_root()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "way").symlink_to(tmp_path / "elsewhere")
    os.lchown(tmp_path / "way", 12345, 12345)
    check_alone(tmp_path / "way" / "shared", "symbolic link of another user")


def test_a_read_only_directory_leaves_each_worker_alone(tmp_path):
    with mounted(tmp_path / "shared") as path:
        subprocess.run(["mount", "-o", "remount,ro", path], check=True)
        check_alone(path, "Read-only file system")


def test_a_full_directory_that_has_no_room_for_a_slot_leaves_each_worker_alone(tmp_path):
    with mounted(tmp_path / "shared") as path:
        with open(path / "filler", "wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, os.statvfs(path).f_bavail * os.statvfs(path).f_frsize)
        check_alone(path, "No space left")


REMOVED = """
import json, logging, os, shutil, sys
from sharing import App, HOME, fork, joined, slots
said = []
class Ear(logging.Handler):
    def emit(self, record):
        said.append(record.levelname)
logging.getLogger("pyramid_scales").addHandler(Ear())
directory, whole = sys.argv[1], int(sys.argv[2])
app = App(directory)
app.record(7)
app.shared._current.look(always=True)
if whole:
    shutil.rmtree(directory)
else:
    for path in slots(directory):
        path.unlink()
for number in range(20):
    app.record(1, HOME._replace(route=f"route{number}"))
app.shared._current.look(always=True)
app.shared.publish_if_due()
print(json.dumps([app.count(), list(app.shared.notes()), said]), flush=True)
def later():
    del said[:]
    successor = App(directory)
    successor.record(3)
    print(json.dumps([successor.count(), list(successor.shared.notes()), said]), flush=True)
joined([fork(later)])
app.record()
print(json.dumps([app.count(), list(app.shared.notes()), said]))
"""


@pytest.mark.parametrize("whole", [1, 0], ids=["the directory", "the files in it"])
def test_what_is_removed_takes_nothing_with_it_and_page_and_log_say_so(tmp_path, whole):
    before, successor, after = map(json.loads, sharing.run(REMOVED, tmp_path / "shared", whole).splitlines())
    for expected, (count, (note,), said) in [(27, before), (28, after)]:
        assert count == expected
        assert "was removed" in note
        assert said == ["WARNING"]
    assert successor == [3, [], []]


GONE = """
import shutil, sys
from sharing import App
app = App(sys.argv[1])
app.record()
shutil.rmtree(sys.argv[1])
sys.stderr = sys.stdout
"""


def test_the_end_of_a_process_whose_directory_is_gone_is_silent(tmp_path):
    assert sharing.run(GONE, tmp_path / "shared") == ""


CLOSED = """
import json, os, sys
from sharing import App, HOME

directory, forks = sys.argv[1], int(sys.argv[2])
app = App(directory)
for number in range(10):
    app.record(1, HOME._replace(route=f"route{number}"))
if forks:
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        os._exit(0)
os.closerange(3, 4096)
own = [open(f"{directory}.{number}", "w+") for number in range(60)]
for number in range(40):
    app.record(1, HOME._replace(route=f"route{number}"))
app.shared._current.look(always=True)
for number, file in enumerate(own):
    file.write(str(number))
    file.seek(0)
print(json.dumps([app.count(), [file.read() for file in own], list(app.shared.notes())]))
"""


@pytest.mark.parametrize("forks", [1, 0], ids=["a daemon", "the same process"])
def test_files_of_an_application_that_closed_all_descriptors_are_left_alone(tmp_path, forks):
    """Their numbers, and those that mappings hold, belong to others then."""
    count, contents, notes = json.loads(sharing.run(CLOSED, tmp_path / "shared", forks))
    assert count == 50
    assert contents == [str(number) for number in range(60)]
    assert bool(notes) is not bool(forks)
    assert all("the application has closed" in note for note in notes)


def plant(own: Path):
    """All sorts of things in the places of slots."""
    good = (own / "slot-0000").read_bytes()
    (own / "slot-0001").write_bytes(os.urandom(50_000))
    (own / "slot-0002").write_bytes(good[:1000])
    (own / "slot-0003").write_bytes(good[:4096] + os.urandom(10_000))
    (own / "slot-0004").write_bytes(good[:8] + b"\xff" + good[9:])  # another version
    (own / "slot-0005").write_bytes(good[:16] + b"\xff" * 8 + good[24:])  # another layout
    (own / "slot-0006").write_bytes(good[:24] + b"\xff" * 8 + good[32:])  # more series than there is room for
    (own / "slot-0007").mkdir()
    os.mkfifo(own / "slot-0008")
    (own / "slot-0009").symlink_to("/dev/zero")
    (own / "slot-0010").symlink_to(own / "slot-0000")
    (own / "stats-0000.json").write_text("[" * 100_000)
    (own / "stats-0001.json").write_text("{}")
    (own / "slot-9x").touch()


SECOND = """
import json, sys
from sharing import App
holder = App(sys.argv[1])
holder.record(7)
app = App(sys.argv[1])
app.record(5)
print(json.dumps([app.count(), app.shared.active, len(app.snapshot().workers), list(app.shared.notes())]))
"""


def test_whatever_is_no_slot_is_skipped(tmp_path):
    sharing.run(ALONE, tmp_path / "shared")
    (own,) = (tmp_path / "shared").iterdir()
    plant(own)
    count, active, workers, notes = json.loads(sharing.run(SECOND, tmp_path / "shared"))
    assert (count, active, notes) == (7 + 7 + 5, True, [])
    assert workers == 2
