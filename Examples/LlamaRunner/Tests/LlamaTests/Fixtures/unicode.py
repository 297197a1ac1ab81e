"""Makes the table of canonical decompositions, and texts in form C to compare with.

pip install unicodedata2; python unicode.py
"""
import json, os, random, textwrap
import unicodedata2 as unicode

here = os.path.dirname(os.path.abspath(__file__))
scalars = [c for c in range(0x110000) if not 0xd800 <= c < 0xe000]


def decomposition(scalar):
    """One step, not the whole; empty where there is none, and for Hangul, which is arithmetic."""
    text = unicode.decomposition(chr(scalar))
    return [] if text.startswith("<") or 0xac00 <= scalar < 0xd7a4 else text.split()


def make_table():
    entries = [f"{c:x} " + " ".join(p.lstrip("0").lower() for p in decomposition(c))
               for c in scalars if decomposition(c)]
    lines = textwrap.wrap("; ".join(entries), 94)
    open(here + "/../../../Sources/Llama/Tokenizer/Decompositions.swift", "w").write(
        f"""/// Canonical decompositions of Unicode {unicode.unidata_version}, written by `Tests/LlamaTests/Fixtures/unicode.py`.
enum Decompositions {{
  struct Pair: Hashable {{
    let first: Unicode.Scalar
    let second: Unicode.Scalar
  }}

  /// The decomposition of a scalar in one step, into one or two scalars.
  ///
  /// Hangul is not in the table.
  static let parts: [Unicode.Scalar: [Unicode.Scalar]] = {{
    let entries = table.split(separator: ";").map {{ entry in
      entry.split(whereSeparator: \\.isWhitespace).compactMap {{
        UInt32($0, radix: 16).flatMap {{ Unicode.Scalar($0) }}
      }}
    }}
    return Dictionary(uniqueKeysWithValues: entries.map {{ ($0[0], Array($0.dropFirst())) }})
  }}()

  /// The composition of a pair: all decompositions into two scalars that Unicode does not exclude.
  static let joined: [Pair: Unicode.Scalar] = {{
    let pairs = parts.filter {{ $1.count == 2 && !$0.properties.isFullCompositionExclusion }}
    return Dictionary(
      uniqueKeysWithValues: pairs.map {{ (Pair(first: $1[0], second: $1[1]), $0) }})
  }}()

  private static let table = \"\"\"
""" + "".join(f"    {line}\n" for line in lines) + """    \"\"\"
}
""")


def texts():
    yield from ["", "e\u0301", "\U00020054\u0327", "\u1100\u1161\u11a8", "\uac00\u11a8",
                "\u1100\u1161\u11a7", "\uac01\u11a8", "q\u0307\u0323", "\u1e0b\u0323",
                "\u0301a", "a\u0328\u0301\u0301", "\u212b\u2126\u212a", "\u0958", "\ufb4d",
                "\u0344", "a\u0344", "\U0001d15e", "\u0dd9\u0dcf\u0dca", "a\u0300\u05ae\u0300b",
                "\u110b\u1175\u11ab" * 3, "a" + "\u0327\u0301" * 40, "\u2f868\U0002f868"]
    generator = random.Random(7)
    composed = [c for c in scalars if decomposition(c)]
    marks = [c for c in scalars if unicode.combining(chr(c)) and unicode.category(chr(c)) != "Cn"]
    parts = sorted({ord(p) for c in composed for p in unicode.normalize("NFD", chr(c))})
    hangul = list(range(0x1100, 0x1113)) + list(range(0x1161, 0x1176)) + list(range(0x11a7, 0x11c3))
    pools = [composed, marks, parts, hangul, range(0xac00, 0xd7a4), range(0x41, 0x7b)]
    for _ in range(600):
        yield "".join(chr(generator.choice(generator.choice(pools)))
                      for _ in range(generator.randint(2, 9)))


def make_texts():
    listed = list(texts())
    alone = {f"{c:x}": [ord(x) for x in unicode.normalize("NFC", chr(c))] for c in scalars
             if unicode.normalize("NFC", chr(c)) != chr(c)}
    decomposed = {f"{c:x}": [ord(x) for x in unicode.normalize("NFD", chr(c))]
                  for c in scalars if decomposition(c)}
    json.dump({"unicode": unicode.unidata_version, "alone": alone, "decomposed": decomposed,
               "texts": [[ord(x) for x in t] for t in listed],
               "composed": [[ord(x) for x in unicode.normalize("NFC", t)] for t in listed]},
              open(here + "/unicode.json", "w"), separators=(",", ":"))


make_table()
make_texts()
