internal import TurboQuant

extension IndexError {
  /// A stable number for the kind of error, for C, logs and exit codes; one that was given is never given again.
  ///
  /// | code | kind |
  /// |---:|---|
  /// | 400 | ``Kind/codecNotOffered(reason:)`` |
  /// | 401 | ``Kind/lengthMismatch(found:dimension:)`` |
  /// | 402 | ``Kind/idCountMismatch(ids:vectors:)`` |
  /// | 403 | ``Kind/duplicateID(_:row:)`` |
  /// | 404 | ``Kind/unknownID(_:)`` |
  /// | 405 | ``Kind/idsExhausted`` |
  /// | 406 | ``Kind/fingerprintMismatch(expected:found:)`` |
  /// | 407 | ``Kind/normOutOfRange(_:row:)`` |
  /// | 408 | ``Kind/beyondHalfPrecision(value:row:column:)`` |
  /// | 409 | ``Kind/tooManyRows(_:)`` |
  /// | 410 | ``Kind/countOutOfRange(_:)`` |
  /// | 411 | ``Kind/probabilityOutOfRange(_:)`` |
  /// | 412 | ``Kind/noOriginals`` |
  /// | 413 | ``Kind/notOffered(_:)`` |
  /// | 414 | ``Kind/file(path:offset:)`` |
  /// | 415 | ``Kind/tagCountMismatch(tags:vectors:)`` |
  /// | 416 | ``Kind/duplicateTag(_:row:)`` |
  /// | 417 | ``Kind/unknownTag(_:)`` |
  /// | 418 | ``Kind/tagNotAllowed(reason:row:)`` |
  /// | 419 | ``Kind/cancelled`` |
  ///
  /// ``Kind/codec(_:)`` has the codec's number, 100 … 199.
  public var code: Int32 {
    switch kind {
    case .codec(let error): error.code
    case .codecNotOffered: 400
    case .lengthMismatch: 401
    case .idCountMismatch: 402
    case .duplicateID: 403
    case .unknownID: 404
    case .idsExhausted: 405
    case .fingerprintMismatch: 406
    case .normOutOfRange: 407
    case .beyondHalfPrecision: 408
    case .tooManyRows: 409
    case .countOutOfRange: 410
    case .probabilityOutOfRange: 411
    case .noOriginals: 412
    case .notOffered: 413
    case .file: 414
    case .tagCountMismatch: 415
    case .duplicateTag: 416
    case .unknownTag: 417
    case .tagNotAllowed: 418
    case .cancelled: 419
    }
  }
}
