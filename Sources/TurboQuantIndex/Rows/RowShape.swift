internal import TurboQuant
package import TurboQuantKernels

/// The parts of a row; each part is stored in an array of its own.
package enum Part: Int, CaseIterable, Sendable {
  /// The top bit of every code.
  case signs
  /// The lower bits of every code: all but the top one.
  case lowerBits
  /// The sign bits of the residual's sketch.
  case sketch
  /// ‖x‖.
  case norms
  /// ⟨û, ŷ⟩.
  case alignments
  /// ‖r‖.
  case residualNorms
  /// ⟨x, c/‖c‖⟩ of the encoded vector x and its centre c.
  case centerComponents
  /// The caller's ids.
  case ids
  /// The vectors themselves.
  case originals

  /// The section of a file that holds it, since version 3.
  package var section: String {
    switch self {
    case .signs: "signs"
    case .lowerBits: "rest"
    case .sketch: "sketch"
    case .norms: "norms"
    case .alignments: "alignments"
    case .residualNorms: "residual norms"
    case .centerComponents: "components"
    case .ids: "ids"
    case .originals: "originals"
    }
  }
}

/// The sizes of the parts of 32 rows.
package struct RowShape: Sendable, Equatable {
  /// The codes.
  package let codes: BlockShape
  /// Columns of sketch signs, 0 without a sketch.
  package let sketchColumns: Int
  /// Whether rows store their norm.
  package let hasNorms: Bool
  /// Whether rows store their component along their centre.
  package let hasCenterComponents: Bool
  /// Bytes of an original, 0 where none are kept.
  package private(set) var originalByteCount: Int
  /// Whether rows store their ids; rows that are gathered for scoring do not.
  private var hasIDs = true

  /// The shape without ids and originals, which no score needs.
  var withoutIdentity: RowShape {
    var shape = self
    shape.hasIDs = false
    shape.originalByteCount = 0
    return shape
  }

  init(
    codec: Codec, originals: Originals?, hasCenterComponents: Bool
  ) throws(IndexError) {
    guard let scalar = codec.scalarQuantizer else {
      throw .codecNotOffered(
        "\(codec.quantizer.name) keeps no codes of coordinates; take scalar or two-stage")
    }
    guard scalar.segments.count == 1,
      BlockShape.isOffered(bits: scalar.segments[0].codebook.bits)
    else {
      throw .codecNotOffered(
        "\(codec.rate) bits per coordinate with the \(codec.quantizer.name) quantizer; take 1, 2, 3, 4 or 8 bits of "
          + "code, to which two stages add one")
    }
    guard codec.dimension <= RowShape.largestDimension else {
      throw .codecNotOffered(
        "dimension \(codec.dimension) is beyond \(RowShape.largestDimension)")
    }
    codes = BlockShape(dimension: codec.dimension, bits: scalar.segments[0].codebook.bits)
    sketchColumns = codec.sketch.map { ($0.directions + 7) / 8 } ?? 0
    hasNorms = codec.normalization == .norm
    self.hasCenterComponents = hasCenterComponents
    originalByteCount = Int(originals?.rawValue ?? 0) * codec.dimension
  }

  /// In more dimensions a 32-bit sum of products might overflow.
  static let largestDimension = 1 << 16

  /// Bytes of a part of 32 rows; 0 if it is not stored.
  package func byteCount(of part: Part) -> Int {
    let rows = BlockShape.rowCount
    return switch part {
    case .signs: codes.signByteCount
    case .lowerBits: codes.restByteCount
    case .sketch: sketchColumns * rows
    case .norms: hasNorms ? 4 * rows : 0
    case .alignments: 4 * rows
    case .residualNorms: sketchColumns > 0 ? 4 * rows : 0
    case .centerComponents: hasCenterComponents ? 4 * rows : 0
    case .ids: hasIDs ? 8 * rows : 0
    case .originals: originalByteCount * rows
    }
  }

  /// The planes of a part that has codes or signs.
  func planes(of part: Part) -> BlockPlanes {
    part == .sketch
      ? BlockPlanes(columns: sketchColumns, count: 1)
      : BlockPlanes(columns: codes.columns, count: part == .signs ? 1 : codes.bits - 1)
  }

  /// Bytes of a row's codes and scalars, without its id and its original.
  var bytesPerVector: Int {
    Part.allCases.reduce(0) {
      $1 == .ids || $1 == .originals ? $0 : $0 + byteCount(of: $1) / BlockShape.rowCount
    }
  }
}
