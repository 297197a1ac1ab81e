public import TurboQuant
internal import TurboQuantThreads

extension Codec {
  /// Encodes rows × dimension floats on up to `threads` threads; the bytes do not depend on how many.
  ///
  /// Rows are dealt out in blocks; work below about 100 µs stays on the calling thread.
  ///
  /// - Throws: ``/TurboQuant/CodecError`` as ``/TurboQuant/Codec/encode(_:)-(Span<Float>)``, for
  ///   the first offending row.
  public func encode(_ vectors: [Float], threads: Int) throws(CodecError) -> CodeMatrix {
    let blockRows = max(1, (1 << 16) / dimension)
    let count = vectors.count / dimension
    let blockCount = (count + blockRows - 1) / blockRows
    guard threads > 1, blockCount > 1, count * dimension == vectors.count else {
      return try encode(vectors.span)
    }
    let blocks = try Parallel.map(blockCount, threads: threads) { block throws(CodecError) in
      try encodeRows(block * blockRows..<min(count, (block + 1) * blockRows), of: vectors)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * bytesPerVector)
    for block in blocks { bytes += block }
    return try CodeMatrix(bytes: bytes, of: self)
  }

  private func encodeRows(
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
