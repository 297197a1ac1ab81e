import Testing
import TurboQuant
import TurboQuantKernels
import TurboQuantStorage

@testable import TurboQuantFiles

/// The numbers of errors, which no version may change.
@Suite struct ErrorCodeTests {
  @Test func vectorFileErrors() {
    let expected: [(Int32, VectorFileError.Kind)] = [
      (300, .notFound),
      (301, .permissionDenied),
      (302, .system(call: "open", code: 5)),
      (303, .isDirectory),
      (304, .notRegularFile),
      (305, .readOnly),
      (306, .busy(seconds: 1)),
      (307, .replacedNotSynchronized(code: 5)),
      (308, .empty),
      (309, .unknownExtension("")),
      (310, .wrongMagic(found: [])),
      (311, .unsupportedVersion(major: 4, minor: 0)),
      (312, .malformedHeader(reason: "")),
      (313, .unsupportedElementType("")),
      (314, .fortranOrder),
      (315, .wrongRank(1)),
      (316, .noNumbers([])),
      (317, .notWholeNumbers("")),
      (318, .notAList([])),
      (319, .negativeNumber(-1)),
      (320, .invalidDimension(0)),
      (321, .impossibleSize),
      (322, .truncated(expected: 2, found: 1)),
      (323, .trailingBytes(expected: 1, found: 2)),
      (324, .lineTooLong(byteCount: 1)),
      (325, .endless(byteCount: 1)),
      (326, .noWriter(seconds: 1)),
      (327, .differingDimension(expected: 1, found: 2)),
      (328, .notANumber),
      (329, .infinite),
      (330, .overflowsFloat32(1e300)),
      (331, .misuse(reason: "")),
    ]
    for (code, kind) in expected {
      #expect(VectorFileError(kind, path: "x").code == code, "\(kind)")
    }
    #expect(Set(expected.map { $0.0 }).count == expected.count)
  }

  @Test func codeFileErrors() throws {
    #expect(CodeFileError(StorageError(.empty, path: "x")).code == 200)
    let codec = try Codec(dimension: 8, rate: .bits(2))
    var rows = try codec.encode([1, 2, 3, 4, 5, 6, 7, 8].span).bytes
    for i in rows.indices { rows[i] = 0xFF }
    let fault = try #require(try codec.firstFault(in: rows.span.raw))
    #expect(CodeFileError(fault, row: 0, offset: 0, path: "x").code == 201)
    #expect(CodeFileError(partialRow: 3, bytesPerVector: 2, path: "x").code == 202)
    // A codec's error keeps its own number.
    #expect(CodeFileError(CodecError(.zeroVector(row: 0)), path: "x").code == 111)
  }
}
