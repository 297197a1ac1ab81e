/// A block of the format q8_0 of ggml: 32 signed bytes and one float16 scale, 8.5 bits per number.
struct Q8Block {
  static let count = 32
  static let byteCount = 2 + count

  let scale: Float
  let codes: [Int8]

  /// Encodes 32 numbers; the largest magnitude becomes ±127.
  init(_ numbers: some Collection<Float>) {
    let exact = numbers.reduce(0) { max($0, abs($1)) } / 127
    scale = HalfPrecision.rounded(exact)
    codes = numbers.map { number in
      Int8(code: exact > 0 ? (number / exact).rounded() : 0, in: -127...127)
    }
  }

  var numbers: [Float] { codes.map { Float($0) * scale } }
}
