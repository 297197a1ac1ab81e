"""The sessions in Documentation/Stores.md, and the example."""

import doctest

import pytest
from documents import ROOT, blocks, printed, shown

DOCUMENT = ROOT / "Documentation/Stores.md"


@pytest.mark.parametrize(
    ("title", "package"),
    [("LangChain", "langchain_core"), ("LlamaIndex", "llama_index.core"), ("Haystack", "haystack")],
)
def test_session(title, package):
    if not DOCUMENT.exists():
        pytest.skip("not in a clone")
    pytest.importorskip(package, reason=f"{package} is not installed")
    section = DOCUMENT.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
    (text,) = blocks(section, "pycon")
    session = doctest.DocTestParser().get_doctest(text, {}, title, str(DOCUMENT), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    report = []
    runner.run(session, out=report.append)
    assert runner.failures == 0, "".join(report)
    assert runner.tries > 3


@pytest.mark.parametrize(("arguments", "output", "where"), shown("langchain_store.py"))
def test_the_example_prints_what_the_readmes_show(arguments, output, where):
    pytest.importorskip("langchain_core", reason="langchain-core is not installed")
    assert printed(arguments) == output
