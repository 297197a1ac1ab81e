import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKVCache

/// What rounding the centroids of sealed values does, against the law in Documentation/Numerics.md.
@Suite struct CentroidRoundingTests {
  static let (d, n) = (128, 512)

  /// The error of the mean of all values, per coordinate, relative to the mean length over √d.
  private func error(_ bits: Int, mean: Float, seed: UInt64) throws -> (found: Double, law: Double)
  {
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 4, valueDimension: Self.d)
    var configuration = KVConfiguration(shape: shape, keys: .float32, values: .bits(bits))
    configuration.seed = seed
    var cache = KVCache(try KVCodec(configuration))
    var dice = Dice(seed: seed)
    let shared = dice.normals(Self.d, scale: mean)
    let values = dice.normals(Self.n * Self.d).enumerated().map { $1 + shared[$0 % Self.d] }
    try cache.append(keys: [Float](repeating: 0, count: Self.n * 4), values: values)
    // All keys are zero, so all weights are equal.
    let found = try cache.attend([1, 1, 1, 1])
    let decoded = try cache.decoded(head: 0).values
    var (square, length) = (0.0, 0.0)
    for i in 0..<Self.d {
      let exact = (0..<Self.n).reduce(0) { $0 + Double(decoded[$1 * Self.d + i]) } / Double(Self.n)
      square += (Double(found[i]) - exact) * (Double(found[i]) - exact)
    }
    for t in 0..<Self.n {
      let row = Array(decoded[t * Self.d..<(t + 1) * Self.d])
      length += dot(row, row).squareRoot() / Double(Self.n)
    }
    let group = SealedGroup.all(cache.heads[0].values, cache.codec.valueCodec)[0]
    return (square.squareRoot() / length, group.rounding)
  }

  /// Alone the errors of n values leave 1/√n of one's; where values share a mean, up to all of it.
  @Test("Errors add up where values share a mean, to no more than that of one", arguments: [3, 4])
  func sharedMean(_ bits: Int) throws {
    var alone = 0.0, shared = 0.0, law = 0.0
    let seeds: UInt64 = 8
    for seed in 0..<seeds {
      let (none, long) = (
        try error(bits, mean: 0, seed: seed), try error(bits, mean: 5, seed: seed)
      )
      // One value's own error is the law's within the spread of d coordinates.
      #expect(long.found < 1.5 * long.law, "seed \(seed)")
      alone += none.found * none.found / Double(seeds)
      shared += long.found * long.found / Double(seeds)
      law = long.law
    }
    print("\(bits) bits: \(alone.squareRoot()), with a mean \(shared.squareRoot()), law \(law)")
    #expect(alone.squareRoot() < 2 * law / Double(Self.n).squareRoot())
    #expect(shared > 16 * alone)
  }
}
