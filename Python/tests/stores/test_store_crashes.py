"""Folders of stores that are whole after crashes and beside other writers."""

import os
import shutil
import sys
import threading

import pytest
from store_folders import DIM, check, filled, load, same, save

from swift_turboquant import FileError
from swift_turboquant.stores import StoreChangedError, _files
from swift_turboquant.stores._folder import Folder


@pytest.fixture
def saved(tmp_path):
    save(tmp_path / "s", filled(7), "model")
    return tmp_path / "s"


def test_a_crash_at_every_step(saved):
    """The process ends at each of the file operations of a save, one after another."""
    store, survived = filled(9, "newer"), None
    steps = 0
    while survived != 0:
        copy = saved.with_name("copy")
        shutil.copytree(saved, copy)
        pid = os.fork()
        if pid == 0:
            left = steps

            def crash(event, arguments):
                nonlocal left
                if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.listdir"):
                    if left == 0:
                        os._exit(1)
                    left -= 1

            try:
                sys.addaudithook(crash)
                save(copy, store)
                os._exit(0)
            finally:
                os._exit(2)
        survived = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert survived in (0, 1)
        found = load(copy)
        if len(found) == 9:
            check(found, 9, "newer")
        else:
            assert survived == 1
            check(found, 7, "old")
        # The next save finds its way, and removes what is left.
        save(copy, filled(3, "newest"))
        check(load(copy), 3, "newest")
        assert len(list(copy.iterdir())) == 4
        shutil.rmtree(copy)
        steps += 1
    assert steps > 8  # documents, index, folder, manifest, … were opened


def test_a_full_disk(saved, monkeypatch):
    """An error at each fsync leaves the old store and no new files, until the manifest is replaced."""
    fsync = os.fsync
    for good in range(4):
        left = iter(range(good))

        def fails(descriptor, left=left):
            if next(left, None) is None:
                raise OSError(28, "No space left on device")
            return fsync(descriptor)

        monkeypatch.setattr(os, "fsync", fails)
        with pytest.raises(FileError, match="No space left"):
            save(saved, filled(9, "newer"))
        monkeypatch.undo()
        check(load(saved), 7, "old")
        assert len(list(saved.iterdir())) == 4


def test_a_store_that_was_written_although_its_save_failed(saved, monkeypatch):
    """What it left is its own, not another's, so the next save may replace it."""
    folder = Folder("test", None)
    store = folder.load(saved, same)
    store.put(["more"], [{"value": "new"}], [None])

    def interrupted(root):
        raise KeyboardInterrupt

    monkeypatch.setattr(_files, "_tidy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.save(saved, store, same)
    monkeypatch.undo()
    assert len(load(saved)) == 8
    folder.save(saved, store, same)
    save(saved, filled(7))
    with pytest.raises(StoreChangedError):
        folder.save(saved, store, same)


def test_lost_updates_are_refused(saved):
    first, second = Folder("test", None), Folder("test", None)
    mine, theirs = first.load(saved, same), second.load(saved, same)
    theirs.put(["theirs"], [{"value": "new"}], [None])
    second.save(saved, theirs, same)
    mine.put(["mine"], [{"value": "new"}], [None])
    with pytest.raises(StoreChangedError, match="load it again"):
        first.save(saved, mine, same)
    assert {each.id for each in load(saved).entries()} >= {"theirs"}
    other = saved.with_name("other")
    save(other, filled(1))
    first.save(other, mine, same)  # which it has never read, so it is replaced
    first.save(other, mine, same)
    with pytest.raises(StoreChangedError):  # as before
        first.save(saved, mine, same)
    second.save(saved, theirs, same)
    shutil.rmtree(saved)  # nothing that could be lost
    second.save(saved, theirs, same)


def test_a_folder_that_is_replaced_while_it_is_read(saved, monkeypatch):
    """The files that the manifest names go away before they are opened."""
    read, times = _files._read_lines, 0

    def late(path, manifest):
        nonlocal times
        if times < 3:
            times += 1
            save(saved, filled(times, "new"))
        return read(path, manifest)

    monkeypatch.setattr(_files, "_read_lines", late)
    check(load(saved), 3, "new")


def test_writers_and_readers_in_processes(saved):
    """Four processes save their own documents into one folder, while this one loads them."""
    children = []
    for value in ("a", "bb", "ccc", "dddd"):
        pid = os.fork()
        if pid == 0:
            code = 2
            try:
                for _ in range(8):
                    save(saved, filled(5, value))
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    seen = set()
    while children:
        found = load(saved)
        (value,) = {each.document["value"] for each in found.entries()}
        check(found, 7 if value == "old" else 5, value)
        seen.add(value)
        done, status = os.waitpid(children[0], os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            children.pop(0)
    assert len(seen) > 1
    assert len(list(saved.iterdir())) == 4


def test_a_store_can_be_searched_while_it_is_saved(tmp_path):
    store = filled(50)
    saving, go_on = threading.Event(), threading.Event()

    def slow(document):
        saving.set()
        assert go_on.wait(60)
        return document

    thread = threading.Thread(target=lambda: Folder("test", None).save(tmp_path, store, slow))
    thread.start()
    assert saving.wait(60)
    assert len(store.search([0.0] * DIM, 3)) == 3
    other = threading.Thread(target=lambda: store.remove(["ä0"]))  # waits
    other.start()
    go_on.set()
    thread.join()
    other.join()
    check(load(tmp_path), 50, "old")
    assert len(store) == 49
