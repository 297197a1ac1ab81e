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
    try CodeMatrix(bytes: try encodedRows(vectors, threads: threads), of: self)
  }
}
