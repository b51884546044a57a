"""The files of a recording: who may read them, when another one begins, which are kept."""

from __future__ import annotations

import gzip
import stat

import pytest

from extender.kube.recording.file import RecordingFile

HEADER = b"header\n"


def fill(file, *lines):
    """Write lines as the recorder does."""
    for line in lines:
        if file.full:
            file.begin([HEADER[:2], HEADER[2:]])
        file.write(line)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_nothing_before_the_first_line(tmp_path):
    """A process that is asked nothing leaves the older files alone."""
    path = tmp_path / "r"
    path.write_bytes(b"old")
    RecordingFile(path, 100, 2).close()
    assert contents(tmp_path) == {"r": b"old"}


def test_only_the_owner_may_read_it(tmp_path):
    file = RecordingFile(tmp_path / "r", 100, 2)
    fill(file, b"one\n")
    file.close()
    assert stat.S_IMODE((tmp_path / "r").stat().st_mode) == 0o600


def test_what_is_there_becomes_an_older_file(tmp_path):
    (tmp_path / "r").write_bytes(b"old")
    file = RecordingFile(tmp_path / "r", 100, 2)
    fill(file, b"one\n")
    file.close()
    assert contents(tmp_path) == {"r": HEADER + b"one\n", "r.1": b"old"}


@pytest.mark.parametrize("files", [1, 2, 3])
def test_rotation(tmp_path, files):
    """A full file takes the next number, each begins with a header, the oldest goes."""
    file = RecordingFile(tmp_path / "r", 20, files)
    fill(file, *(b"line %d of many\n" % number for number in range(4)))
    file.close()
    expected = {
        "r" + (f".{age}" if age else ""): HEADER + b"line %d of many\n" % (3 - age) for age in range(files)
    }
    assert contents(tmp_path) == expected


def test_a_file_holds_as_much_as_its_header(tmp_path):
    """Where the cluster alone exceeds the size not every line begins a file."""
    file = RecordingFile(tmp_path / "r", 1, 9)
    fill(file, b"ab\n", b"ab\n", b"ab\n", b"ab\n")
    file.close()
    assert contents(tmp_path) == {"r": HEADER + b"ab\n", "r.1": HEADER + b"ab\n" * 3}


def test_gzip(tmp_path):
    """By its name; what is flushed can be read before the file ends."""
    path = tmp_path / "r.gz"
    file = RecordingFile(path, 1000, 2)
    fill(file, b"one\n")
    file.flush()
    with gzip.open(path) as stream:
        assert stream.read(len(HEADER) + 4) == HEADER + b"one\n"
    file.close()
    assert gzip.decompress(path.read_bytes()) == HEADER + b"one\n"


def test_a_disk_that_fails_is_told(tmp_path):
    """Whoever writes hears of it."""
    with pytest.raises(OSError, match="No such file"):
        RecordingFile(tmp_path / "nowhere" / "r", 100, 2).begin([HEADER])
