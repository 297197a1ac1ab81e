"""The sessions in Documentation/Stores.md."""

import doctest
import re
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "Documentation/Stores.md"


@pytest.mark.parametrize(
    ("title", "package"),
    [("LangChain", "langchain_core"), ("LlamaIndex", "llama_index.core"), ("Haystack", "haystack")],
)
def test_session(title, package):
    if not DOCUMENT.exists():
        pytest.skip("not in a clone")
    pytest.importorskip(package, reason=f"{package} is not installed")
    section = DOCUMENT.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
    (text,) = re.findall(r"^```pycon\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    session = doctest.DocTestParser().get_doctest(text, {}, title, str(DOCUMENT), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    printed = []
    runner.run(session, out=printed.append)
    assert runner.failures == 0, "".join(printed)
    assert runner.tries > 3
