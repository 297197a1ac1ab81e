package import TurboQuant

extension Codec {
  /// The number of vectors in one thread's piece of work, a few hundred kilobytes.
  package var pieceRowCount: Int { max(1, (1 << 16) / dimension) }

  /// Rows 0 ..< `count` in pieces.
  package func pieces(_ count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: pieceRowCount).map { $0..<min(count, $0 + pieceRowCount) }
  }

  /// Decodes some rows.
  package func decode(_ codes: CodeMatrix, rows: Range<Int>) throws(CodecError) -> [Float] {
    let stored = rows.lowerBound * bytesPerVector..<rows.upperBound * bytesPerVector
    return try decode(CodeMatrix(unidentified: Array(codes.bytes[stored]), of: self))
  }
}
