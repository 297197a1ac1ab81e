internal import TurboQuant
internal import TurboQuantKernels

/// The rules of Documentation/FileFormat.md for the rows of an index, which checksums cannot check.
struct RowRules: Sendable {
  private let shape: RowShape
  private let originals: Originals?
  private let bounds: ScalarBounds
  /// The bits of the last column that may be set, one byte per plane.
  private let lastColumns: [(part: Part, planes: [UInt8])]

  /// A place in a part of a segment with a value that no index writes.
  struct Fault {
    let part: Part
    /// The row within the segment.
    let row: Int
    /// The byte within the part of the segment.
    let offset: Int
    /// What the row has there and what was expected.
    let reason: String
  }

  init(_ codec: Codec, _ bounds: ScalarBounds, _ shape: RowShape, _ originals: Originals?) {
    self.shape = shape
    self.originals = originals
    self.bounds = bounds
    var lastColumns: [(part: Part, planes: [UInt8])] = []
    let codes = RowRules.lastColumn(of: codec.dimension, bits: shape.codes.bits)
    if let first = codes.first {
      lastColumns = [(.signs, [first]), (.lowerBits, Array(codes.dropFirst()))]
    }
    let signs = RowRules.lastColumn(of: codec.sketch?.directions ?? 0, bits: 1)
    if !signs.isEmpty { lastColumns.append((.sketch, signs)) }
    self.lastColumns = lastColumns
  }

  /// The bits of the last column of `count` codes that may be set, plane by plane, signs first; empty if all may.
  private static func lastColumn(of count: Int, bits: Int) -> [UInt8] {
    guard count % 8 > 0 else { return [] }
    // A row of only the last column's codes, each of them all ones.
    let column = BlockShape(dimension: count % 8, bits: bits)
    var ones = [UInt8](repeating: .max, count: column.packedByteCount)
    if count % 8 * bits % 8 > 0 { ones[ones.count - 1] >>= UInt8(8 - count % 8 * bits % 8) }
    var signs = [UInt8](repeating: 0, count: column.signByteCount)
    var lowerBits = [UInt8](repeating: 0, count: column.restByteCount)
    do {
      var signSpan = signs.mutableSpan
      var lowerSpan = lowerBits.mutableSpan
      var signBytes = signSpan.mutableRaw
      var lowerBytes = lowerSpan.mutableRaw
      column.spread(
        ones.span.raw, at: 0, row: 0, signs: &signBytes, at: 0, rest: &lowerBytes, at: 0)
    }
    return [signs[0]]
      + stride(from: 0, to: lowerBits.count, by: BlockShape.rowCount).map { lowerBits[$0] }
  }

  /// The first fault in a segment of `rowCount` rows, or nil.
  func firstFault(in segment: RowSegment, rowCount: Int) throws(IndexError) -> Fault? {
    for (part, planes) in lastColumns where shape.byteCount(of: part) > 0 {
      if let fault = try codeFault(part, planes, segment, rowCount) { return fault }
    }
    if let fault = try scalarFault(segment, rowCount) { return fault }
    return try originalFault(segment, rowCount)
  }

  private func codeFault(
    _ part: Part, _ planes: [UInt8], _ segment: RowSegment, _ rowCount: Int
  ) throws(IndexError) -> Fault? {
    let rows = BlockShape.rowCount
    let columns = part == .sketch ? shape.sketchColumns : shape.codes.columns
    // The last unit begins at a multiple of four columns, and has one to four of them.
    let (firstColumn, width) = ((columns - 1) / 4 * 4, (columns - 1) % 4 + 1)
    let size = shape.byteCount(of: part)
    return try segment.withBytes(of: part, 0..<BlockShape.blockCount(ofRows: rowCount)) { bytes in
      for row in 0..<rowCount {
        for (plane, mask) in planes.enumerated() {
          let offset =
            row / rows * size + rows * (firstColumn * planes.count + width * plane)
            + width * (row % rows) + width - 1
          guard bytes.byte(at: offset) & ~mask != 0 else { continue }
          let what = part == .sketch ? "direction" : "coordinate"
          return Fault(
            part: part, row: row, offset: offset, reason: "has a bit beyond the last \(what) set")
        }
      }
      return nil
    }
  }

  private func scalarFault(_ segment: RowSegment, _ rowCount: Int) throws(IndexError) -> Fault? {
    let norms = try segment.scalars(.norms, rowCount: rowCount)
    func fault(
      _ part: Part, _ allowed: (_ norm: Double) -> ClosedRange<Double>
    ) throws(IndexError) -> Fault? {
      guard shape.byteCount(of: part) > 0 else { return nil }
      for (row, value) in try segment.scalars(part, rowCount: rowCount).enumerated() {
        let range = allowed(Double(norms[row]))
        guard !range.contains(Double(value)) else { continue }
        return Fault(
          part: part, row: row, offset: 4 * row,
          reason: "has \(value), expected \(Float(range.lowerBound)) … \(Float(range.upperBound))")
      }
      return nil
    }
    if let fault = try fault(.norms, { _ in 0...VectorIndex.largestNorm }) { return fault }
    // A zero vector has no direction; its alignment is stored as 1.
    if let fault = try fault(.alignments, { $0 > 0 ? bounds.alignments : 1...1 }) { return fault }
    if let fault = try fault(.residualNorms, { 0...bounds.residualShare * $0 }) { return fault }
    // A component is at most the norm; twice that allows for both roundings.
    return try fault(.centerComponents) { -2 * $0...2 * $0 }
  }

  private func originalFault(_ segment: RowSegment, _ rowCount: Int) throws(IndexError) -> Fault? {
    guard let originals else { return nil }
    // Eight bytes at a time: adding 1 to an exponent of all ones carries into the sign bit.
    let (exponent, one, sign): (UInt64, UInt64, UInt64) =
      switch originals {
      case .float16: (0x7C00_7C00_7C00_7C00, 0x0400_0400_0400_0400, 0x8000_8000_8000_8000)
      case .float32: (0x7F80_0000_7F80_0000, 0x0080_0000_0080_0000, 0x8000_0000_8000_0000)
      }
    let size = shape.byteCount(of: .originals) / BlockShape.rowCount
    return try segment.withBytes(of: .originals, 0..<BlockShape.blockCount(ofRows: rowCount)) {
      bytes in
      // Blocks have 32 rows, hence whole words. Bytes beyond the last row are zero.
      for word in stride(from: 0, to: bytes.byteCount, by: 8) {
        let found = ((bytes.uint64(at: word) & exponent) &+ one) & sign
        guard found != 0 else { continue }
        let width = Int(originals.rawValue)
        let offset = word + found.trailingZeroBitCount / (8 * width) * width
        return Fault(
          part: .originals, row: offset / size, offset: offset,
          reason: "has no finite number in column \(offset % size / width)")
      }
      return nil
    }
  }
}
