internal import TurboQuantKernels

/// Packs codes, the least significant bit of a byte first.
struct CodePacker {
  private var offset: Int
  private var held: UInt32 = 0
  private var heldBits = 0

  /// Packs from byte `offset` on.
  init(at offset: Int = 0) { self.offset = offset }

  /// Appends a code of `bits` bits.
  mutating func append(_ code: Int, bits: Int, to row: inout MutableSpan<UInt8>) {
    held |= UInt32(truncatingIfNeeded: code) << UInt32(heldBits)
    heldBits += bits
    while heldBits >= 8 { writeByte(&row) }
  }

  /// Writes the last byte, if it is not full, with zeros in its free bits.
  mutating func finish(_ row: inout MutableSpan<UInt8>) {
    if heldBits > 0 { writeByte(&row) }
  }

  private mutating func writeByte(_ row: inout MutableSpan<UInt8>) {
    row[offset] = UInt8(truncatingIfNeeded: held)
    held >>= 8
    heldBits -= 8
    offset += 1
  }
}

/// Reads codes of one width as ``CodePacker`` packs them.
struct CodeReader: ~Escapable {
  private let bytes: RawSpan
  private let offset: Int
  private let bits: Int

  /// Reads from byte `offset` on.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at offset: Int, bits: Int) {
    self.bytes = bytes
    self.offset = offset
    self.bits = bits
  }

  /// Code `i`.
  subscript(i: Int) -> Int {
    let (place, shift) = (offset + i * bits / 8, i * bits % 8)
    var code = Int(bytes.byte(at: place)) >> shift
    if shift + bits > 8 { code |= Int(bytes.byte(at: place + 1)) << (8 - shift) }
    return code & ((1 << bits) - 1)
  }
}
