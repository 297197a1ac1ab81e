internal import TurboQuant
internal import TurboQuantKVCache
internal import TurboQuantKernels

extension Command {
  /// `turboquant benchmark needle`.
  static let benchmarkNeedle = Command(
    name: "benchmark needle", summary: "How often attention finds one token among many.",
    discussion: """
      Fills caches with seeded random keys. Each query has a given cosine with the key of one token,
      the needle, at some depth of the context, and none on purpose with the others; it is found when
      attention with a sharp softmax rests on its value. The float32 cache shows what the exact keys
      allow.
      """,
    operands: [],
    options: [
      .contexts, .needleKeys, .cosine, .needles, .needleDimension, .needleSeed, .json,
    ],
    run: runNeedleBenchmark)
}

extension Option {
  fileprivate static let contexts = Option(
    name: "tokens", value: "N,…", help: "Tokens of context. Default 4096,16384,65536.")
  fileprivate static let needleKeys = Option(
    name: "keys", value: "KIND,…",
    help:
      "Keys: bits, or two-stage, qjl or polar and bits as in two-stage-3. Default "
      + "4,3,2,1,two-stage-3,qjl-3,polar-4."
  )
  fileprivate static let cosine = Option(
    name: "cosine", value: "C", help: "Of a query and its needle's key. Default 0.5.")
  fileprivate static let needles = Option(
    name: "needles", value: "N", help: "Needles at each depth. Default 200.")
  fileprivate static let needleDimension = Option(
    name: "dimension", value: "D", help: "Coordinates of a key. Default 128.")
  fileprivate static let needleSeed = Option(
    name: "seed", value: "N", help: "Seed of rotations and data. Default 0.")
}

private func runNeedleBenchmark(_ arguments: Arguments, _ console: Console) throws {
  let contexts = try arguments.integers(.contexts, in: 1...1 << 22) ?? [4096, 16_384, 65_536]
  let cosine =
    try arguments.text(.cosine).map { text in
      guard let value = Double(text), (0...1).contains(value) else {
        throw arguments.wrong("--cosine: “\(text)” is not a number from 0 to 1")
      }
      return value
    } ?? 0.5
  let needles = try arguments.integer(.needles, in: 1...100_000) ?? 200
  let dimension = try arguments.integer(.needleDimension, in: 2...1 << 12) ?? 128
  let seed = try arguments.integer(.needleSeed, in: UInt64.min...UInt64.max) ?? 0
  let kinds =
    try arguments.list(.needleKeys)
    ?? ["4", "3", "2", "1", "two-stage-3", "qjl-3", "polar-4"]
  let keys = try [("f32", KVPrecision.float32)] + kinds.map { ($0, try precision($0, arguments)) }
  let progress = Progress(
    "needles", total: contexts.count * keys.count, unit: "caches", console)
  defer { progress.finish() }
  var results: [NeedleResult] = []
  for tokens in contexts {
    let haystack = Haystack(tokens: tokens, dimension: dimension, cosine: cosine, needles, seed)
    for (name, precision) in keys {
      results += try haystack.results(name, precision)
      progress.advance()
    }
  }
  progress.finish()
  console.write(
    arguments.has(.json)
      ? try JSON.text(results) : text(results, cosine: cosine, dimension: dimension))
}

/// The keys that “3”, “two-stage-3”, “qjl-3” or “polar-4” name.
private func precision(_ text: String, _ arguments: Arguments) throws -> KVPrecision {
  let kinds: [(String, Quantizer)] = [
    ("two-stage-", .twoStage(sketch: .orthogonal)), ("qjl-", .qjl(sketch: .orthogonal)),
    ("polar-", .polar()), ("", .scalar),
  ]
  for (prefix, quantizer) in kinds where text.hasPrefix(prefix) {
    guard let bits = Double(text.dropFirst(prefix.count)), (1...8).contains(bits),
      let rate = Rate(bitsPerCoordinate: bits)
    else { continue }
    return .codes(rate, quantizer: quantizer)
  }
  throw arguments.wrong(
    "--keys: “\(text)” is not 1, 1.5, 2 … 8 bits such as 3, two-stage-3, qjl-3 or polar-4")
}

/// Random keys, and queries that each point at one of them.
private struct Haystack {
  static let depths = [1, 25, 50, 75, 100]
  private let tokens: Int
  private let dimension: Int
  private let seed: UInt64
  private let keys: [Float]
  /// For each depth, the needles' tokens and their queries one after another.
  private let needles: [(tokens: [Int], queries: [Float])]

  init(tokens: Int, dimension: Int, cosine: Double, _ needleCount: Int, _ seed: UInt64) {
    self.tokens = tokens
    self.dimension = dimension
    self.seed = seed
    var stream = RandomStream(seed: seed, purpose: .testData)
    var keys: [Float] = []
    keys.reserveCapacity(tokens * dimension)
    for _ in 0..<tokens * dimension { keys.append(Float(stream.nextNormal())) }
    // Of two vectors of equal length at a right angle, as far as random ones are.
    let (along, across) = (Float(cosine), Float((1 - cosine * cosine).squareRoot()))
    needles = Self.depths.map { depth in
      // As many neighbouring tokens as there are needles, or all.
      let count = min(needleCount, tokens)
      let first = (tokens - count) * depth / 100
      let own = (0..<needleCount).map { first + $0 % count }
      var queries: [Float] = []
      for token in own {
        for i in 0..<dimension {
          let noise = across * Float(stream.nextNormal())
          queries.append(along * keys[token * dimension + i] + noise)
        }
      }
      return (own, queries)
    }
    self.keys = keys
  }

  /// How many needles of each depth attention finds.
  func results(_ name: String, _ precision: KVPrecision) throws -> [NeedleResult] {
    let heads = 8
    let shape = KVShape(
      queryHeads: heads, keyValueHeads: 1, keyDimension: dimension, valueDimension: 1)
    var configuration = KVConfiguration(shape: shape, keys: precision, values: .float32)
    configuration.seed = seed
    var cache = KVCache(try KVCodec(configuration))
    // A token's value is its place.
    let values = (0..<tokens).map { Float($0) / Float(tokens) }
    try cache.append(keys: keys.span, values: values.span)
    let bytes = Double(cache.memory.keyBytes) / Double(tokens)
    return try zip(Haystack.depths, needles).map { depth, needles in
      var found = 0
      for start in stride(from: 0, to: needles.tokens.count, by: heads) {
        found += try self.found(start, heads, needles, cache)
      }
      return NeedleResult(
        keys: name, bytesPerKey: bytes, tokens: tokens, depth: depth,
        needles: needles.tokens.count, found: found)
    }
  }

  /// How many of some queries, as many as there are heads, find their needle.
  private func found(
    _ start: Int, _ heads: Int, _ needles: (tokens: [Int], queries: [Float]), _ cache: KVCache
  ) throws -> Int {
    var queries = [Float](repeating: 0, count: heads * dimension)
    let count = min(heads, needles.tokens.count - start)
    for i in 0..<count * dimension { queries[i] = needles.queries[start * dimension + i] }
    var output = [Float](repeating: 0, count: heads)
    var target = output.mutableSpan
    // So sharp that all weight rests on the largest score, ties apart.
    let scale = 100 / Float(dimension).squareRoot()
    try cache.attend(queries.span, into: &target, scale: scale)
    return (0..<count).count { i in
      abs(output[i] * Float(tokens) - Float(needles.tokens[start + i])) < 0.5
    }
  }
}

/// One cache and depth: the fields of `benchmark needle --json`.
private struct NeedleResult: Encodable {
  let keys: String
  let bytesPerKey: Double
  let tokens, depth, needles, found: Int

  enum CodingKeys: String, CodingKey {
    case keys, tokens, needles, found
    case bytesPerKey = "bytes_per_key"
    case depth = "depth_percent"
  }
}

private func text(_ results: [NeedleResult], cosine: Double, dimension: Int) -> String {
  let depths = Haystack.depths
  var table = Table(
    [("tokens", .right), ("keys", .left), ("bytes a key", .right)]
      + depths.map { ("at \($0)%", .right) } + [("all", .right)])
  for start in stride(from: 0, to: results.count, by: depths.count) {
    let own = results[start..<start + depths.count]
    guard let first = own.first else { continue }
    func percent(_ found: Int, _ of: Int) -> String {
      Numbers.fixed(100 * Double(found) / Double(of), 1) + "%"
    }
    let found = own.reduce(0) { $0 + $1.found }
    table.append(
      [Numbers.grouped(first.tokens), first.keys, Numbers.fixed(first.bytesPerKey, 0)]
        + own.map { percent($0.found, $0.needles) }
        + [percent(found, first.needles * depths.count)])
  }
  return table.lines.joined(separator: "\n")
    + "\n\nneedles found at each depth of the context; cosine \(Numbers.fixed(cosine, 2)) of query and "
    + "needle, \(dimension) coordinates\n"
}
