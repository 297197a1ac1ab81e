"""The command `turboquant`, as it is installed and by `python -m`."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time

import numpy as np
import pytest

import swift_turboquant
from swift_turboquant import Codec

_INSTALLED = shutil.which("turboquant", path=sysconfig.get_path("scripts"))
WAYS = {
    "module": [sys.executable, "-m", "swift_turboquant"],
    "script": [_INSTALLED] if _INSTALLED else None,
}


@pytest.fixture(params=WAYS)
def command(request):
    if WAYS[request.param] is None:
        pytest.skip("the package is not installed")
    return WAYS[request.param]


def run(command, *arguments, **options):
    return subprocess.run([*command, *arguments], capture_output=True, check=False, **options)


def test_version(command):
    done = run(command, "--version")
    assert done.stdout.decode() == f"turboquant {swift_turboquant.__version__}\n"
    assert (done.returncode, done.stderr) == (0, b"")


def test_exit_statuses(command, tmp_path):
    missing = run(command, "verify", tmp_path / "none.tqv")
    assert missing.returncode == 1 and b"none.tqv" in missing.stderr
    unknown = run(command, "encod")
    assert unknown.returncode == 2 and b"encode" in unknown.stderr


def test_it_encodes_what_the_package_encodes(command, tmp_path, shipped):
    vectors = shipped[0][:100]
    np.save(tmp_path / "x.npy", vectors)
    done = run(
        command, "encode", tmp_path / "x.npy", "-o", tmp_path / "x.tqv", "--seed", "7", "--json"
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    codec = Codec(384, seed=7)
    assert report["fingerprint"] == codec.fingerprint.hex()
    # The codes stand in the file as they are; Documentation/FileFormat.md.
    assert codec.encode(vectors).data.tobytes() in (tmp_path / "x.tqv").read_bytes()


def test_names_that_are_not_utf8_are_refused_as_such(command, tmp_path):
    done = run(command, "verify", os.fsencode(tmp_path) + b"/\xff.tqv")
    assert done.returncode in (1, 2) and b"UTF-8" in done.stderr


def test_standard_input_and_a_reader_that_goes_away(command, tmp_path):
    vectors = io.BytesIO()
    np.save(vectors, np.eye(16, dtype=np.float32))
    done = run(command, "encode", "-", "-o", tmp_path / "x.tqv", input=vectors.getvalue())
    assert done.returncode == 0, done.stderr
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*command, "help"], stdout=writing, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writing)
    # As `head` expects of what it reads from: the signal, and not a word.
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_nothing_is_left(command, tmp_path, number):
    process = subprocess.Popen(
        [*command, "encode", "-", "-o", tmp_path / "x.tqv"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        # Jobs in the background ignore SIGINT.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # noqa: PLW1509
    )  # fmt: skip
    header = io.BytesIO()
    np.save(header, np.zeros((10, 16), np.float32))
    process.stdin.write(header.getvalue()[:-64])  # a row is missing, so it waits
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not any(tmp_path.iterdir()):
        assert time.monotonic() < deadline and process.poll() is None, "it wrote nothing"
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -number and b"Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_ignored_interrupts_stay_ignored(tmp_path):
    """As after `nohup` or in the background of a script."""
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); import os; "
        "os.execv(sys.executable, [sys.executable, '-m', 'swift_turboquant', *sys.argv[1:]])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "encode", "-", "-o", tmp_path / "x.tqv"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    vectors = io.BytesIO()
    np.save(vectors, np.eye(16, dtype=np.float32))
    process.stdin.write(vectors.getvalue()[:-64])
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not any(tmp_path.iterdir()):
        assert time.monotonic() < deadline and process.poll() is None, "it wrote nothing"
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(vectors.getvalue()[-64:], timeout=60)
    assert process.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["x.tqv"]
