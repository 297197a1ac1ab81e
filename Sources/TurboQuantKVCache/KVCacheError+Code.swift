internal import TurboQuant

extension KVCacheError {
  /// A stable number for the kind of error, for C, logs and exit codes; one that was given is never given again.
  ///
  /// | code | kind |
  /// |---:|---|
  /// | 500 | ``Kind/shape`` |
  /// | 501 | ``Kind/notOffered`` |
  /// | 502 | ``Kind/lengthMismatch(found:expected:)`` |
  /// | 503 | ``Kind/notFinite(head:token:coordinate:)`` |
  /// | 504 | ``Kind/outOfOrder(position:expected:)`` |
  /// | 505 | ``Kind/tooManyTokens(asked:held:)`` |
  /// | 506 | ``Kind/forgotten(before:)`` |
  /// | 507 | ``Kind/file(path:offset:)`` |
  /// | 100 … 199 | ``Kind/codec(_:)``: the code of the codec's own error |
  public var code: Int32 {
    switch kind {
    case .shape: 500
    case .notOffered: 501
    case .lengthMismatch: 502
    case .notFinite: 503
    case .outOfOrder: 504
    case .tooManyTokens: 505
    case .forgotten: 506
    case .file: 507
    case .codec(let error): error.code
    }
  }
}
