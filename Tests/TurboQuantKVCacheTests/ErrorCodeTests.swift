import Testing

@testable import TurboQuant
@testable import TurboQuantKVCache

@Suite struct ErrorCodeTests {
  /// Every kind; a number that was given stays.
  static let codes: [(KVCacheError.Kind, Int32)] = [
    (.shape, 500), (.notOffered, 501), (.lengthMismatch(found: 1, expected: 2), 502),
    (.notFinite(head: 0, token: 0, coordinate: 0), 503),
    (.outOfOrder(position: 1, expected: 0), 504),
    (.tooManyTokens(asked: 2, held: 1), 505), (.forgotten(before: 256), 506),
    (.file(path: "x.tqkv", offset: nil), 507),
  ]

  @Test("Every kind has a number of its own, from 500 to 599") func numbers() {
    for (kind, code) in Self.codes { #expect(KVCacheError(kind, "").code == code) }
    #expect(Set(Self.codes.map(\.1)).count == Self.codes.count)
    #expect(Self.codes.allSatisfy { (500...599).contains($0.1) })
  }

  @Test("An error of the codec keeps its number, in another range") func codecs() throws {
    var configuration = KVConfiguration(
      shape: KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 8), keys: .bits(9),
      values: .bits(4))
    for keys in [KVPrecision.bits(9), .codes(.bits(3), estimator: .twoStage)] {
      configuration.keys = keys
      let error = try #require(#expect(throws: KVCacheError.self) { try KVCodec(configuration) })
      guard case .codec(let inner) = error.kind else {
        Issue.record("\(error)")
        continue
      }
      #expect(error.code == inner.code && (100...199).contains(error.code))
    }
  }
}
