/// Bits a coordinate: 1 … 8 in steps of ½.
///
/// A half means two widths: b.5 stores the first ⌈d/2⌉ rotated coordinates at b + 1 bits and the
/// others at b.
public struct Rate: Sendable, Hashable {
  /// Twice the bits a coordinate.
  public let halfBits: Int

  /// `bits` bits a coordinate; a codec refuses what its quantizer does not offer.
  public static func bits(_ bits: Int) -> Rate {
    // Far beyond any rate that is offered, a number of bits whose half bits are not an integer is cut.
    Rate(halfBits: 2 * min(max(bits, Int.min / 2), Int.max / 2))
  }

  /// The rate of `value` bits a coordinate, or nil when it is not a multiple of ½ in ½ … 9.
  public init?(bitsPerCoordinate value: Double) {
    let halves = value * 2
    guard halves >= 1, halves <= 18, halves == Double(Int(halves)) else { return nil }
    halfBits = Int(halves)
  }

  init(halfBits: Int) { self.halfBits = halfBits }

  /// Bits a coordinate.
  public var bitsPerCoordinate: Double { Double(halfBits) / 2 }

  /// This rate less one bit a coordinate: what stage 1 keeps when the sketch takes one.
  var withoutSketchBit: Rate { Rate(halfBits: max(0, halfBits - 2)) }
}

extension Rate: CustomStringConvertible {
  /// The number of bits, such as “4” or “2.5”.
  public var description: String {
    halfBits % 2 == 0 ? "\(halfBits / 2)" : "\(halfBits / 2).5"
  }
}
