internal import TurboQuant

extension Option {
  /// The rate of one codec.
  static let bits = Option(
    name: "bits", value: "B",
    help: "Bits per coordinate: 1, 1.5, 2, … 8; two-stage 2 … 9; polar 3 … 8. Default 4 (qjl: 1)."
  )
  /// The quantizer of one codec.
  static let quantizer = Option(
    name: "quantizer", value: "NAME",
    help:
      "scalar (default), two-stage (codes at one bit less, plus a sketch), qjl (signs only) or polar "
      + "(PolarQuant: angles and radii).")
  /// How the sketch directions are built.
  static let sketch = Option(
    name: "sketch", value: "KIND",
    help: "gaussian, orthogonal or structured (default); for two-stage and qjl.")
  /// The number of sketch directions.
  static let directions = Option(
    name: "directions", value: "M",
    help: "Sketch directions; default the dimension (qjl: bits × dimension).")
  /// Bits of polar angles.
  static let polarBits = Option(
    name: "polar-bits", value: "B,…",
    help: "Bits of polar angles at each level; default for --bits 4: 4,2,2,2.")
  /// How the rotation is built.
  static let rotation = Option(
    name: "rotation", value: "KIND",
    help: "hadamard or haar; default haar up to 64 dimensions, hadamard above.")
  /// Which lengths are kept.
  static let normalization = Option(
    name: "normalization", value: "KIND",
    help: "norm (default: rows keep their length) or unit (directions only, for cosines).")
  /// The seed of everything random.
  static let seed = Option(
    name: "seed", value: "N", help: "Seed of the rotation and the sketch directions. Default 0.")
  /// The number of threads.
  static let threads = Option(
    name: "threads", value: "T", help: "Threads to use. Default: all cores.")
  /// Output for programs.
  static let json = Option(name: "json", help: "Print JSON instead of text.")
  /// The file to write.
  static let output = Option(
    name: "output", letter: "o", value: "FILE",
    help: "The file to write. Not an input file, and not - (standard output).", isRequired: true)
}

/// The options that make a codec, read and checked as far as they can be without the dimension.
struct CodecOptions: Sendable {
  /// How the rotation is built, the standard kind if nil.
  let rotation: RotationKind?
  /// Which lengths are kept.
  let normalization: Normalization
  /// The seed of rotation and sketch.
  let seed: UInt64
  private let sketch: SketchKind
  private let directions: Int?
  private let polarBits: [Int]?

  /// What ``init(_:)`` reads.
  static let shared: [Option] = [
    .sketch, .directions, .polarBits, .rotation, .normalization, .seed,
  ]

  /// Reads the options in ``shared``.
  init(_ arguments: Arguments) throws(UsageError) {
    sketch =
      try arguments.choice(
        .sketch, ["gaussian": .gaussian, "orthogonal": .orthogonal, "structured": .structured])
      ?? .structured
    directions = try arguments.integer(.directions, in: 1...1 << 24)
    polarBits = try arguments.integers(.polarBits, in: 1...8)
    rotation = try arguments.choice(.rotation, ["hadamard": .hadamard, "haar": .haar])
    normalization =
      try arguments.choice(.normalization, ["norm": .norm, "unit": .unit]) ?? .norm
    seed = try arguments.integer(.seed, in: 0...UInt64.max) ?? 0
  }

  /// The quantizers that the command line calls `names`, one for each.
  ///
  /// - Throws: ``UsageError`` for an unknown name, or an option of the sketch when none has one.
  func quantizers(_ names: [String], _ arguments: Arguments) throws -> [Quantizer] {
    let quantizers = try names.map { try quantizer($0, arguments) }
    for option in [Option.sketch, .directions] where arguments.text(option) != nil {
      guard quantizers.contains(where: { ["two-stage", "qjl"].contains($0.name) }) else {
        throw arguments.wrong("--\(option.name) needs --quantizer two-stage or qjl")
      }
    }
    guard polarBits == nil || quantizers.contains(where: { $0.name == "polar" }) else {
      throw arguments.wrong("--polar-bits needs --quantizer polar")
    }
    return quantizers
  }

  private func quantizer(_ name: String, _ arguments: Arguments) throws -> Quantizer {
    guard
      let quantizer = Quantizer(
        name: name, sketch: sketch, directions: directions, polarBits: polarBits)
    else {
      let names = Quantizer.names.dropLast().joined(separator: ", ")
      throw arguments.wrong(
        "--quantizer takes \(names) or \(Quantizer.names.last ?? ""), not “\(name)”")
    }
    return quantizer
  }

  /// The codec for vectors of one dimension.
  ///
  /// - Throws: ``UsageError`` when quantizer and rate do not go together, ``CodecError`` when the
  ///   dimension does not go with the rest.
  func codec(
    dimension: Int, rate: Rate, quantizer: Quantizer, _ arguments: Arguments
  ) throws -> Codec {
    do throws(CodecError) {
      return try Codec(
        dimension: dimension, rate: rate, quantizer: quantizer, rotation: rotation,
        normalization: normalization, seed: seed)
    } catch {
      switch error.kind {
      case .rateNotOffered: throw arguments.wrong("--bits: \(error)")
      case .polarBitsOutOfRange, .polarLevelsOutOfRange:
        throw arguments.wrong("--polar-bits: \(error)")
      default: throw error
      }
    }
  }
}

extension Arguments {
  /// The number of threads asked for, or that the machine has.
  func threads() throws(UsageError) -> Int {
    try integer(.threads, in: 1...1024) ?? System.processorCount
  }

  /// The rate that `text`, a value of `--bits`, names.
  func rate(_ text: String) throws(UsageError) -> Rate {
    guard let value = Double(text), let rate = Rate(bitsPerCoordinate: value), value >= 1 else {
      throw wrong("--bits takes 1, 1.5, 2, … 9 bits per coordinate, not “\(text)”")
    }
    return rate
  }

  /// One of a few words.
  func choice<Value>(_ option: Option, _ choices: [String: Value]) throws(UsageError) -> Value? {
    guard let name = text(option) else { return nil }
    guard let value = choices[name] else {
      let offered = choices.keys.sorted().joined(separator: " or ")
      throw wrong("--\(option.name) takes \(offered), not “\(name)”")
    }
    return value
  }
}
