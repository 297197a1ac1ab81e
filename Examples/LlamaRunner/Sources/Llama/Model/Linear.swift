/// A matrix of weights, and a bias that is added to its products.
struct Linear: Sendable {
  let weight: PackedMatrix
  let bias: [Float]?

  func callAsFunction(_ input: [Float], rows: Int) -> [Float] {
    var result = weight.multiply(input, rows: rows)
    if let bias { Vectors.add(bias: bias, toRowsOf: &result) }
    return result
  }
}
