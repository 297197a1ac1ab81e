// Version 2 of the record: the mean follows it in the same section, and nothing tells sections apart that a reader must
// know.

internal import TurboQuantKernels

extension IndexRecord {
  /// Where the mean is in the section.
  static let version2MeanOffset = 64

  /// Reads what version 2 has at bytes 6 and 24: whether a mean follows.
  ///
  /// The length of a mean is checked with the codec, whose dimension it has.
  static func version2CenterCount(
    _ bytes: RawSpan, _ refuse: (String, Int) -> IndexError
  ) throws(IndexError) -> Int {
    guard bytes.byte(at: 6) <= 1 else {
      throw refuse("flag \(bytes.byte(at: 6)), expected 0 or 1", 6)
    }
    guard bytes.integer(at: 24, as: UInt64.self) == 0 else {
      throw refuse("a reserved byte is not zero", 24)
    }
    return Int(bytes.byte(at: 6))
  }
}
