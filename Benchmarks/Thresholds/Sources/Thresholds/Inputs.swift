import TurboQuant
import TurboQuantIndex
import TurboQuantKVCache

/// Numbers that are the same in every run, and the files that take long to make while somebody counts instructions.
struct Inputs {
  let folder: String

  static let dimension = 384
  static let rowCount = 20_000
  static let tokenCount = 4_096
  static let shape = KVShape(queryHeads: 32, keyValueHeads: 8, keyDimension: 128)

  /// Writes the indexes and the cache that the operations open.
  func write() throws {
    let rows = Inputs.clustered(count: Inputs.rowCount, seed: 1)
    for bits in [2, 4] {
      var index = try VectorIndex(dimension: Inputs.dimension, bits: bits, metric: .cosine)
      try index.add(rows)
      try index.save(to: indexPath(bits: bits))
    }
    var cache = KVCache(try Inputs.cacheCodec())
    let tokens = Inputs.tokens(Inputs.tokenCount, seed: 3)
    try cache.append(keys: tokens.keys.span, values: tokens.values.span)
    try cache.save(to: cachePath)
  }

  /// The index of 20,000 rows as it was written.
  func index(bits: Int) throws -> VectorIndex { try VectorIndex(opening: indexPath(bits: bits)) }

  /// The cache of 4,096 tokens as it was written.
  func cache() throws -> KVCache { try KVCache(opening: cachePath, codec: Inputs.cacheCodec()) }

  private func indexPath(bits: Int) -> String { "\(folder)/\(bits).tqi" }
  private var cachePath: String { "\(folder)/cache.tqkv" }

  static func cacheCodec() throws -> KVCodec {
    try KVCodec(KVConfiguration(shape: shape, keys: .bits(4), values: .bits(3)))
  }

  /// Keys and values of all heads: [heads, tokens, dimension].
  static func tokens(_ count: Int, seed: UInt64) -> (keys: [Float], values: [Float]) {
    let size = shape.keyValueHeads * count * shape.keyDimension
    var random = SplitMix64(state: seed)
    return (
      keys: (0..<size).map { _ in random.float() }, values: (0..<size).map { _ in random.float() }
    )
  }

  /// Queries of all heads, for one token.
  static func attentionQueries() -> [Float] {
    var random = SplitMix64(state: 4)
    return (0..<shape.queryHeads * shape.keyDimension).map { _ in random.float() }
  }

  /// Vectors around 100 centres, as embeddings lie: a certified search has something to leave out.
  static func clustered(count: Int, seed: UInt64) -> [Float] {
    var centers = SplitMix64(state: 0)
    let center = (0..<100 * dimension).map { _ in centers.float() }
    var random = SplitMix64(state: seed)
    var vectors: [Float] = []
    vectors.reserveCapacity(count * dimension)
    for _ in 0..<count {
      let first = Int(random.next() % 100) * dimension
      for i in 0..<dimension { vectors.append(center[first + i] + 0.75 * random.float()) }
    }
    return vectors
  }
}

/// A small generator: the inputs need to be the same everywhere, not more.
struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number in [−1, 1), a multiple of 2⁻²³.
  mutating func float() -> Float { Float(next() >> 40) * 0x1p-23 - 1 }
}
