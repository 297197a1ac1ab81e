import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKVCache

/// What codes lose of keys and values.
@Suite struct CodecErrorTests {
  static let settings: [(Rate, Estimator)] =
    [2, 4, 5, 6, 7, 8, 10, 12, 14, 16].flatMap { halfBits in
      [Estimator.reconstruction, .renormalized, .matchedNorm].map { (Rate(halfBits: halfBits), $0) }
    }

  /// E‖x̂ − x‖²/‖x‖² of a codec of distortion D: with ⟨û, ŷ⟩ ≈ ‖ŷ‖² ≈ 1 − D, the scale 1 leaves D,
  /// 1/⟨û, ŷ⟩ leaves D/(1 − D), and 1/‖ŷ‖ leaves 2 − 2√(1 − D).
  static func predicted(_ distortion: Double, _ estimator: Estimator) -> Double {
    switch estimator {
    case .renormalized: distortion / (1 - distortion)
    case .matchedNorm: 2 - 2 * (1 - distortion).squareRoot()
    default: distortion
    }
  }

  /// What a single vector may lose: 2.5 times the mean, and what one coordinate of 5.2 deviations, beyond
  /// which less than one in 30 such tests draws one, loses beyond the outermost centroid.
  static func bound(_ expected: Double, _ quantizer: ScalarQuantizer) -> Double {
    let deviation = 1 / Double(quantizer.dimension).squareRoot()
    let reach = quantizer.segments.compactMap(\.codebook.exactCentroids.last).min() ?? 0
    let beyond = max(0, min(1, 5.2 * deviation) - reach)
    return 2.5 * expected + 1.1 * beyond * beyond
  }

  /// The mean meets the prediction within 8% and three standard errors.
  ///
  /// The 8% are what the approximations leave at d = 48. From 5 bits on the standard errors are large: a few
  /// coordinates beyond the outermost centroid make much of the mean, and a thousand vectors hold few of
  /// them (DistortionTests draw more).
  @Test(arguments: settings) func lossOfVectors(_ rate: Rate, _ estimator: Estimator) throws {
    for dimension in isOptimizedBuild ? [48, 64, 80, 96, 128, 256] : [80] {
      let precision = KVPrecision.codes(rate, estimator: estimator)
      let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: dimension)
      let codec = try KVCodec(KVConfiguration(shape: shape, keys: precision, values: precision))
      var cache = KVCache(codec)
      var dice = Dice(seed: UInt64(dimension))
      let tokens = isOptimizedBuild ? 600 : 100
      let keyCodec = try #require(codec.keyCodec?.channelGroups[0].codec)
      let values = dice.normals((tokens + 1) * dimension)
      var keys = dice.normals(tokens * dimension)
      keys += try Self.extreme(dice.normals(dimension), keyCodec.rotation)
      try cache.append(keys: keys.span, values: values.span)
      let decoded = try cache.decoded(head: 0)
      let quantizer = try #require(keyCodec.scalarQuantizer)
      let expected = Self.predicted(quantizer.distortion, estimator)
      var losses: [Double] = []
      for (original, found) in [(keys, decoded.keys), (values, decoded.values)] {
        for start in stride(from: 0, to: original.count, by: dimension) {
          var (error, length) = (0.0, 0.0)
          for i in start..<start + dimension {
            let (x, y) = (Double(original[i]), Double(found[i]))
            error += (x - y) * (x - y)
            length += x * x
          }
          losses.append(error / length)
        }
      }
      let largest = losses.max() ?? 0
      losses.remove(at: tokens)
      let mean = losses.reduce(0, +) / Double(losses.count)
      let squares = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let error = (squares / Double(losses.count - 1) / Double(losses.count)).squareRoot()
      #expect(
        abs(mean - expected) <= 0.08 * expected + 3 * error,
        "d = \(dimension): \(mean) ± \(error), expected \(expected)")
      let bound = Self.bound(expected, quantizer)
      #expect(largest <= bound, "d = \(dimension): \(largest / bound) of the bound")
      #expect(bound <= 5 * largest, "d = \(dimension): \(bound / largest) of the largest")
    }
  }

  /// A vector with one coordinate of 5.2 deviations after rotation, where the codebook is narrowest.
  private static func extreme(_ noise: [Float], _ rotation: Rotation) throws -> [Float] {
    var rotated = noise
    rotated[rotated.count - 1] = 0
    let square = rotated.reduce(Float(0)) { $0 + $1 * $1 }
    let share = 5.2 * 5.2 / Float(rotated.count)
    rotated[rotated.count - 1] = (square * share / (1 - share)).squareRoot()
    return try rotation.applyInverse(to: rotated.span)
  }

  /// binary16 keeps eleven bits.
  @Test func lossOfFloat16() throws {
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 40)
    var cache = KVCache(
      try KVCodec(KVConfiguration(shape: shape, keys: .float16, values: .float32)))
    var dice = Dice(seed: 1)
    let floats = dice.normals(300 * 40)
    try cache.append(keys: floats.span, values: floats.span)
    let decoded = try cache.decoded(head: 0)
    #expect(decoded.values == floats)
    for (x, y) in zip(floats, decoded.keys) {
      #expect(abs(x - y) <= max(0x1p-11 * abs(x), 0x1p-25))
    }
  }
}

/// Keys with a bias many times as long as what they say, which the rotary embedding moves from token to
/// token (Qwen2.5): k_p = R_p(b + ε), ‖b‖ = 30 ‖ε‖.
@Suite struct BiasedKeyTests {
  static let dimension = 128
  static let rotary = RotaryEmbedding(
    frequencies: (0..<64).map { Portable.exp(-Portable.log(1_000_000) * Double($0) / 64) })

  /// Keys R_p(b + ε) of so many tokens.
  private static func keys(bias: [Float], tokens: Int) -> [Float] {
    let d = dimension
    var dice = Dice(seed: 11)
    let table = RotaryTable(rotary, positions: 0..<tokens)
    var keys: [Float] = []
    keys.reserveCapacity(tokens * d)
    var embedded = [Float](repeating: 0, count: d)
    for token in 0..<tokens {
      let noise = dice.normals(d)
      table.embed(zip(bias, noise).map { $0 + $1 }, row: token, into: &embedded)
      keys += embedded
    }
    return keys
  }

  private static func cache(
    _ precision: KVPrecision, _ centering: KVCentering, _ keys: [Float]
  ) throws -> KVCache {
    var configuration = KVConfiguration(
      shape: KVShape(
        queryHeads: 64, keyValueHeads: 1, keyDimension: dimension, valueDimension: 16),
      keys: precision, values: .float32)
    configuration.centering = centering
    var cache = KVCache(try KVCodec(configuration))
    var dice = Dice(seed: 12)
    let values = dice.normals(keys.count / dimension * 16)
    try cache.append(keys: keys.span, values: values.span)
    return cache
  }

  private static func rootMeanSquare(_ a: [Float], _ b: [Float]) -> Double {
    let square = zip(a, b).reduce(0.0) { sum, pair in
      let error = Double(pair.0) - Double(pair.1)
      return sum + error * error
    }
    return (square / Double(a.count)).squareRoot()
  }

  /// The root mean squares of what codes lose of keys, and of what attention then misses.
  ///
  /// Queries are so short that a bias moves logits by 0.3 only: the weights then stay near those of keys
  /// without a bias, and what attention misses can be compared.
  private static func loss(
    _ centering: KVCentering, bias: [Float], tokens: Int
  ) throws -> (keys: Double, attention: Double) {
    let keys = keys(bias: bias, tokens: tokens)
    let coded = try cache(.bits(4), centering, keys)
    var dice = Dice(seed: 13)
    let queries = dice.normals(64 * dimension, scale: 0.01)
    return (
      rootMeanSquare(keys, try coded.decoded(head: 0).keys),
      rootMeanSquare(
        try cache(.float32, .none, keys).attended(queries), try coded.attended(queries))
    )
  }

  private static func bias(_ pairs: Range<Int>) -> [Float] {
    var bias = [Float](repeating: 0, count: dimension)
    // 30 times the length of ε, √d.
    let each = 30 * (Float(dimension) / Float(2 * pairs.count)).squareRoot()
    for pair in pairs { (bias[pair], bias[pair + 64]) = (each, -each) }
    return bias
  }

  @Test(
    "A rotary bias costs nothing, a constant mean never more than none",
    arguments: [59..<64, 0..<64])
  func biases(_ pairs: Range<Int>) throws {
    let tokens = isOptimizedBuild ? 32_768 : 512
    let bias = Self.bias(pairs)
    let free = try Self.loss(.none, bias: [Float](repeating: 0, count: 128), tokens: tokens)
    let none = try Self.loss(.none, bias: bias, tokens: tokens)
    let mean = try Self.loss(.mean, bias: bias, tokens: tokens)
    let rotary = try Self.loss(.rotaryMean(Self.rotary), bias: bias, tokens: tokens)
    print(
      "bias in pairs \(pairs), loss of keys and of attention over that without a bias: "
        + "\(none.keys / free.keys) and \(none.attention / free.attention), with a mean "
        + "\(mean.keys / free.keys) and \(mean.attention / free.attention), with a rotary one "
        + "\(rotary.keys / free.keys) and \(rotary.attention / free.attention)")
    #expect(mean.keys <= none.keys)
    #expect(rotary.keys <= 1.2 * free.keys)
    // 1,024 products each: a sampling error of 3% of their ratio.
    #expect(rotary.attention <= 1.2 * free.attention)
    // Otherwise the bias was no burden.
    #expect(none.keys > 10 * free.keys && none.attention > 5 * free.attention)
  }
}
