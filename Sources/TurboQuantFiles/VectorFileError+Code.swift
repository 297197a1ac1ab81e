extension VectorFileError {
  /// A stable number for the kind of error, for C, logs and exit codes; one that was given is never given again.
  ///
  /// | code | kind |
  /// |---:|---|
  /// | 300 | ``Kind/notFound`` |
  /// | 301 | ``Kind/permissionDenied`` |
  /// | 302 | ``Kind/system(call:code:)`` |
  /// | 303 | ``Kind/isDirectory`` |
  /// | 304 | ``Kind/notRegularFile`` |
  /// | 305 | ``Kind/readOnly`` |
  /// | 306 | ``Kind/busy(seconds:)`` |
  /// | 307 | ``Kind/replacedNotSynchronized(code:)`` |
  /// | 308 | ``Kind/empty`` |
  /// | 309 | ``Kind/unknownExtension(_:)`` |
  /// | 310 | ``Kind/wrongMagic(found:)`` |
  /// | 311 | ``Kind/unsupportedVersion(major:minor:)`` |
  /// | 312 | ``Kind/malformedHeader(reason:)`` |
  /// | 313 | ``Kind/unsupportedElementType(_:)`` |
  /// | 314 | ``Kind/fortranOrder`` |
  /// | 315 | ``Kind/wrongRank(_:)`` |
  /// | 316 | ``Kind/noNumbers(_:)`` |
  /// | 317 | ``Kind/notWholeNumbers(_:)`` |
  /// | 318 | ``Kind/notAList(_:)`` |
  /// | 319 | ``Kind/negativeNumber(_:)`` |
  /// | 320 | ``Kind/invalidDimension(_:)`` |
  /// | 321 | ``Kind/impossibleSize`` |
  /// | 322 | ``Kind/truncated(expected:found:)`` |
  /// | 323 | ``Kind/trailingBytes(expected:found:)`` |
  /// | 324 | ``Kind/lineTooLong(byteCount:)`` |
  /// | 325 | ``Kind/endless(byteCount:)`` |
  /// | 326 | ``Kind/noWriter(seconds:)`` |
  /// | 327 | ``Kind/differingDimension(expected:found:)`` |
  /// | 328 | ``Kind/notANumber`` |
  /// | 329 | ``Kind/infinite`` |
  /// | 330 | ``Kind/overflowsFloat32(_:)`` |
  /// | 331 | ``Kind/misuse(reason:)`` |
  public var code: Int32 {
    switch kind {
    case .notFound: 300
    case .permissionDenied: 301
    case .system: 302
    case .isDirectory: 303
    case .notRegularFile: 304
    case .readOnly: 305
    case .busy: 306
    case .replacedNotSynchronized: 307
    case .empty: 308
    case .unknownExtension: 309
    case .wrongMagic: 310
    case .unsupportedVersion: 311
    case .malformedHeader: 312
    case .unsupportedElementType: 313
    case .fortranOrder: 314
    case .wrongRank: 315
    case .noNumbers: 316
    case .notWholeNumbers: 317
    case .notAList: 318
    case .negativeNumber: 319
    case .invalidDimension: 320
    case .impossibleSize: 321
    case .truncated: 322
    case .trailingBytes: 323
    case .lineTooLong: 324
    case .endless: 325
    case .noWriter: 326
    case .differingDimension: 327
    case .notANumber: 328
    case .infinite: 329
    case .overflowsFloat32: 330
    case .misuse: 331
    }
  }
}
