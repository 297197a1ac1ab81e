#!/usr/bin/env python3
"""An independent reader of .tqi files, written from FileFormat.md: Python and numpy, nothing else.

    python3 read_tqi.py FILE [OUT [QUERY]]

Checks every byte, prints what the index is, its fingerprint and its ids, and decodes the rows. OUT gets
them as float32, row after row; QUERY is a file of one vector of float32, whose scores follow in OUT, and
then the originals, if they are kept. Exit 1 and one line for a damaged file.
"""
import hashlib, struct, sys
import numpy as np
from read_tqv import decode, expect, haar, philox, sections, unmix

METRICS = {1: "inner product", 2: "cosine", 3: "squared Euclidean"}

def record(body, codec_record, d):
    """The section `index`: metric, bytes of an original's coordinate, rows, mean."""
    expect(len(body) >= 64, "section index is cut short")
    version, metric, kept, has_mean, has_next, count, following, zero = struct.unpack_from("<I4BQQQ", body)
    expect(version == 2, f"index version {version}, not 2")
    expect(metric in METRICS and kept in (0, 2, 4) and has_mean < 2 and has_next < 2, "index malformed")
    expect(zero == 0 and (has_next or following == 0), "index malformed")
    expect(len(body) == 64 + 4 * d * has_mean, "index is not as long as its flags say")
    name = b"swift-turboquant index" + hashlib.sha256(codec_record).digest() + bytes([metric]) + body[64:]
    expect(hashlib.sha256(name).digest() == body[32:64], "fingerprint of another index")
    mean = np.frombuffer(body, "<f4", -1, 64) if has_mean else np.zeros(d, np.float32)
    following = following if has_next else "none"
    print(f"{METRICS[metric]}, {count} rows, {'a mean' if has_mean else 'no mean'}, next id {following}")
    print("fingerprint", body[32:64].hex())
    return metric, kept, count, mean, has_mean

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
    found = bits(columns(signs, count, c)[:, 0]).astype(np.int64) << b - 1
    # Rows × planes × columns × nibbles × bits.
    rest = bits(columns(rest, count, c, b - 1)).reshape(count, b - 1, c, 2, 4) if b > 1 else None
    first = shift = 0
    for w in (4, 2, 1):
        if not (b - 1) & w:
            continue
        for k in range(4):
            plane, start = (0, k + 1) if w == 1 else (k % 2, k + 2) if w == 2 else (k, 0)
            for i in range(w):
                part = rest[:, first + plane, :, :, (start + i) % 4].astype(np.int64)
                found.reshape(count, c, 2, 4)[:, :, :, k] |= part << shift + i
        first, shift = first + w, shift + w
    expect(not found[:, d:].any(), "bits beyond the last coordinate")
    return found[:, :d]

def scalars(body, kind, count, each=1):
    values = np.frombuffer(body, kind)
    expect(not body[count * each * values.itemsize:].strip(b"\0"), "values beyond the last row")
    return values[:count * each]

def sketched(signs, d, seed):
    """Jᵀ · signs, row by row, of a structured sketch of d directions."""
    words = philox(seed, purpose=2)
    return signs @ haar(d, words) if d <= 64 else unmix(signs.copy(), words)

def main(path, out=None, query=None):
    try:
        data = open(path, "rb").read()
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")
    found = sections(data, b"INDX")
    codec = found["codec"]
    d, norms, quantizer, stride = struct.unpack_from("<20xIBB10xI", codec)
    m, seed, b = *struct.unpack_from("<32xI4xQ", codec), struct.unpack_from("<88xI", codec)[0]
    metric, kept, count, mean, has_mean = record(found["index"], codec, d)
    blocks, two_stage = -(-count // 32), quantizer == 2
    sizes = {"signs": -(-d // 8), "rest": -(-d // 8) * (b - 1), "sketch": -(-m // 8), "norms": 4 * (norms == 1),
             "alignments": 4, "residual norms": 4 * two_stage, "mean components": 4 * (has_mean and metric != 3), "ids": 8, "originals": d * kept}
    for name, size in sizes.items():
        expect(size == 0 or len(found[name]) == 32 * size * blocks, f"section {name} has another length")
    ids = scalars(found["ids"], "<u8", count)
    expect(len(set(ids)) == count, "an id is there twice")
    print("ids", *ids)

    # The rows as a .tqv file would hold them, which read_tqv decodes.
    packed = codes(found["signs"], found.get("rest"), count, d, b)
    packed = (packed[:, :, None] >> np.arange(b) & 1).reshape(count, -1).astype(np.uint8)
    parts = [np.packbits(packed, axis=1, bitorder="little")]
    signs = columns(found["sketch"], count, -(-m // 8))[:, 0] if m else None
    parts += [signs] if m else []
    rows = {name: scalars(found[name], "<f4", count) for name in ("norms", "alignments", "residual norms")
            if sizes[name]}
    parts += [values.copy().view(np.uint8).reshape(count, 4) for values in rows.values()]
    body = np.concatenate(parts, axis=1).tobytes()
    expect(len(body) == count * stride, "rows of another length")
    encoded = decode(codec, body).astype(np.float64)
    output = [encoded + mean]
    if sizes["mean components"]:
        rows["mean components"] = scalars(found["mean components"], "<f4", count)
    if query:
        output.append(scores(np.fromfile(query, "<f4").astype(np.float64), encoded, rows, mean, metric,
                             bits(signs)[:, :m] * 2.0 - 1 if m else None, m, seed, codec))
    if kept:
        output.append(scalars(found["originals"], f"<f{kept}", count, d))
    if out:
        np.concatenate([part.ravel().astype("<f4") for part in output]).tofile(out)

def scores(q, encoded, rows, mean, metric, signs, m, seed, codec):
    """The score of every row, in floating point."""
    d = len(q)
    shifted = q - mean if metric == 3 else q
    along = 0.0
    if "mean components" in rows and mean.any():
        direction = mean / np.sqrt(mean.astype(np.float64) @ mean)
        along = q @ direction
        shifted = q - along * direction
    norm = rows.get("norms", np.ones(len(encoded), np.float32)).astype(np.float64)
    if signs is None:
        p = encoded @ shifted / rows["alignments"]
    else:
        expect(codec[29] == 3 and m == d, "a sketch that this reader does not know")
        unit = np.float32(1)
        rotation = codec[27]
        back = sketched(signs.astype(np.float32), d, seed)
        back = back @ haar(d, philox(seed)) if rotation == 1 else unmix(back * unit, philox(seed))
        p = encoded @ shifted + rows["residual norms"] * scale(d, m) * (back.astype(np.float64) @ shifted)
    if metric == 3:
        return norm**2 - 2 * p + shifted @ shifted
    p = p + q @ mean.astype(np.float64) + along * rows.get("mean components", 0)
    return p if metric == 1 else p / np.sqrt(q @ q) if q.any() else p * 0

def scale(d, m):
    """1/(E|u₁|·m) for u uniform on the unit sphere: E|u₁| = Γ(d/2)/(√π Γ((d+1)/2))."""
    from math import exp, lgamma, pi, sqrt
    return 1 / (exp(lgamma(d / 2) - lgamma((d + 1) / 2)) / sqrt(pi) * m)

if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
