"""What is installed beside the code."""

import doctest
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest
from documents import DATA, EXAMPLES, READMES, ROOT, SHOWN, blocks, printed, shown

import swift_turboquant


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


@pytest.mark.parametrize(("arguments", "output", "where"), shown("semantic_search.py"))
def test_examples_print_what_the_readmes_show(arguments, output, where):
    assert printed(arguments) == output


def test_a_missing_package_is_named_with_its_extra():
    program = "import sys; sys.modules['ray'] = None; import swift_turboquant.ray"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (
        "ImportError: swift_turboquant.ray needs Ray: pip install 'swift-turboquant[ray]'"
        in done.stderr
    )


@pytest.mark.parametrize("document", [*READMES, ROOT / "Documentation/Python.md"], ids=str)
def test_sessions_in_documents(document, tmp_path, monkeypatch):
    if not document.exists():
        pytest.skip("not in a clone")
    (tmp_path / "Sources").symlink_to(DATA.parents[1])
    monkeypatch.chdir(tmp_path)
    if "pyarrow" in document.read_text():
        pytest.importorskip("pyarrow")
    text = "\n".join(blocks(document.read_text(), "pycon"))
    session = doctest.DocTestParser().get_doctest(text, {}, document.name, str(document), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    report = []
    runner.run(session, out=report.append)
    assert runner.failures == 0, "".join(report)
    assert runner.tries > 3


def test_every_example_is_shown_or_has_its_own_test():
    in_documents = {arguments[0] for arguments, _, _ in SHOWN}
    tested = {path.name.removeprefix("test_") for path in Path(__file__).parent.rglob("test_*.py")}
    assert in_documents | tested >= {path.name for path in EXAMPLES.glob("*.py")}
