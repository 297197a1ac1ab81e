// A URL that names no file of this machine is refused, and never read as a path.

import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantFiles
import TurboQuantFoundation
import TurboQuantIndex
import TurboQuantKVCache

/// Other schemes, none, another machine, a relative path, a name that is not UTF-8.
private let refused = [
  "https://example.org/tmp/a.tqi", "/tmp/a.tqi", "a.tqi", "file:a.tqi", "file:", "data:,abc",
  "file://server/share/a.tqi", "file:///tmp/%FF.tqi",
]

@Suite struct RefusedURLTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func check<Failure: Error & CustomStringConvertible>(
    _ error: Failure?, _ text: String, _ sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let message = error?.description ?? ""
    #expect(message.hasPrefix(text + ": "), sourceLocation: sourceLocation)
    #expect(message.contains("file URL"), sourceLocation: sourceLocation)
  }

  @Test(arguments: refused) func index(text: String) async throws {
    let url = try #require(URL(string: text))
    let index = try VectorIndex(dimension: 8)
    let errors = [
      thrownError(#_sourceLocation) { () throws(IndexError) in try VectorIndex(opening: url) },
      thrownError(#_sourceLocation) { () throws(IndexError) in try index.save(to: url) },
      thrownError(#_sourceLocation) { () throws(IndexError) in try VectorIndex.verify(url) },
      thrownError(#_sourceLocation) { () throws(IndexError) in _ = try IndexFileLock(url) },
      await #expect(throws: IndexError.self) {
        try await SharedVectorIndex(index).save(to: url)
      },
    ]
    for error in errors {
      check(error, text)
      #expect(error?.kind == .file(path: text, offset: nil))
      #expect(error?.code == 414)
    }
  }

  @Test(arguments: refused) func files(text: String) throws {
    let url = try #require(URL(string: text))
    let codec = try Codec(dimension: 8, rate: .bits(4))
    let codeErrors = [
      thrownError(#_sourceLocation) { () throws(CodeFileError) in _ = try CodeFile(url) },
      thrownError(#_sourceLocation) { () throws(CodeFileError) in
        _ = try CodeFileWriter(url, codec: codec)
      },
    ]
    for error in codeErrors {
      check(error, text)
      #expect(error?.kind == .container && error?.path == text && error?.offset == nil)
    }
    let vectorErrors = [
      thrownError(#_sourceLocation) { () throws(VectorFileError) in _ = try VectorFile.open(url) },
      thrownError(#_sourceLocation) { () throws(VectorFileError) in
        _ = try NpyWriter(url, dimension: 8)
      },
    ]
    for error in vectorErrors {
      check(error, text)
      #expect(error?.path == text && error?.code == 331)
    }
  }

  @Test(arguments: refused) func cache(text: String) throws {
    let url = try #require(URL(string: text))
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 8)
    let codec = try KVCodec(KVConfiguration(shape: shape, keys: .bits(4), values: .bits(4)))
    let errors = [
      thrownError(#_sourceLocation) { () throws(KVCacheError) in
        try KVCache(opening: url, codec: codec)
      },
      thrownError(#_sourceLocation) { () throws(KVCacheError) in
        try KVCache(codec).save(to: url)
      },
      thrownError(#_sourceLocation) { () throws(KVCacheError) in
        try KVCalibration(contentsOf: url)
      },
      thrownError(#_sourceLocation) { () throws(KVCacheError) in
        try KVCalibration(layers: []).save(to: url)
      },
    ]
    for error in errors {
      check(error, text)
      #expect(error?.kind == .file(path: text, offset: nil))
    }
  }

  @Test("A zero byte in a name is refused, not cut off") func zeroByte() throws {
    let index = try VectorIndex(dimension: 8)
    let text = URL(filePath: scratch.path).absoluteString + "/a%00b.tqi"
    let url = try #require(URL(string: text))
    let error = thrownError(#_sourceLocation) { () throws(IndexError) in try index.save(to: url) }
    #expect(error?.code == 414)
    #expect(try scratch.names == [])
  }

  @Test("This machine may be named") func localhost() throws {
    let path = scratch.file("a.tqi")
    try VectorIndex(dimension: 8).save(to: path)
    let url = try #require(URL(string: "file://localhost" + path))
    #expect(try VectorIndex(opening: url).isEmpty)
  }
}
