extension CodecError {
  /// A stable number for the kind of error, for C, logs and exit codes; one that was given is never given again.
  ///
  /// | code | kind |
  /// |---:|---|
  /// | 100 | ``Kind/dimensionOutOfRange(_:)`` |
  /// | 101 | ``Kind/hadamardTooSmall(dimension:)`` |
  /// | 102 | ``Kind/matrixTooLarge(rows:columns:)`` |
  /// | 103 | ``Kind/rateNotOffered(rate:quantizer:offered:)`` |
  /// | 104 | ``Kind/directionsOutOfRange(_:)`` |
  /// | 105 | ``Kind/polarLevelsOutOfRange(levels:dimension:)`` |
  /// | 106 | ``Kind/polarBitsOutOfRange(bits:level:)`` |
  /// | 107 | ``Kind/lengthMismatch(found:dimension:)`` |
  /// | 108 | ``Kind/rowLengthMismatch(found:bytesPerVector:)`` |
  /// | 109 | ``Kind/notFinite(value:row:column:)`` |
  /// | 110 | ``Kind/normOverflow(row:)`` |
  /// | 111 | ``Kind/zeroVector(row:)`` |
  /// | 112 | ``Kind/fingerprintMismatch(expected:found:)`` |
  /// | 113 | ``Kind/malformedRow(row:reason:)`` |
  /// | 114 | ``Kind/targetUnavailable(name:available:)`` |
  /// | 115 | ``Kind/estimatorNotOffered(estimator:quantizer:)`` |
  /// | 116 | ``Kind/recordNotUnderstood(reason:)`` |
  /// | 117 | ``Kind/fingerprintMissing(byteCount:)`` |
  public var code: Int32 {
    switch kind {
    case .dimensionOutOfRange: 100
    case .hadamardTooSmall: 101
    case .matrixTooLarge: 102
    case .rateNotOffered: 103
    case .directionsOutOfRange: 104
    case .polarLevelsOutOfRange: 105
    case .polarBitsOutOfRange: 106
    case .lengthMismatch: 107
    case .rowLengthMismatch: 108
    case .notFinite: 109
    case .normOverflow: 110
    case .zeroVector: 111
    case .fingerprintMismatch: 112
    case .malformedRow: 113
    case .targetUnavailable: 114
    case .estimatorNotOffered: 115
    case .recordNotUnderstood: 116
    case .fingerprintMissing: 117
    }
  }
}
