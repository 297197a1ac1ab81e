/// The decimal digits of a number, all of them, so that a text of it can be rounded correctly.
///
/// A double is m · 2ᵉ. For e < 0 that is m · 5⁻ᵉ / 10⁻ᵉ: a whole number and a place for its point.
struct DecimalDigits {
  /// The digits of the whole number, the lowest first; none for 0.
  private var digits: [UInt8] = []
  /// How many of them stand after the point.
  private let places: Int

  /// Takes a finite number apart; its sign is left out.
  init(_ value: Double) {
    let isNormal = value.exponentBitPattern > 0
    var significand = value.significandBitPattern | (isNormal ? 1 << 52 : 0)
    // 1023, and 52 for a significand that is whole.
    var exponent = Int(max(1, value.exponentBitPattern)) - 1075
    let zeros = min(significand.trailingZeroBitCount, max(0, -exponent))
    significand >>= UInt64(zeros)
    exponent += zeros
    places = max(0, -exponent)
    while significand > 0 {
      digits.append(UInt8(significand % 10))
      significand /= 10
    }
    for _ in 0..<abs(exponent) { multiply(by: exponent < 0 ? 5 : 2) }
  }

  private mutating func multiply(by factor: UInt8) {
    var carry: UInt8 = 0
    for i in digits.indices {
      let product = digits[i] * factor + carry
      digits[i] = product % 10
      carry = product / 10
    }
    if carry > 0 { digits.append(carry) }
  }

  /// The power of ten of the first digit, 0 for the number 0.
  var exponent: Int { digits.isEmpty ? 0 : digits.count - 1 - places }

  /// The digits, highest first, of the number times 10ⁿ, rounded to a whole number, from halves to even.
  func rounded(toPlaces n: Int) -> [UInt8] {
    let dropped = places - n
    guard dropped > 0 else {
      return digits.isEmpty ? [] : digits.reversed() + [UInt8](repeating: 0, count: -dropped)
    }
    guard dropped <= digits.count else { return [] }
    var kept = Array(digits[dropped...])
    let next = digits[dropped - 1]
    let isHalf = next == 5 && digits[..<(dropped - 1)].allSatisfy { $0 == 0 }
    let isUp = isHalf ? (kept.first ?? 0) % 2 == 1 : next >= 5
    if isUp { increment(&kept) }
    return kept.reversed()
  }

  private func increment(_ digits: inout [UInt8]) {
    for i in digits.indices {
      guard digits[i] == 9 else {
        digits[i] += 1
        return
      }
      digits[i] = 0
    }
    digits.append(1)
  }
}
