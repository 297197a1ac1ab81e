internal import TurboQuant

extension CodeFileError {
  /// A stable number for the kind of error, for C, logs and exit codes; one that was given is never given again.
  ///
  /// | code | kind |
  /// |---:|---|
  /// | 200 | ``Kind/container`` |
  /// | 201 | ``Kind/malformedRow(_:)`` |
  /// | 202 | ``Kind/partialRow(byteCount:bytesPerVector:)`` |
  /// | 100 … 199 | ``Kind/codec(_:)``: the code of the codec's own error |
  public var code: Int32 {
    switch kind {
    case .container: 200
    case .malformedRow: 201
    case .partialRow: 202
    case .codec(let error): error.code
    }
  }
}
