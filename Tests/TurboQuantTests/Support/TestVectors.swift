@testable import TurboQuant

/// Inputs that quantizers find easy or hard; each is drawn from the test-data stream of a seed.
enum TestVector: String, CaseIterable, Sendable {
  case gaussian, oneHot, walshRow, constant, plusMinusOne, fourSparse, pair, twoValued

  /// One vector of `dimension` coordinates, of length 1 up to rounding.
  func draw(_ dimension: Int, _ random: inout RandomStream) -> [Float] {
    var x = [Float](repeating: 0, count: dimension)
    func position() -> Int { Int(random.nextInteger(below: UInt32(dimension))) }
    switch self {
    case .gaussian: for i in x.indices { x[i] = Float(random.nextNormal()) }
    case .oneHot: x[position()] = random.nextUniform() < 0.5 ? 1 : -1
    case .walshRow:
      let row = position()
      for i in x.indices { x[i] = (row & i).nonzeroBitCount % 2 == 0 ? 1 : -1 }
    case .constant: for i in x.indices { x[i] = 1 }
    case .plusMinusOne: for i in x.indices { x[i] = random.nextUniform() < 0.5 ? 1 : -1 }
    case .fourSparse:
      for _ in 0..<4 { x[position()] += random.nextUniform() < 0.5 ? 1 : -1 }
      if x.allSatisfy({ $0 == 0 }) { x[0] = 1 }
    case .pair:
      let first = position()
      x[first] = 1
      if dimension > 1 {
        x[(first + 1 + Int(random.nextInteger(below: UInt32(dimension - 1)))) % dimension] = 1
      }
    case .twoValued: for i in x.indices { x[i] = random.nextUniform() < 0.1 ? 3 : 1 }
    }
    return normalized(x)
  }
}

/// `count` normal deviates.
func normals(_ count: Int, seed: UInt64) -> [Float] {
  var random = RandomStream(seed: seed, purpose: .testData)
  return (0..<count).map { _ in Float(random.nextNormal()) }
}

func normalized(_ x: [Float]) -> [Float] {
  let norm = x.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
  return x.map { Float(Double($0) / norm) }
}

/// A unit vector at the given cosine to the unit vector `x`, otherwise random.
func vector(atCosine cosine: Double, to x: [Float], _ random: inout RandomStream) -> [Float] {
  var g = x.map { _ in random.nextNormal() }
  let along = zip(g, x).reduce(0) { $0 + $1.0 * Double($1.1) }
  for i in g.indices { g[i] -= along * Double(x[i]) }
  let norm = g.reduce(0) { $0 + $1 * $1 }.squareRoot()
  let sine = (1 - cosine * cosine).squareRoot()
  return x.indices.map { Float(cosine * Double(x[$0]) + (norm > 0 ? sine * g[$0] / norm : 0)) }
}
