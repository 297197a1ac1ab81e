internal import TurboQuant
internal import TurboQuantEvaluation
internal import TurboQuantKVCache

extension Command {
  /// `turboquant benchmark needle`.
  static let benchmarkNeedle = Command(
    name: "benchmark needle", summary: "Measure how often attention finds one token among many.",
    discussion: """
      Fills caches with seeded random keys. Each query has a given cosine with the key of one token, the
      needle, at some depth of the context; its cosine with all other keys is random. The needle is found
      when attention with a sharp softmax returns its value. The float32 cache shows the limit that exact
      keys allow.
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
    name: "cosine", value: "C", help: "Cosine of a query and its needle's key. Default 0.5.")
  fileprivate static let needles = Option(
    name: "needles", value: "N", help: "Needles at each depth. Default 200.")
  fileprivate static let needleDimension = Option(
    name: "dimension", value: "D", help: "Coordinates of each key. Default 128.")
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

private func text(_ results: [NeedleResult], cosine: Double, dimension: Int) -> String {
  let depths = Haystack.depths
  var table = Table(
    [("tokens", .right), ("keys", .left), ("bytes/key", .right)]
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
