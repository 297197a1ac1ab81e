/// Bits per coordinate: 1 … 8 in steps of ½.
///
/// A half means two widths: b.5 stores the first ⌈d/2⌉ rotated coordinates at b + 1 bits and the
/// others at b.
public struct Rate: Sendable, Hashable {
  /// Twice the bits per coordinate.
  public let halfBits: Int

  /// `bits` bits per coordinate; a codec refuses a rate that its quantizer does not offer.
  public static func bits(_ bits: Int) -> Rate {
    // A number that overflows when doubled is clamped: it is far beyond any rate on offer.
    Rate(halfBits: 2 * min(max(bits, Int.min / 2), Int.max / 2))
  }

  /// The rate of `value` bits per coordinate, or nil when it is not a multiple of ½ in ½ … 9.
  public init?(bitsPerCoordinate value: Double) {
    let halves = value * 2
    guard halves >= 1, halves <= 18, halves == Double(Int(halves)) else { return nil }
    halfBits = Int(halves)
  }

  init(halfBits: Int) { self.halfBits = halfBits }

  /// Bits per coordinate.
  public var bitsPerCoordinate: Double { Double(halfBits) / 2 }

  /// This rate less one bit per coordinate: the rate of stage 1 when the sketch takes one bit.
  var withoutSketchBit: Rate { Rate(halfBits: max(0, halfBits - 2)) }
}

extension Rate: CustomStringConvertible {
  /// The number of bits, such as “4” or “2.5”.
  public var description: String {
    halfBits % 2 == 0 ? "\(halfBits / 2)" : "\(halfBits / 2).5"
  }
}
