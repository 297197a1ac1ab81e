/// What makes two vectors near.
public enum Metric: UInt8, Sendable, Hashable, CaseIterable {
  /// The inner product ⟨x, q⟩; more is nearer.
  case innerProduct = 1
  /// The cosine ⟨x, q⟩/‖x‖‖q‖; more is nearer.
  case cosine = 2
  /// The squared Euclidean distance ‖x − q‖²; less is nearer.
  case squaredEuclidean = 3

  /// Whether a smaller score is nearer.
  public var isDistance: Bool { self == .squaredEuclidean }
}

extension Metric {
  /// The score of two vectors, in double precision, rounded once.
  func exactScore(_ x: [Float], _ q: [Float]) -> Float {
    var (product, square, distance) = (0.0, 0.0, 0.0)
    var querySquare = 0.0
    for i in x.indices {
      let (a, b) = (Double(x[i]), Double(q[i]))
      product += a * b
      square += a * a
      querySquare += b * b
      distance += (a - b) * (a - b)
    }
    switch self {
    case .innerProduct: return Float(product)
    case .squaredEuclidean: return Float(distance)
    case .cosine:
      let lengths = (square * querySquare).squareRoot()
      return lengths > 0 ? Float(product / lengths) : 0
    }
  }

  /// The scores that vectors can have.
  var range: ClosedRange<Double> {
    switch self {
    case .innerProduct: -.infinity ... .infinity
    case .cosine: -1...1
    case .squaredEuclidean: 0 ... .infinity
    }
  }
}
