internal import TurboQuantKernels

/// What section `tokens` has room for since version 3, and this build does not write: refused by its name.
enum SnapshotExtensions {
  /// The format of exact tokens that is written and read.
  static let float16: UInt8 = 1
  private static let otherFormats: [UInt8: String] = [2: "float32", 3: "bfloat16"]

  /// Refuses what this build does not read; `refuse` makes an error of a reason and a byte offset.
  static func check(
    _ bytes: RawSpan, _ refuse: (String, Int) -> KVCacheError
  ) throws(KVCacheError) {
    func notRead(_ what: String, _ at: Int) -> KVCacheError {
      refuse("\(what), which this build does not read; update turboquant", at)
    }
    let format = bytes.byte(at: 40)
    guard format == float16 else {
      throw otherFormats[format].map { notRead("exact tokens as \($0)", 40) }
        ?? refuse("format \(format) of exact tokens, expected 1, 2 or 3", 40)
    }
    switch bytes.byte(at: 41) {
    case 0: break
    case 1: throw notRead("a centre that is not yet fixed", 41)
    case let other: throw refuse("state \(other) of the centre, expected 0 or 1", 41)
    }
    let kept = bytes.integer(at: 48, as: UInt64.self)
    guard kept == 0 else {
      throw refuse("\(kept) tokens kept exact for a centre that is not awaited, expected 0", 48)
    }
    for at in [42..<48, 56..<64].joined() where bytes.byte(at: at) != 0 {
      throw refuse("a reserved byte is \(bytes.byte(at: at)), expected 0", at)
    }
    for at in 96..<128 where bytes.byte(at: at) != 0 { throw notRead("an equalization", 96) }
  }
}

/// A section that this build does not know and can do without: kept, and written again.
struct UnknownSection: Sendable {
  let name: String
  let bytes: AlignedBytes
}
