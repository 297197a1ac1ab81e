/// The method that turns a rotated vector into codes.
///
/// This file lists the quantizers. The `Stage` of each one, in a folder of its own, does the work.
public enum Quantizer: Sendable, Hashable {
  /// Codes of every coordinate at the codec's rate (stage 1 alone; TurboQuant, Algorithm 1).
  case scalar
  /// Codes at one bit less, and signs of the residual's projections (TurboQuant, Algorithm 2).
  ///
  /// `directions` is the number of projections, the dimension if nil.
  case twoStage(sketch: SketchKind = .structured, directions: Int? = nil)
  /// Signs of the vector's own projections, and nothing else (QJL, arXiv 2406.03482).
  ///
  /// `directions` is the number of projections; if nil, the rate times the dimension.
  case qjl(sketch: SketchKind = .structured, directions: Int? = nil)
  /// Angles of the recursive polar transform, and a float16 radius per block (PolarQuant, arXiv 2502.02617).
  ///
  /// `bits` are the bits of an angle, one number per level; a block has 2^levels coordinates. If
  /// nil, a rate of b = 3 … 8 stands for four levels of b, b − 2, b − 2 and b − 2 bits. At b = 4
  /// these are the paper's: 3⅞ bits per coordinate with the radii.
  case polar(bits: [Int]? = nil)
}

extension Quantizer {
  /// The names of all quantizers.
  package static let names = ["scalar", "two-stage", "qjl", "polar"]

  /// The name used on the command line and in messages.
  public var name: String { Self.names[Int(number) - 1] }

  /// The number that stands for the quantizer in a codec's record.
  var number: UInt8 {
    switch self {
    case .scalar: 1
    case .twoStage: 2
    case .qjl: 3
    case .polar: 4
    }
  }

  /// The quantizer that a record names, nil if the other parameters do not match it.
  init?(number: UInt8, sketch: SketchKind?, directions: Int, polarBits: [Int]) {
    switch (number, sketch) {
    case (1, nil): self = .scalar
    case (2, let sketch?): self = .twoStage(sketch: sketch, directions: directions)
    case (3, let sketch?): self = .qjl(sketch: sketch, directions: directions)
    case (4, nil): self = .polar(bits: polarBits)
    default: return nil
    }
  }

  /// The quantizer with the given name; it takes the parameters that it needs.
  package init?(name: String, sketch: SketchKind, directions: Int?, polarBits: [Int]?) {
    switch name {
    case "scalar": self = .scalar
    case "two-stage": self = .twoStage(sketch: sketch, directions: directions)
    case "qjl": self = .qjl(sketch: sketch, directions: directions)
    case "polar": self = .polar(bits: polarBits)
    default: return nil
    }
  }

  /// Name and parameters, as written in the records of caches.
  package var recordText: String {
    switch self {
    case .scalar: name
    case .twoStage(let sketch, let directions), .qjl(let sketch, let directions):
      "\(name) \(sketch.rawValue) \(directions.map { "\($0)" } ?? "standard")"
    case .polar(let bits):
      "\(name) \(bits?.map { "\($0)" }.joined(separator: " ") ?? "standard")"
    }
  }

  /// The fields of a row, known before any codebook is solved.
  func fields(dimension: Int, rate: Rate) -> RowFields {
    switch self {
    case .scalar: ScalarStage.fields(dimension: dimension, rate: rate)
    case .twoStage(_, let directions):
      TwoStage.fields(dimension: dimension, rate: rate, directions: directions)
    case .qjl(_, let directions):
      SketchStage.fields(dimension: dimension, rate: rate, directions: directions)
    case .polar(let bits): PolarStage.fields(dimension: dimension, rate: rate, bits: bits)
    }
  }

  /// The stage of the quantizer; it reuses the codebooks of `known`, a stage with the same parameters or nil.
  func stage(
    dimension: Int, rate: Rate, seed: UInt64, reusing known: (any Stage)?
  ) throws(CodecError) -> any Stage {
    try CodecError.check(dimension: dimension)
    switch self {
    case .scalar:
      return try ScalarStage(dimension: dimension, rate: rate, reusing: known)
    case .twoStage(let kind, let directions):
      return try TwoStage(
        dimension: dimension, rate: rate, kind, directions: directions, seed: seed,
        reusing: known)
    case .qjl(let kind, let directions):
      return try SketchStage(
        dimension: dimension, rate: rate, kind, directions: directions, seed: seed)
    case .polar(let bits):
      return try PolarStage(dimension: dimension, rate: rate, bits: bits, reusing: known)
    }
  }
}
