/// The orthonormal Walsh–Hadamard transform, which is its own inverse.
enum Hadamard {
  /// Transforms blocks of the largest power of two that divides the length.
  static func transformed(_ row: some Collection<Float>) -> [Float] {
    var result = Array(row)
    let block = result.count & -result.count
    var half = 1
    while half < block {
      for start in stride(from: 0, to: result.count, by: 2 * half) {
        for i in start..<start + half {
          let (a, b) = (result[i], result[i + half])
          (result[i], result[i + half]) = (a + b, a - b)
        }
      }
      half *= 2
    }
    let factor = 1 / Float(block).squareRoot()
    return result.map { $0 * factor }
  }
}
