#!/usr/bin/env python3
"""An independent reader of .tqv files, written from FileFormat.md: Python and numpy, nothing else.

    python3 read_tqv.py FILE [OUT.npy]

Checks every byte, prints the codec and its fingerprint, regenerates the rotation from the seed and
decodes the rows. Exit 1 and one line for a damaged file or a codec that it cannot decode (QJL).
"""
import hashlib, math, struct, sys
import numpy as np

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF

def expect(condition, message):
    if not condition:
        sys.exit(f"{sys.argv[1]}: {message}")

def sections(data, expected_kind=b"VECS"):
    """The sections by name, every byte of the file checked."""
    expect(data[:8] == b"\x89TQ\r\n\x1a\n\0", "not a container")
    expect(len(data) >= 64, "shorter than a header")
    version, kind, size, count, table_crc = struct.unpack_from("<I4sQII", data, 8)
    expect(crc32c(data[:60]) == struct.unpack_from("<I", data, 60)[0], "header damaged")
    expect(version == 1 and kind == expected_kind and not any(data[32:60]),
           f"not version 1 of {expected_kind.decode()}")
    expect(size == len(data), f"{len(data)} bytes, expected {size}")
    end = 64 + 64 * count
    expect(crc32c(data[64:end]) == table_crc, "section table damaged")
    found, parts = {}, []
    for at in range(64, end, 64):
        name, start, size, sums, chunks, sums_crc = struct.unpack_from("<16sQQQII", data, at)
        name = name.rstrip(b"\0").decode("ascii", "replace")
        expect(chunks == -(-size >> 20) and not any(data[at + 48:at + 64]), "section table malformed")
        expect(crc32c(data[sums:sums + 4 * chunks]) == sums_crc, f"checksums of {name} damaged")
        body = data[start:start + size]
        for i in range(chunks):
            stored = struct.unpack_from("<I", data, sums + 4 * i)[0]
            expect(crc32c(body[i << 20:i + 1 << 20]) == stored, f"{name} damaged at {start + (i << 20)}")
        found[name] = body
        parts += [(start, start + size), (sums, sums + 4 * chunks)]
    for start, stop in sorted(parts) + [(len(data), len(data))]:
        expect(start == -(-end // 64) * 64 and not any(data[end:start]), f"padding at {end} malformed")
        end = stop
    return found

def philox(seed, purpose=1):
    """32-bit words of stream 0 of a purpose: 1 the rotation, 2 the sketch."""
    block = 0
    while True:
        c = [block & 0xFFFFFFFF, block >> 32, 0, purpose]
        k = [seed & 0xFFFFFFFF, seed >> 32]
        for _ in range(10):
            p, q = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
            c = [q >> 32 ^ c[1] ^ k[0], q & 0xFFFFFFFF, p >> 32 ^ c[3] ^ k[1], p & 0xFFFFFFFF]
            k = [k[0] + 0x9E3779B9 & 0xFFFFFFFF, k[1] + 0xBB67AE85 & 0xFFFFFFFF]
        yield from c
        block += 1

def normals(words):
    """Standard normals by Marsaglia's polar method."""
    uniform = lambda: ((next(words) >> 5 << 26) + (next(words) >> 6)) * 2.0**-53
    while True:
        x, y = 2 * uniform() - 1, 2 * uniform() - 1
        s = x * x + y * y
        if 0 < s < 1:
            factor = math.sqrt(-2 * math.log(s) / s)
            yield from (x * factor, y * factor)

def haar(d, words):
    """Q of the QR factorisation of a Gaussian matrix with a positive diagonal of R."""
    gauss, reflections = normals(words), []
    for k in range(d):
        v = np.array([next(gauss) for _ in range(d - k)])
        sign = 1 if v[0] < 0 else -1
        v[0] -= sign * np.linalg.norm(v)
        reflections.append((v * math.sqrt(2) / (np.linalg.norm(v) or 1), sign))
    q = np.eye(d)
    for k in reversed(range(d)):
        v, sign = reflections[k]
        q[k:, k:] -= np.outer(v, v @ q[k:, k:])
        q[k:, k] *= sign
    return q.astype(np.float32)

def hadamard(x):
    half = 1
    while half < x.shape[1]:
        pairs = x.reshape(len(x), -1, 2, half)
        x = np.stack([pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]], 2)
        x, half = x.reshape(len(x), -1), 2 * half
    return x

def unmix(y, words):
    """The inverse of the randomized Hadamard rotation, row by row."""
    d = y.shape[1]
    n = 1 << d.bit_length() - 1
    golden = (1 + math.sqrt(5)) / 2
    L, T = ("H", 0, n), ("H", d - n, n)
    G = ("G", n, d - n, n / d) if d > n else ("G", n // 2, n // 2, golden / (1 + golden))
    steps = [T, L, G, L, T, G, L] if d > n else [L, G, L, G, L]
    signs = []
    for step in steps:
        bits = []
        for _ in range(-(-step[2] // 32)):
            word = next(words)
            bits += [1 - 2 * (word >> i & 1) for i in range(32)]
        signs.append(np.array(bits[:step[2]], np.float32))
    for (kind, offset, count, *square), sign in reversed(list(zip(steps, signs))):
        if kind == "H":
            part = slice(offset, offset + count)
            y[:, part] = hadamard(y[:, part]) * sign * np.float32(1 / math.sqrt(n))
        else:
            cosine, sine = np.float32(math.sqrt(1 - square[0])), np.float32(math.sqrt(square[0]))
            a, b = y[:, :count].copy(), y[:, offset:offset + count].copy()
            y[:, :count], y[:, offset:offset + count] = cosine * a + sine * b, (sine * a - cosine * b) * sign
    return y

def unpack(rows, offset, count, bits):
    """`count` codes of each row from byte `offset` on."""
    packed = rows[:, offset:offset + -(-count * bits // 8)]
    flat = np.unpackbits(packed, axis=1, bitorder="little")[:, :count * bits]
    return flat.reshape(len(rows), count, bits) @ (1 << np.arange(bits))

def undo_polar(d, segments, rows, y):
    """Rotated unit vectors from codes and the radii y, from the last level down."""
    levels = []
    for first, _, bits, offset, centroids in segments:
        if first == 0:
            levels.append((bits, offset, []))
        levels[-1][2].append((first, centroids))
    for number, (bits, offset, books) in reversed(list(enumerate(levels))):
        half = -(-d >> number) // 2
        codes = unpack(rows, offset, half, bits)
        angles = books[0][1][codes]
        for first, centroids in books[1:]:
            angles[:, first:] = centroids[codes[:, first:]]
        split = np.stack([y[:, :half] * np.cos(angles), y[:, :half] * np.sin(angles)], 2)
        y = np.hstack([split.reshape(len(rows), -1), y[:, half:]])
    return y

def decode(record, body):
    tag, version, d, norms, quantizer, half_bits, rotation, _, _, count, scalars, m, stride, seed = \
        struct.unpack_from("<16sIIBBBBBBBBIIQ", record)
    expect(tag == b"swift-turboquant" and version == 1, "not codec version 1")
    print(f"dimension {d}, {['scalar', 'two-stage', 'qjl', 'polar'][quantizer - 1]} at {half_bits / 2:g} bits,",
          f"seed {seed}, {len(body) // stride} rows of {stride} bytes")
    print("fingerprint", hashlib.sha256(record).hexdigest())
    expect(quantizer != 3, "QJL rows keep signs alone; not decoded here")
    rows = np.frombuffer(body, np.uint8).reshape(-1, stride)
    segments, at, end = [], 80, 0
    for _ in range(count):
        first, size, bits, offset = struct.unpack_from("<4I", record, at)
        segments.append((first, size, bits, offset, np.frombuffer(record, "<f4", 1 << bits, at + 16)))
        end = offset + -(-(first + size if quantizer == 4 else size) * bits // 8)
        at += 16 + 4 * ((2 << bits) - 1)
    if quantizer == 4:
        start, levels = end, sum(segment[0] == 0 for segment in segments)
        end += 2 * -(-d >> levels)
        y = undo_polar(d, segments, rows, rows[:, start:end].copy().view("<f2").astype(np.float32))
    else:
        y = np.empty((len(rows), d), np.float32)
        for first, size, bits, offset, centroids in segments:
            y[:, first:first + size] = centroids[unpack(rows, offset, size, bits)]
    x = y @ haar(d, philox(seed)) if rotation == 1 else unmix(y, philox(seed))
    if norms == 1:
        end += -(-m // 8)
        x *= rows[:, end:end + 4].copy().view("<f4")
    return x

if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        data = open(sys.argv[1], "rb").read()
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: {error.strerror}")
    found = sections(data)
    expect(set(found) == {"codec", "rows"}, "expected the sections codec and rows")
    vectors = decode(found["codec"], found["rows"])
    if len(sys.argv) == 3:
        np.save(sys.argv[2], vectors)
