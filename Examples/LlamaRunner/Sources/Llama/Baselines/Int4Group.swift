/// A group of KIVI: codes of 4 bits between the least and the greatest number, with a float16 scale and
/// a float16 zero; 5 bits per number for 32 numbers.
struct Int4Group {
  static let count = 32

  /// The bytes of a group of `count` numbers.
  static func byteCount(_ count: Int) -> Int { 4 + (count + 1) / 2 }

  let scale: Float
  let zero: Float
  /// Steps above the zero, 0…15.
  let codes: [UInt8]

  /// Encodes at least one number.
  init(_ numbers: some Collection<Float>) {
    let (least, greatest) = (numbers.min() ?? 0, numbers.max() ?? 0)
    let (scale, zero) = (
      HalfPrecision.rounded((greatest - least) / 15), HalfPrecision.rounded(least)
    )
    codes = numbers.map { number in
      UInt8(code: scale > 0 ? ((number - zero) / scale).rounded() : 0, in: 0...15)
    }
    (self.scale, self.zero) = (scale, zero)
  }

  var numbers: [Float] { codes.map { Float($0) * scale + zero } }
}
