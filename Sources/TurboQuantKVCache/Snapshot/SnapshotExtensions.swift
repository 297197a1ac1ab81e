internal import TurboQuantKernels

/// What section `tokens` has room for since version 3; what this build does not write is refused by its name.
enum SnapshotExtensions {
  private static let formats: [ExactFormat] = [.float16, .float32, .bfloat16]

  /// Bytes 40 up to the fingerprint.
  static func bytes(_ format: ExactFormat, _ awaited: Int?) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(UInt8(1 + (formats.firstIndex(of: format) ?? 0)))
    bytes.append(awaited == nil ? 0 : 1)
    bytes += [UInt8](repeating: 0, count: 6)
    bytes.append(littleEndian: UInt64(awaited ?? 0))
    return bytes + [UInt8](repeating: 0, count: 8)
  }

  /// The format of exact tokens, and after how many a centre is fixed; `refuse` makes an error of a reason and a byte
  /// offset.
  static func read(
    _ bytes: RawSpan, _ refuse: (String, Int) -> KVCacheError
  ) throws(KVCacheError) -> (ExactFormat, awaited: Int?) {
    let number = Int(bytes.byte(at: 40))
    guard (1...formats.count).contains(number) else {
      throw refuse("format \(number) of exact tokens, expected 1, 2 or 3", 40)
    }
    let state = bytes.byte(at: 41)
    guard state <= 1 else { throw refuse("state \(state) of the centre, expected 0 or 1", 41) }
    let awaited = bytes.integer(at: 48, as: UInt64.self)
    guard (state == 1 ? 1...1 << 20 : 0...0).contains(awaited) else {
      throw refuse(
        "a centre after \(awaited) tokens, expected "
          + (state == 1 ? "1 to \(1 << 20)" : "0, since none is awaited"), 48)
    }
    for at in [42..<48, 56..<64].joined() where bytes.byte(at: at) != 0 {
      throw refuse("a reserved byte is \(bytes.byte(at: at)), expected 0", at)
    }
    return (formats[number - 1], state == 1 ? Int(awaited) : nil)
  }
}

/// A section that this build does not know and can do without: kept, and written again.
struct UnknownSection: Sendable {
  let name: String
  let bytes: AlignedBytes
}
