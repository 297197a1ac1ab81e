internal import TurboQuantKernels

/// The same calls for arrays.
extension Codec {
  /// Creates the codec whose ``record`` this is.
  ///
  /// - Throws: ``CodecError`` as ``init(record:)-(RawSpan)``.
  /// - Complexity: As ``init(record:)-(RawSpan)``.
  public init(record: [UInt8]) throws(CodecError) { try self.init(record: record.span.raw) }

  /// Encodes rows × ``dimension`` floats.
  ///
  /// - Throws: ``CodecError`` as ``encode(_:)-(Span<Float>)``.
  /// - Complexity: O(d log d) per row with the Hadamard rotation, O(d²) with the Haar rotation.
  public func encode(_ vectors: [Float]) throws(CodecError) -> CodeMatrix {
    try encode(vectors.span)
  }

  /// Encodes rows × ``dimension`` floats into `rows`, ``bytesPerVector`` bytes each.
  ///
  /// - Throws: ``CodecError`` as ``encode(_:into:)-(Span<Float>,_)``.
  /// - Complexity: O(d log d) per row with the Hadamard rotation, O(d²) with the Haar rotation.
  public func encode(
    _ vectors: [Float], into rows: inout MutableSpan<UInt8>
  ) throws(CodecError) {
    try encode(vectors.span, into: &rows)
  }

  #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    /// Encodes rows × ``dimension`` half-precision floats to the same bytes as their float32 values.
    ///
    /// - Throws: ``CodecError`` as ``encode(_:)-(Span<Float>)``.
    /// - Complexity: O(d log d) per row with the Hadamard rotation, O(d²) with the Haar rotation.
    @_disfavoredOverload
    public func encode(_ vectors: [Float16]) throws(CodecError) -> CodeMatrix {
      try encode(vectors.span)
    }
  #endif

  /// Rotates and projects a query, once for any number of rows.
  ///
  /// - Throws: ``CodecError`` as ``prepare(_:)-(Span<Float>)``.
  /// - Complexity: As ``prepare(_:)-(Span<Float>)``.
  public func prepare(_ q: [Float]) throws(CodecError) -> Query { try prepare(q.span) }
}
