// Embedded Swift has no threads.
#if !hasFeature(Embedded)
  internal import TurboQuantKernels
  internal import TurboQuantThreads

  extension Codec {
    /// Encodes rows × ``dimension`` floats on up to `threads` threads; the bytes do not depend on their number.
    ///
    /// Threads take the rows in blocks; work below about 100 µs stays on the calling thread.
    ///
    /// - Throws: ``CodecError`` as ``encode(_:)-(Span<Float>)``, for the first offending row.
    public func encode(_ vectors: Span<Float>, threads: Int) throws(CodecError) -> CodeMatrix {
      let count = vectors.count / dimension
      guard threads > 1, count > blockRowCount, count * dimension == vectors.count else {
        return try encode(vectors)
      }
      let blocks = try onThreads(threads, rowCount: count) { (rows) throws(CodecError) in
        var bytes = [UInt8](repeating: 0, count: rows.count * bytesPerVector)
        var target = bytes.mutableSpan
        try encode(
          vectors.extracting(rows.lowerBound * dimension..<rows.upperBound * dimension),
          into: &target)
        return bytes
      }
      return try CodeMatrix(
        unidentified: joined(blocks, count: count * bytesPerVector), of: self)
    }

    /// Encodes rows × ``dimension`` floats on up to `threads` threads; the bytes do not depend on their number.
    ///
    /// - Throws: ``CodecError`` as ``encode(_:)-(Span<Float>)``, for the first offending row.
    public func encode(_ vectors: [Float], threads: Int) throws(CodecError) -> CodeMatrix {
      try encode(vectors.span, threads: threads)
    }

    /// The reconstruction of every row, rows × ``dimension`` floats, on up to `threads` threads.
    ///
    /// - Throws: ``CodecError`` as ``decode(_:)``, for the first offending row.
    public func decode(_ codes: CodeMatrix, threads: Int) throws(CodecError) -> [Float] {
      guard threads > 1, codes.count > blockRowCount else { return try decode(codes) }
      try check(codes)
      let blocks = try onThreads(threads, rowCount: codes.count) { (rows) throws(CodecError) in
        var vectors = [Float](repeating: 0, count: rows.count * dimension)
        var target = vectors.mutableSpan
        let stored = rows.lowerBound * bytesPerVector..<rows.upperBound * bytesPerVector
        try decode(rows: codes.bytes.span.raw.extracting(stored), into: &target)
        return vectors
      }
      return joined(blocks, count: codes.count * dimension)
    }

    /// Rows per block, some hundred kilobytes: for fewer rows a thread costs more than it saves.
    private var blockRowCount: Int { max(1, (1 << 16) / dimension) }

    /// The results of `body` for all blocks of rows, in order.
    private func onThreads<Block: Sendable>(
      _ threads: Int, rowCount: Int,
      _ body: @Sendable (Range<Int>) throws(CodecError) -> Block
    ) throws(CodecError) -> [Block] {
      draw()
      let size = blockRowCount
      return try Parallel.map((rowCount + size - 1) / size, threads: threads) {
        (block) throws(CodecError) in
        do throws(CodecError) {
          return try body(block * size..<min(rowCount, (block + 1) * size))
        } catch {
          throw error.addingRows(block * size)
        }
      }
    }

    private func joined<Number>(_ blocks: [[Number]], count: Int) -> [Number] {
      var all: [Number] = []
      all.reserveCapacity(count)
      for block in blocks { all += block }
      return all
    }
  }
#endif
