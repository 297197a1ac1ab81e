internal import Dispatch
internal import Synchronization
public import TurboQuant

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
    let results = Mutex([Result<[UInt8], CodecError>?](repeating: nil, count: blockCount))
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: min(threads, blockCount)) { _ in
      while true {
        let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard block < blockCount else { return }
        let rows = block * blockRows..<min(count, (block + 1) * blockRows)
        let result = encodeRows(rows, of: vectors)
        results.withLock { $0[block] = result }
      }
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * bytesPerVector)
    for case let result? in results.withLock({ $0 }) { bytes += try result.get() }
    return try CodeMatrix(bytes: bytes, of: self)
  }

  private func encodeRows(
    _ rows: Range<Int>, of vectors: [Float]
  ) -> Result<[UInt8], CodecError> {
    var bytes = [UInt8](repeating: 0, count: rows.count * bytesPerVector)
    do throws(CodecError) {
      var target = bytes.mutableSpan
      try encode(
        vectors.span.extracting(rows.lowerBound * dimension..<rows.upperBound * dimension),
        into: &target)
    } catch {
      return .failure(error.addingRows(rows.lowerBound))
    }
    return .success(bytes)
  }
}
