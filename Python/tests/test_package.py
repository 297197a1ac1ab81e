"""What is installed beside the code."""

import doctest
import importlib.metadata
import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import DATA

import swift_turboquant

ROOT = Path(__file__).parents[2]
EXAMPLES = Path(__file__).parents[1] / "examples"


def test_version_licence_and_types():
    try:
        distribution = importlib.metadata.distribution("swift-turboquant")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package is not installed")
    assert distribution.version == swift_turboquant.__version__
    assert distribution.metadata["License-Expression"] == "Apache-2.0"
    licence = distribution.read_text("licenses/LICENSE")
    if licence is not None:  # an editable installation may have none
        assert licence == (EXAMPLES.parent / "LICENSE").read_text()
    assert (Path(swift_turboquant.__file__).parent / "py.typed").exists()


def test_the_licence_is_that_of_the_repository():
    if not (ROOT / "Package.swift").exists():
        pytest.skip("not in a clone")
    assert (EXAMPLES.parent / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def blocks(document, language):
    """The blocks of code in a document that have a language, or none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", document.read_text(), re.DOTALL | re.MULTILINE)
    return [text for name, text in found if name == language]


def commands(readme):
    """(arguments, output) of each example that is shown: a block with `python …`, then a block with what it prints."""
    for shown, output in itertools.pairwise(blocks(readme, "")):
        if found := re.fullmatch(r"python (?:Python/)?examples/(.*)\n", shown):
            yield found[1].split(), output


READMES = [path for path in (ROOT / "README.md", EXAMPLES.parent / "README.md") if path.exists()]
SHOWN = [(*shown, path.parent.name) for path in READMES for shown in commands(path)]


@pytest.mark.parametrize(("arguments", "output", "where"), SHOWN)
def test_examples_print_what_the_readmes_show(arguments, output, where):
    done = subprocess.run(
        [sys.executable, EXAMPLES / arguments[0], *arguments[1:]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == output


@pytest.mark.parametrize("document", [*READMES, ROOT / "Documentation/Python.md"], ids=str)
def test_sessions_in_documents(document, tmp_path, monkeypatch):
    if not document.exists():
        pytest.skip("not in a clone")
    (tmp_path / "Sources").symlink_to(DATA.parents[1])
    monkeypatch.chdir(tmp_path)
    if "pyarrow" in document.read_text():
        pytest.importorskip("pyarrow")
    text = "\n".join(blocks(document, "pycon"))
    session = doctest.DocTestParser().get_doctest(text, {}, document.name, str(document), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    printed = []
    runner.run(session, out=printed.append)
    assert runner.failures == 0, "".join(printed)
    assert runner.tries > 3


def test_every_example_is_shown_or_has_its_own_test():
    shown = {arguments[0] for arguments, _, _ in SHOWN}
    tested = {path.name.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert shown | tested >= {path.name for path in EXAMPLES.glob("*.py")}
