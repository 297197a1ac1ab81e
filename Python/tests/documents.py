"""What documents show: code, and examples with their output."""

import importlib
import itertools
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = Path(__file__).parents[1] / "examples"
DATA = ROOT / "Sources/CDemoData/data"
if not DATA.is_dir():  # in a source distribution
    DATA = Path(__file__).parents[1] / "swift/Sources/CDemoData/data"


def blocks(text, language):
    """The blocks of code in a document that have a language, or none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for name, block in found if name == language]


def commands(readme):
    """(arguments, output) of each example that is shown: a block with `python …`, then a block with what it prints."""
    for shown, output in itertools.pairwise(blocks(readme.read_text(), "")):
        if found := re.fullmatch(r"python (?:Python/)?examples/(.*)\n", shown):
            yield found[1].split(), output


READMES = [path for path in (ROOT / "README.md", EXAMPLES.parent / "README.md") if path.exists()]
PAGES = [path for path in (*READMES, ROOT / "Documentation/Scale.md") if path.exists()]
SHOWN = [(*shown, path.parent.name) for path in PAGES for shown in commands(path)]


def shown(example):
    """The examples in documents that run this program."""
    return [each for each in SHOWN if each[0][0] == example]


def printed(arguments):
    """What an example prints."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / arguments[0], *arguments[1:]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def example(name):
    """The module that an example is."""
    sys.path.insert(0, str(EXAMPLES))  # one imports another
    try:
        return importlib.import_module(name.removesuffix(".py"))
    finally:
        sys.path.remove(str(EXAMPLES))
