#!/usr/bin/env python3
"""An independent reader of .tqi files, written from FileFormat.md: Python and numpy, nothing else.

    python3 read_tqi.py FILE [OUT [QUERY]]

Checks every byte, prints what the index is, its fingerprint, its ids and its tags, the first and last of them
where they are many, and decodes the rows. OUT gets
them as float32, row after row; QUERY is a file of one vector of float32, whose scores follow in OUT, and
then the originals, if they are kept. Exit 1 and one line for a damaged file.
"""
import hashlib, struct, sys
import numpy as np
from read_tqv import ROWS, Codec, expect, philox, sections, undoing

SECTIONS = {"codec", "index", "centres", "signs", "rest", "sketch", "norms", "alignments", "residual norms",
            "components", "ids", "originals", "tag ends", "tags"}
METRICS = {1: "inner product", 2: "cosine", 3: "squared Euclidean"}

def record(found, optional, d):
    """The section `index`: metric, bytes of an original's coordinate, kind of tags, rows, mean."""
    body = found["index"]
    expect(len(body) >= 64, "section index is cut short")
    version, metric, kept, third, has_next, count, following, last = struct.unpack_from("<I4BQQQ", body)
    expect(version in (2, 3), f"index version {version}, not 2 or 3")
    expect(metric in METRICS and kept in (0, 2, 4) and has_next < 2, "index malformed")
    expect(has_next or following == 0, "index malformed")
    # The mean follows in version 2, where the third byte tells of it, and has a section in version 3.
    has_mean, tags = (third, 0) if version == 2 else (last & 0xffffffff, third)
    expect(has_mean < 2 and tags < 3 and last == (0 if version == 2 else has_mean | 1 << 32), "index malformed")
    mean = body[64:] if version == 2 else found.get("centres", b"")
    expect(len(mean) == 4 * d * has_mean and (version == 2 or len(body) == 64), "the mean has another length")
    if version == 3:
        unknown = set(found) - SECTIONS - optional
        expect(not unknown, f"section {min(unknown, default=None)} is not known here")
    name = b"swift-turboquant index" + hashlib.sha256(found["codec"]).digest() + bytes([metric]) + mean
    expect(hashlib.sha256(name).digest() == body[32:64], "fingerprint of another index")
    mean = np.frombuffer(mean, "<f4") if has_mean else np.zeros(d, np.float32)
    following = following if has_next else "none"
    print(f"{METRICS[metric]}, {count} rows, {'a mean' if has_mean else 'no mean'}, next id {following}")
    print("fingerprint", body[32:64].hex())
    return version, metric, kept, tags, count, mean, has_mean

def tags_of(found, count, kind):
    """The tags of all rows, as bytes."""
    ends, body = np.frombuffer(found["tag ends"], "<u8"), found["tags"]
    starts = np.concatenate([np.zeros(1, "<u8"), ends[:-1]])
    expect(len(ends) == count and (not count or ends[-1] == len(body)), "tags of another number of rows")
    expect((ends >= starts).all() and (ends - starts <= 65535).all(), "a tag is too long")
    tags = [body[start:end] for start, end in zip(starts.tolist(), ends.tolist())]
    expect(len(set(tags)) == count, "a tag is there twice")
    try:
        [tag.decode() for tag in tags if kind == 1]
    except UnicodeDecodeError:
        expect(False, "a tag is not UTF-8")
    return tags

def columns(body, count, number, planes=1):
    """Rows × planes × columns of a section of blocks of so many planes."""
    whole, there, left = number // 4, -(-count // 32), number % 4
    blocks = np.frombuffer(body, np.uint8).reshape(there, 32 * planes * number)
    units, last = np.split(blocks, [128 * planes * whole], axis=1)
    # Units × planes × rows × bytes of a word become rows × planes × columns.
    units = units.reshape(there, whole, planes, 32, 4).transpose(0, 3, 2, 1, 4)
    units = units.reshape(32 * there, planes, 4 * whole)
    last = last.reshape(there, planes, 32, left).transpose(0, 2, 1, 3).reshape(32 * there, planes, left)
    rows = np.concatenate([units, last], axis=2)
    expect(not rows[count:].any(), "bits beyond the last row")
    return rows[:count]

def bits(rows):
    return np.unpackbits(rows, axis=-1, bitorder="little")

def codes(signs, rest, count, d, b):
    """Rows × d codes of b bits."""
    c = -(-d // 8)
    found = bits(columns(signs, count, c)[:, 0]) << b - 1
    # Rows × planes × columns × nibbles × bits.
    rest = bits(columns(rest, count, c, b - 1)).reshape(count, b - 1, c, 2, 4) if b > 1 else None
    first = shift = 0
    for w in (4, 2, 1):
        if not (b - 1) & w:
            continue
        for k in range(4):
            plane, start = (0, k + 1) if w == 1 else (k % 2, k + 2) if w == 2 else (k, 0)
            for i in range(w):
                part = rest[:, first + plane, :, :, (start + i) % 4]
                found.reshape(count, c, 2, 4)[:, :, :, k] |= part << shift + i
        first, shift = first + w, shift + w
    expect(not found[:, d:].any(), "bits beyond the last coordinate")
    return found[:, :d]

def scalars(body, kind, count, each=1):
    values = np.frombuffer(body, kind)
    expect(not body[count * each * values.itemsize:].strip(b"\0"), "values beyond the last row")
    return values[:count * each]

def show(name, words):
    """All ids or tags, or, of more than forty, the first and the last."""
    few = words if len(words) <= 40 else words[:10] + ["…"] + words[-3:]
    print(name, *few, f"({len(words)} in all)")

def main(path, out=None, query=None):
    try:
        data = open(path, "rb").read()
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")
    optional = set()
    found = sections(data, b"INDX", optional)
    codec = Codec(found["codec"])
    d, b = codec.d, codec.segments[0][2]
    version, metric, kept, tags, count, mean, has_mean = record(found, optional, d)
    blocks = -(-count // 32)
    sizes = {"signs": -(-d // 8), "rest": -(-d // 8) * (b - 1), "sketch": -(-codec.m // 8),
             "norms": 4 * codec.has_norms, "alignments": 4, "residual norms": 4 * (codec.quantizer == 2),
             "mean components" if version == 2 else "components": 4 * (has_mean and metric != 3), "ids": 8, "originals": d * kept}
    for name, size in sizes.items():
        expect(size == 0 or len(found[name]) == 32 * size * blocks, f"section {name} has another length")
    ids = scalars(found["ids"], "<u8", count)
    expect(len(np.unique(ids)) == count, "an id is there twice")
    codec.describe(count)
    show("ids", [str(id) for id in ids.tolist()])
    if tags:
        show("tags", [f"“{tag.decode() if tags == 1 else tag.hex()}”" for tag in tags_of(found, count, tags)])

    q = np.fromfile(query, "<f4").astype(np.float64) if query else None
    score = scorer(q, mean, metric, codec) if query else None
    undo, centroids = codec.undoing(), codec.segments[0][4]
    vectors, results = np.empty((count, d), "<f4"), np.empty(count if query else 0, "<f4")
    rows = {name: scalars(found[name], "<f4", count)
            for name in ("norms", "alignments", "residual norms", "mean components", "components")
            if sizes.get(name)}
    for at in range(0, count, ROWS):
        n = min(ROWS, count - at)
        # Whole blocks of 32 rows.
        part = {name: found[name][at * size:(at + ROWS) * size] for name, size in sizes.items() if size}
        encoded = undo(centroids[codes(part["signs"], part.get("rest"), n, d, b)])
        own = {name: values[at:at + n, None] for name, values in rows.items()}
        if codec.has_norms:
            encoded = encoded * own["norms"]
        encoded = encoded.astype(np.float64)
        vectors[at:at + n] = encoded + mean
        signs = bits(columns(part["sketch"], n, sizes["sketch"])[:, 0]) if codec.m else None
        expect(signs is None or not signs[:, codec.m:].any(), "bits beyond the last direction")
        if query:
            results[at:at + n] = score(encoded, own, signs)[:, 0]
    output = [vectors.ravel(), results]
    if kept:
        output.append(scalars(found["originals"], f"<f{kept}", count, d).astype("<f4"))
    if out:
        np.concatenate(output).tofile(out)

def scorer(q, mean, metric, codec):
    """A function that scores rows, in floating point: from what is decoded, scalars and signs, n × 1 scores."""
    d, mean = len(q), mean.astype(np.float64)
    shifted = q - mean if metric == 3 else q
    along = 0.0
    if metric != 3 and mean.any():
        direction = mean / np.sqrt(mean @ mean)
        along = q @ direction
        shifted = q - along * direction
    if codec.m:
        expect(codec.sketch == 3 and codec.m == d, "a sketch that this reader does not know")
        # The structured sketch J is a rotation like that of codes, from words of its own.
        unsketch = undoing(1 if d <= 64 else 2, d, philox(codec.seed, purpose=2))
        undo, unit = codec.undoing(), scale(d, codec.m)

    def score(encoded, own, signs):
        p = encoded @ shifted[:, None]
        if signs is None:
            p = p / own["alignments"]
        else:
            back = undo(unsketch(signs[:, :d] * np.float32(2) - 1)).astype(np.float64)
            p = p + own["residual norms"] * unit * (back @ shifted[:, None])
        if metric == 3:
            return own.get("norms", np.float32(1)).astype(np.float64)**2 - 2 * p + shifted @ shifted
        p = p + q @ mean + along * own.get("components", own.get("mean components", 0))
        return p if metric == 1 else p / np.sqrt(q @ q) if q.any() else p * 0
    return score

def scale(d, m):
    """1/(E|u₁|·m) for u uniform on the unit sphere: E|u₁| = Γ(d/2)/(√π Γ((d+1)/2))."""
    from math import exp, lgamma, pi, sqrt
    return 1 / (exp(lgamma(d / 2) - lgamma((d + 1) / 2)) / sqrt(pi) * m)

if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
