import Foundation
import Testing
import TurboQuant
import TurboQuantFiles
import TurboQuantFoundation
import TurboQuantIndex
import TurboQuantKVCache

@Suite struct LocalizedErrorTests {
  /// What Foundation makes of the error that `body` throws, against the error's own words and number.
  private func check<Failure: Error & CustomStringConvertible>(
    _ domain: String, code: Int32, _ type: Failure.Type,
    _ sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    guard
      let error = #expect(throws: Failure.self, sourceLocation: sourceLocation, performing: body)
    else { return }
    let any: any Error = error
    #expect(any.localizedDescription == error.description, sourceLocation: sourceLocation)
    #expect(
      (any as? any LocalizedError)?.errorDescription == error.description,
      sourceLocation: sourceLocation)
    let bridged = any as NSError
    #expect(bridged.domain == "swift-turboquant." + domain, sourceLocation: sourceLocation)
    #expect(bridged.code == Int(code), sourceLocation: sourceLocation)
    #expect(bridged.localizedDescription == error.description, sourceLocation: sourceLocation)
  }

  @Test("Errors say in Foundation's words what they say in their own")
  func words() throws {
    check("codec", code: 100, CodecError.self) { _ = try Codec(dimension: 0, rate: .bits(4)) }
    check("codefile", code: 200, CodeFileError.self) { _ = try CodeFile("/no/such.tqv") }
    check("vectorfile", code: 300, VectorFileError.self) {
      _ = try VectorFile.open("/no/such.npy")
    }
    check("index", code: 414, IndexError.self) { _ = try VectorIndex(opening: "/no/such.tqi") }
    // The codec's own number, in the domain of who throws it.
    check("index", code: 100, IndexError.self) { _ = try VectorIndex(dimension: 0) }
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 8)
    let codec = try KVCodec(KVConfiguration(shape: shape, keys: .bits(4), values: .bits(4)))
    let error = #expect(throws: KVCacheError.self) {
      try KVCache(opening: "/no/such.tqkv", codec: codec)
    }
    check("kvcache", code: try #require(error).code, KVCacheError.self) {
      _ = try KVCache(opening: "/no/such.tqkv", codec: codec)
    }
  }
}
