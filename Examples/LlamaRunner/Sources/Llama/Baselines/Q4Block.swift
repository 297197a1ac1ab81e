/// A block of the format q4_0 of ggml: 32 codes of 4 bits and one float16 scale, 4.5 bits per number.
struct Q4Block {
  static let count = 32
  static let byteCount = 2 + count / 2

  let scale: Float
  /// 0…15, which stand for -8…7 steps.
  let codes: [UInt8]

  /// Encodes 32 numbers; the one of largest magnitude, with its sign, becomes -8 steps.
  ///
  /// So numbers near the opposite of it, at 8 steps, are cut off at 7.
  init(_ numbers: some Collection<Float>) {
    let extreme = numbers.reduce(0) { abs($1) > abs($0) ? $1 : $0 }
    let exact = extreme / -8
    scale = HalfPrecision.rounded(exact)
    codes = numbers.map { number in
      UInt8(code: exact != 0 ? (number / exact + 8.5).rounded(.down) : 8, in: 0...15)
    }
  }

  var numbers: [Float] { codes.map { (Float($0) - 8) * scale } }
}
