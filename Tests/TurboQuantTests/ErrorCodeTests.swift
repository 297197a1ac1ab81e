import Testing
import TurboQuant

/// The numbers of errors, which no version may change.
@Suite struct ErrorCodeTests {
  @Test func codecErrors() {
    let expected: [(Int32, CodecError.Kind)] = [
      (100, .dimensionOutOfRange(0)),
      (101, .hadamardTooSmall(dimension: 1)),
      (102, .matrixTooLarge(rows: 1, columns: 1)),
      (103, .rateNotOffered(rate: .bits(1), quantizer: "", offered: "")),
      (104, .directionsOutOfRange(0)),
      (105, .polarLevelsOutOfRange(levels: 0, dimension: 1)),
      (106, .polarBitsOutOfRange(bits: 0, level: 1)),
      (107, .lengthMismatch(found: 1, dimension: 2)),
      (108, .rowLengthMismatch(found: 1, bytesPerVector: 2)),
      (109, .notFinite(value: .nan, row: 0, column: 0)),
      (110, .normOverflow(row: 0)),
      (111, .zeroVector(row: 0)),
      (112, .fingerprintMismatch(expected: "", found: "")),
      (113, .malformedRow(row: 0, reason: "")),
      (114, .targetUnavailable(name: "", available: [])),
      (115, .estimatorNotOffered(estimator: "", quantizer: "")),
      (116, .recordNotUnderstood(reason: "")),
      (117, .fingerprintMissing(byteCount: 0)),
    ]
    for (code, kind) in expected { #expect(CodecError(kind).code == code, "\(kind)") }
    #expect(Set(expected.map { $0.0 }).count == expected.count)
  }
}
