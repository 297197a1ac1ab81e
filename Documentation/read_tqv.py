#!/usr/bin/env python3
"""An independent reader of .tqv files, written from FileFormat.md: Python and numpy, nothing else.

    python3 read_tqv.py FILE [OUT.npy]

Checks every byte, prints the codec and its fingerprint, regenerates the rotation from the seed and
decodes the rows. Exit 1 and one line for a damaged file or a codec that it cannot decode (QJL).
"""
import hashlib, math, struct, sys
import numpy as np

ROWS = 1024  # decoded at once, so that they stay in the processor's cache

def passing(zeros):
    """What `zeros` zero bytes, a power of two, make of each byte of a register of the checksum."""
    if zeros > 1:
        half = passing(zeros // 2)
        return through(half, half)
    register = np.arange(256, dtype=np.uint32) << np.arange(0, 32, 8, dtype=np.uint32)[:, None]
    for _ in range(8):
        register = register >> np.uint32(1) ^ (register & np.uint32(1)) * np.uint32(0x82F63B78)
    return register

def through(table, register):
    """Registers after as many zero bytes as `table` is of."""
    return table[0][register & 255] ^ table[1][register >> 8 & 255] \
        ^ table[2][register >> 16 & 255] ^ table[3][register >> 24]

def crc32c(data):
    """In lanes of 64 bytes, side by side: the checksum is linear.

    A register that begins with zero stays zero through zero bytes, so they may stand before the data.
    The initial value, all ones, is the same as four inverted bytes at the start; the data are at least
    four bytes for that. Two lanes become one when the first is sent through as many zero bytes as the
    second has.
    """
    if len(data) < 4:
        register = 0xFFFFFFFF
        for byte in data:
            register = register >> 8 ^ int(STEP[1][0][(register ^ byte) & 255])
        return register ^ 0xFFFFFFFF
    lanes = 1 << max(0, len(data) - 1 >> 6).bit_length()
    padded = np.zeros(64 * lanes, np.uint8)
    padded[-len(data):] = np.frombuffer(data, np.uint8)
    padded[-len(data):][:4] ^= 255
    words = padded.view("<u4").reshape(lanes, 16)
    register = np.zeros(lanes, np.uint32)
    for column in range(16):
        register = through(STEP[4], register ^ words[:, column])
    zeros = 64
    while len(register) > 1:
        register = through(STEP[zeros], register[0::2]) ^ register[1::2]
        zeros *= 2
    return int(register[0]) ^ 0xFFFFFFFF

STEP = {1 << k: passing(1 << k) for k in range(21)}

def expect(condition, message):
    if not condition:
        sys.exit(f"{sys.argv[1]}: {message}")

def sections(data, expected_kind=b"VECS", optional=None):
    """The sections by name, every byte of the file checked; the names of optional ones go to a set."""
    expect(data[:8] == b"\x89TQ\r\n\x1a\n\0", "not a container")
    expect(len(data) >= 64, "shorter than a header")
    version, kind, size, count, table_crc = struct.unpack_from("<I4sQII", data, 8)
    expect(crc32c(data[:60]) == struct.unpack_from("<I", data, 60)[0], "header damaged")
    expect(version in (1, 2) and kind == expected_kind and not any(data[32:60]),
           f"not version 1 or 2 of {expected_kind.decode()}")
    expect(size == len(data), f"{len(data)} bytes, expected {size}")
    end = 64 + 64 * count
    expect(crc32c(data[64:end]) == table_crc, "section table damaged")
    found, parts = {}, []
    for at in range(64, end, 64):
        name, start, size, sums, chunks, sums_crc = struct.unpack_from("<16sQQQII", data, at)
        name = name.rstrip(b"\0").decode("ascii", "replace")
        is_optional = data[at + 48]
        expect(chunks == -(-size >> 20) and is_optional < version and not any(data[at + 49:at + 64]),
               "section table malformed")
        if is_optional and optional is not None:
            optional.add(name)
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
    low = np.uint64(0xFFFFFFFF)
    for start in range(0, 1 << 62, 64):
        block = np.arange(start, start + 64, dtype=np.uint64)
        c = [block & low, block >> 32, np.zeros_like(block), np.full_like(block, purpose)]
        k = [seed & 0xFFFFFFFF, seed >> 32]
        for _ in range(10):
            p, q = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
            c = [q >> 32 ^ c[1] ^ k[0], q & low, p >> 32 ^ c[3] ^ k[1], p & low]
            k = [k[0] + 0x9E3779B9 & 0xFFFFFFFF, k[1] + 0xBB67AE85 & 0xFFFFFFFF]
        yield from np.stack(c, axis=1).ravel().tolist()

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
    """x·H row by row; H of m·n rows is the Kronecker product of those of m and of n."""
    count, n = x.shape
    part, h = min(n, 32), np.ones((1, 1), np.float32)
    while len(h) < part:
        h = np.block([[h, h], [h, -h]])
    x = x.reshape(count, n // part, part) @ h
    if part < n:
        x = hadamard(x.swapaxes(1, 2).reshape(-1, n // part)).reshape(count, part, -1).swapaxes(1, 2)
    return x.reshape(count, n)

def unmixing(d, words):
    """The inverse of the randomized Hadamard rotation of d coordinates, of rows of float32."""
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

    def undo(y):
        y = y.copy()
        for (kind, offset, count, *square), sign in reversed(list(zip(steps, signs))):
            if kind == "H":
                part = slice(offset, offset + count)
                y[:, part] = hadamard(y[:, part]) * (sign * np.float32(1 / math.sqrt(n)))
            else:
                cosine, sine = np.float32(math.sqrt(1 - square[0])), np.float32(math.sqrt(square[0]))
                a, b = y[:, :count].copy(), y[:, offset:offset + count].copy()
                y[:, :count] = cosine * a + sine * b
                y[:, offset:offset + count] = (sine * a - cosine * b) * sign
        return y
    return undo

def undoing(rotation, d, words):
    """The inverse of a rotation: 1 Haar, 2 randomized Hadamard."""
    if rotation == 2:
        return unmixing(d, words)
    matrix = haar(d, words)
    return lambda y: y @ matrix

def unpack(rows, offset, count, bits):
    """`count` codes of each row from byte `offset` on."""
    packed = rows[:, offset:offset + -(-count * bits // 8)]
    flat = np.unpackbits(packed, axis=1, bitorder="little")[:, :count * bits]
    flat = flat.reshape(len(rows), count, bits)
    return sum((flat[:, :, i] << i for i in range(1, bits)), flat[:, :, 0])

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

class Codec:
    """What a codec's record says."""

    def __init__(self, record):
        expect(len(record) >= 80, "section codec is cut short")
        tag, version, self.d, norms, self.quantizer, self.half_bits, rotation, _, self.sketch, count, \
            scalars, self.m, self.stride, self.seed = struct.unpack_from("<16sIIBBBBBBBBIIQ", record)
        expect(tag == b"swift-turboquant" and version == 1, "not codec version 1")
        self.has_norms, self.rotation = norms == 1, rotation
        self.fingerprint = hashlib.sha256(record).hexdigest()
        self.segments, at = [], 80
        for _ in range(count):
            first, size, bits, offset = struct.unpack_from("<4I", record, at)
            centroids = np.frombuffer(record, "<f4", 1 << bits, at + 16)
            self.segments.append((first, size, bits, offset, centroids))
            at += 16 + 4 * ((2 << bits) - 1)

    def describe(self, count):
        name = ["scalar", "two-stage", "qjl", "polar"][self.quantizer - 1]
        print(f"dimension {self.d}, {name} at {self.half_bits / 2:g} bits,",
              f"seed {self.seed}, {count} rows of {self.stride} bytes")
        print("fingerprint", self.fingerprint)

    def undoing(self):
        return undoing(self.rotation, self.d, philox(self.seed))

    def decode(self, body):
        """The rows of the section `rows`."""
        self.describe(len(body) // self.stride)
        expect(self.quantizer != 3, "QJL rows keep signs alone; not decoded here")
        rows = np.frombuffer(body, np.uint8).reshape(-1, self.stride)
        x, undo = np.empty((len(rows), self.d), np.float32), self.undoing()
        for at in range(0, len(rows), ROWS):
            y, end = self.rotated(rows[at:at + ROWS])
            x[at:at + ROWS] = undo(y)
            if self.has_norms:
                end += -(-self.m // 8)
                x[at:at + ROWS] *= rows[at:at + ROWS, end:end + 4].copy().view("<f4")
        return x

    def rotated(self, rows):
        """Rotated unit vectors of packed rows, and where their codes, or radii, end."""
        end = 0
        for first, size, bits, offset, _ in self.segments:
            end = offset + -(-(first + size if self.quantizer == 4 else size) * bits // 8)
        if self.quantizer == 4:
            start, levels = end, sum(segment[0] == 0 for segment in self.segments)
            end += 2 * -(-self.d >> levels)
            radii = rows[:, start:end].copy().view("<f2").astype(np.float32)
            return undo_polar(self.d, self.segments, rows, radii), end
        y = np.empty((len(rows), self.d), np.float32)
        for first, size, bits, offset, centroids in self.segments:
            y[:, first:first + size] = centroids[unpack(rows, offset, size, bits)]
        return y, end

if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        data = open(sys.argv[1], "rb").read()
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: {error.strerror}")
    found = sections(data)
    expect(set(found) == {"codec", "rows"}, "expected the sections codec and rows")
    vectors = Codec(found["codec"]).decode(found["rows"])
    if len(sys.argv) == 3:
        np.save(sys.argv[2], vectors)
