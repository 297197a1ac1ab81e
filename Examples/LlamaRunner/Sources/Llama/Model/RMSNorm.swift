/// Scales each row to a mean square of one, then each coordinate by a weight.
struct RMSNorm: Sendable {
  let weight: [Float]
  let epsilon: Float

  func callAsFunction(_ rows: [Float]) -> [Float] {
    var result = rows
    for start in stride(from: 0, to: rows.count, by: weight.count) {
      var sum: Float = 0
      for index in weight.indices { sum += rows[start + index] * rows[start + index] }
      let factor = 1 / (sum / Float(weight.count) + epsilon).squareRoot()
      for index in weight.indices { result[start + index] *= factor * weight[index] }
    }
    return result
  }
}
