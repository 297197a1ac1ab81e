"""Makes small tokenizers with odd added tokens, vocabularies and templates, and records how Hugging
Face's library reads texts with each.

pip install tokenizers; python variants.py
"""
import json, os, random
from tokenizers import Tokenizer

here = os.path.dirname(os.path.abspath(__file__))
GPT2 = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
NEWER = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s"
         r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def alphabet():
    printable = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(0x100 + i) for i, b in enumerate(others)}


LETTERS = alphabet()
coded = lambda text: "".join(LETTERS[b] for b in text.encode())
PIECES = ["e\u0301", "\u00e9", "a", "b", "ab", "!", "q\u0323\u0307", "\uac01", "\u1100\u1161", "\u0301",
          "\u65e5", " ", "\n", "\u0120", "<t>", "<", "\U00020054\u0327", "\u212b", "1", "'s"]


def tokenizer(generator):
    text = lambda n: "".join(generator.choice(PIECES) for _ in range(generator.randint(1, n)))
    vocabulary = {LETTERS[b]: b for b in range(256)}
    merges = []
    for _ in range(generator.randint(0, 24)):
        left, right = generator.choice(list(vocabulary)), generator.choice(list(vocabulary))
        if generator.random() < 0.8:
            both = coded(text(2))
            left, right = both[:-1], both[-1]
        if left in vocabulary and len(left + right) < 12:
            vocabulary.setdefault(left + right, len(vocabulary))
            merges.append([left, right])
    for _ in range(generator.randint(0, 3)):  # Tokens that merging does not lead to.
        vocabulary.setdefault(generator.choice([coded(text(3)), text(3)]), len(vocabulary))
    added, next_id = {}, len(vocabulary)
    for _ in range(generator.randint(0, 6)):
        content = generator.choice([text(3), "!", "<t>", generator.choice(list(vocabulary))])
        if content in added:
            continue
        token = vocabulary.get(content, next_id)
        next_id = max(next_id, token + 1)
        added[content] = dict(
            id=token, content=content, single_word=False, lstrip=False, rstrip=False,
            normalized=generator.random() < 0.5, special=generator.random() < 0.4)
    split = lambda digits: {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": NEWER % digits}, "behavior": "Isolated",
         "invert": False}, GPT2 | {"use_regex": False}]}
    name = lambda id: {"SpecialToken": {"id": f"t{id}", "type_id": 0}}
    places = [name(1), {"Sequence": {"id": "A", "type_id": 0}}, name(2)]
    template = {"type": "TemplateProcessing", "single": places[generator.randint(0, 1):][:3],
                "pair": [], "special_tokens": {
                    "t1": {"id": "t1", "ids": [3, 4], "tokens": ["x", "y"]},
                    "t2": {"id": "t2", "ids": [5], "tokens": ["z"]}}}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": list(added.values()),
        "normalizer": generator.choice([None, {"type": "NFC"},
                                        {"type": "Sequence", "normalizers": [{"type": "NFC"}]}]),
        "pre_tokenizer": generator.choice([GPT2, split(r"\p{N}"), split(r"\p{N}{1,3}")]),
        "post_processor": generator.choice([None, GPT2, template, {
            "type": "Sequence", "processors": [GPT2, template]}]),
        "decoder": GPT2,
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": generator.choice([None, ""]),
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                  "ignore_merges": generator.random() < 0.5, "vocab": vocabulary,
                  "merges": generator.choice([merges, [" ".join(m) for m in merges]])}}


def case(seed):
    generator = random.Random(seed)
    file = json.dumps(tokenizer(generator), ensure_ascii=True, separators=(",", ":"))
    reference = Tokenizer.from_str(file)
    contents = [t["content"] for t in json.loads(file)["added_tokens"]]
    texts = ["".join(generator.choice(PIECES + contents) for _ in range(generator.randint(1, 12)))
             for _ in range(12)]
    size = reference.get_vocab_size()
    ids = [[generator.randrange(size) for _ in range(6)] for _ in range(6)] + [[i] for i in range(200, size)]
    return {"seed": seed, "file": file, "texts": texts,
            "tokens": [reference.encode(t).ids for t in texts],
            "ids": ids, "decoded": [reference.decode(i, skip_special_tokens=False) for i in ids],
            "skipped": [reference.decode(i) for i in ids]}


json.dump([case(seed) for seed in range(32)], open(here + "/variants.json", "w"),
          ensure_ascii=True, separators=(",", ":"))
