internal import TurboQuantKernels

/// Bounds on the scalars of a row that hold for every vector.
///
/// Let û be a unit vector and ŷ its centroids, which have the signs of û. Then ⟨û, ŷ⟩ lies between
/// the smallest magnitude of a centroid and √d times the largest, and ‖û − ŷ‖ is at most 1 + ‖ŷ‖.
/// Both bounds are widened by a factor of 2 for rounding: a sum of d ≤ 2²⁴ terms in 16 lanes is off
/// by at most 2²⁰ · 2⁻²⁴ of the sum of magnitudes.
package struct ScalarBounds: Sendable {
  /// The possible values of ⟨û, ŷ⟩.
  package let alignments: ClosedRange<Double>
  /// The largest possible ratio of a residual's norm to its row's norm.
  package let residualShare: Double

  init(_ quantizer: ScalarQuantizer) {
    let magnitudes = quantizer.segments.flatMap { $0.codebook.centroids }.map {
      Double($0.magnitude)
    }
    let longest = squareRoot(Double(quantizer.dimension)) * (magnitudes.max() ?? 0)
    alignments = (magnitudes.min() ?? 0) / 2...2 * longest
    residualShare = 2 * (1 + longest)
  }
}

/// Something in a stored row that no encoder writes.
package struct RowFault: Sendable, Equatable {
  /// The row, counted from the first row that was checked.
  package let row: Int
  /// The byte within the row.
  package let offset: Int
  /// What was found there, and what was expected.
  package let reason: String
}

extension Codec {
  /// Bounds on alignments and residual norms, nil if rows hold no codes of coordinates.
  package var scalarBounds: ScalarBounds? { scalarQuantizer.map(ScalarBounds.init) }

  /// The first place in stored rows with contents that no encoder writes, or nil.
  package func firstFault(in rows: RawSpan) throws(CodecError) -> RowFault? {
    let rules = StoredRowRules(self)
    for row in 0..<(try rowCount(ofBytes: rows)) {
      if let fault = rules.fault(rows, row) { return fault }
    }
    return nil
  }

  /// Refuses a row whose norm or radii would not decode to finite numbers.
  func checkLengths(_ rows: RawSpan, row: Int) throws(CodecError) {
    if let reason = lengthFault(rows, at: row * bytesPerVector)?.reason {
      throw CodecError(.malformedRow(row: row, reason: reason))
    }
  }

  fileprivate func lengthFault(_ rows: RawSpan, at start: Int) -> (offset: Int, reason: String)? {
    if let offset = layout.norm {
      let norm = rows.float32(at: start + offset)
      guard norm >= 0, norm.isFinite else { return (offset, "the norm is \(norm)") }
    }
    for offset in stride(from: layout.radii.lowerBound, to: layout.radii.upperBound, by: 2) {
      let bits = rows.integer(at: start + offset, as: UInt16.self)
      guard bits & 0x7C00 != 0x7C00 else { return (offset, "a radius is no finite number") }
    }
    return nil
  }
}

/// The rules of Documentation/FileFormat.md for the contents of a row.
private struct StoredRowRules {
  let codec: Codec
  let bounds: ScalarBounds?
  /// Bits of a row that must be zero, as bytes with masks.
  let unused: [(offset: Int, mask: UInt8)]

  init(_ codec: Codec) {
    self.codec = codec
    bounds = codec.scalarBounds
    unused = codec.stage.packedNumbers.compactMap {
      let used = $0.count * $0.bits % 8
      return used == 0 ? nil : (offset: $0.end - 1, mask: UInt8.max << UInt8(used))
    }
  }

  func fault(_ rows: RawSpan, _ row: Int) -> RowFault? {
    let start = row * codec.bytesPerVector
    for (offset, mask) in unused where rows.byte(at: start + offset) & mask != 0 {
      return RowFault(row: row, offset: offset, reason: "a bit beyond the last code is set")
    }
    if let fault = codec.lengthFault(rows, at: start) {
      return RowFault(row: row, offset: fault.offset, reason: fault.reason)
    }
    guard let bounds else { return nil }
    let norm = codec.layout.norm.map { Double(rows.float32(at: start + $0)) } ?? 1
    let alignments = norm > 0 ? bounds.alignments : 0...0
    if let offset = codec.layout.alignment,
      let reason = Self.fault("alignment", rows.float32(at: start + offset), alignments)
    {
      return RowFault(row: row, offset: offset, reason: reason)
    }
    if let offset = codec.layout.residualNorm,
      let reason = Self.fault(
        "residual norm", rows.float32(at: start + offset), 0...bounds.residualShare * norm)
    {
      return RowFault(row: row, offset: offset, reason: reason)
    }
    return nil
  }

  private static func fault(
    _ name: String, _ value: Float, _ allowed: ClosedRange<Double>
  ) -> String? {
    guard !allowed.contains(Double(value)) else { return nil }
    return
      "the \(name) is \(value), expected \(Float(allowed.lowerBound)) … \(Float(allowed.upperBound))"
  }
}
