/// The same calls for arrays.
extension ResidualSketch {
  /// sign(J · `r`), one bit per direction, least significant bit of each byte first; 1 means ≥ 0.
  ///
  /// - Throws: ``CodecError`` as ``signs(of:)-(Span<Float>)``.
  /// - Complexity: As ``signs(of:)-(Span<Float>)``.
  public func signs(of r: [Float]) throws(CodecError) -> [UInt8] { try signs(of: r.span) }

  /// J · `q`, the query's side of the estimate, scaled as for ``scale``.
  ///
  /// - Throws: ``CodecError`` as ``signs(of:)-(Span<Float>)``.
  /// - Complexity: As ``signs(of:)-(Span<Float>)``.
  public func project(_ q: [Float]) throws(CodecError) -> [Float] { try project(q.span) }
}
