package import TurboQuant

extension Codec {
  /// The stored rows of rows × dimension floats, encoded on up to `threads` threads.
  ///
  /// Rows are dealt out in blocks of some hundred kilobytes; below that a thread costs more than it
  /// saves.
  ///
  /// - Throws: ``/TurboQuant/CodecError`` for the first offending row.
  package func encodedRows(_ vectors: [Float], threads: Int) throws(CodecError) -> [UInt8] {
    let blockRows = max(1, (1 << 16) / dimension)
    let count = vectors.count / dimension
    let blockCount = (count + blockRows - 1) / blockRows
    guard threads > 1, blockCount > 1, count * dimension == vectors.count else {
      return try encode(vectors.span).bytes
    }
    draw()
    let blocks = try Parallel.map(blockCount, threads: threads) { block throws(CodecError) in
      try encodedRows(block * blockRows..<min(count, (block + 1) * blockRows), of: vectors)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * bytesPerVector)
    for block in blocks { bytes += block }
    return bytes
  }

  private func encodedRows(
    _ rows: Range<Int>, of vectors: [Float]
  ) throws(CodecError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: rows.count * bytesPerVector)
    do throws(CodecError) {
      var target = bytes.mutableSpan
      try encode(
        vectors.span.extracting(rows.lowerBound * dimension..<rows.upperBound * dimension),
        into: &target)
    } catch {
      throw error.addingRows(rows.lowerBound)
    }
    return bytes
  }
}
