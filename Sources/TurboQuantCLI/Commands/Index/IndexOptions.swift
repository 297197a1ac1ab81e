internal import TurboQuant
internal import TurboQuantEvaluation
internal import TurboQuantIndex

extension Option {
  /// The rate of an index.
  static let indexBits = Option(
    name: "bits", value: "B",
    help: "Bits per coordinate: 1, 2, 3, 4 or 8; with --two-stage 2, 3, 4, 5 or 9. Default 4.")
  /// How nearness is measured.
  static let metric = Option(
    name: "metric", value: "NAME", help: "ip (inner product, default), cosine or l2.")
  /// Whether a sketch takes one of the bits.
  static let twoStage = Option(
    name: "two-stage",
    help: "Use one bit for a sketch of the residual; such codes are always read whole.")
  /// Whether rows are centred.
  static let centre = Option(
    name: "center", help: "Subtract the mean of the vectors from each vector before encoding.")
  /// Whether the vectors are kept.
  static let originals = Option(
    name: "originals", value: "TYPE", help: "Keep the vectors as float16 or float32 for --rerank.")
  /// Whether a search may skip codes.
  static let exactness = Option(
    name: "exactness", value: "KIND",
    help:
      "certified (default: a code is read whole only if its first bits leave the row a chance) or "
      + "exhaustive.")
  /// How often a certified search may miss.
  static let failureProbability = Option(
    name: "failure-probability", value: "P",
    help: "How often a certified result may differ from the exhaustive one. Default 0.001.")
}

/// The options that make an index and its searches.
struct IndexOptions: Sendable {
  let metric: Metric
  let isTwoStage: Bool
  let isCentred: Bool
  let originals: Originals?
  let exactness: Exactness
  let seed: UInt64

  /// What makes an index.
  static let building: [Option] = [.metric, .twoStage, .centre, .originals, .seed]
  /// What a search of codes takes.
  static let searching: [Option] = [.exactness, .failureProbability]

  /// Reads the options in ``building`` and ``searching`` that the command has.
  init(_ arguments: Arguments) throws(UsageError) {
    metric =
      try arguments.choice(
        .metric, Dictionary(uniqueKeysWithValues: Metric.allCases.map { ($0.name, $0) }))
      ?? .innerProduct
    isTwoStage = arguments.has(.twoStage)
    isCentred = arguments.has(.centre)
    originals = try arguments.choice(.originals, ["float16": .float16, "float32": .float32])
    seed = try arguments.integer(.seed, in: 0...UInt64.max) ?? 0
    exactness = try IndexOptions.exactness(arguments)
  }

  private static func exactness(_ arguments: Arguments) throws(UsageError) -> Exactness {
    var probability = 1e-3
    if let text = arguments.text(.failureProbability) {
      guard let value = Double(text), value > 0, value <= 1 else {
        throw arguments.wrong(
          "--failure-probability takes a number above 0 and up to 1, not “\(text)”")
      }
      probability = value
    }
    let choices: [String: Exactness] = [
      "certified": .certified(failureProbability: probability), "exhaustive": .exhaustive,
    ]
    let chosen = try arguments.choice(.exactness, choices)
    guard chosen != .exhaustive || arguments.text(.failureProbability) == nil else {
      throw arguments.wrong("--failure-probability goes with --exactness certified")
    }
    return chosen ?? .certified(failureProbability: probability)
  }

  /// The failure probability of certified searches.
  var failureProbability: Double {
    guard case .certified(let probability) = exactness else { return 1e-3 }
    return probability
  }

  /// An empty index; `seedOffset` is added to the seed.
  func index(
    dimension: Int, bits: Int, mean: [Float]?, tags: TagKind? = nil, seedOffset: UInt64 = 0
  ) throws -> VectorIndex {
    try VectorIndex(
      dimension: dimension, bits: bits, metric: metric, isTwoStage: isTwoStage, mean: mean,
      originals: originals, tags: tags, seed: seed &+ seedOffset)
  }

  /// The mean of vectors, of their directions for cosines.
  func mean(of vectors: VectorSet) -> [Float] {
    var sum = VectorSum(dimension: vectors.dimension, ofDirections: metric == .cosine)
    sum.add(vectors)
    return sum.mean
  }
}

extension IndexOptions {
  /// The rate that `--bits` asks for.
  func bits(_ arguments: Arguments) throws(UsageError) -> Int {
    let bits = try arguments.integer(.indexBits, in: 1...9) ?? 4
    guard isTwoStage ? [2, 3, 4, 5, 9].contains(bits) : [1, 2, 3, 4, 8].contains(bits) else {
      let offered = isTwoStage ? "2, 3, 4, 5 or 9 with --two-stage" : "1, 2, 3, 4 or 8"
      throw arguments.wrong("--bits takes \(offered), not “\(bits)”")
    }
    return bits
  }
}

/// A sum of vectors in double precision, row after row, so that it does not depend on how they are read.
struct VectorSum: Sendable {
  private var sums: [Double]
  private var count = 0
  private let isOfDirections: Bool

  init(dimension: Int, ofDirections isOfDirections: Bool) {
    sums = [Double](repeating: 0, count: dimension)
    self.isOfDirections = isOfDirections
  }

  /// Adds vectors, or their directions.
  mutating func add(_ vectors: VectorSet) {
    let values = isOfDirections ? vectors.directions.values : vectors.values
    for row in 0..<vectors.count {
      for i in sums.indices { sums[i] += Double(values[row * sums.count + i]) }
    }
    count += vectors.count
  }

  /// The sum divided by the number of vectors.
  var mean: [Float] { sums.map { Float($0 / Double(max(1, count))) } }
}

extension Metric {
  /// What the command line calls it.
  var name: String {
    switch self {
    case .innerProduct: "ip"
    case .cosine: "cosine"
    case .squaredEuclidean: "l2"
    }
  }

  /// What people call it, by its name.
  static let words = [
    "ip": "inner product", "cosine": "cosine", "l2": "squared Euclidean distance",
  ]

  /// A metric's name and what people call it, where that is something else.
  static func description(of name: String) -> String {
    guard let word = words[name], word != name else { return name }
    return "\(name): \(word)"
  }
}
