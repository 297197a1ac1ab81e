// The overloads with URLs write and read what those with paths do, whatever is in the name.

import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantFiles
import TurboQuantFoundation
import TurboQuantIndex
import TurboQuantKVCache

/// Names that a URL must escape, or that a careless reader would take for something else.
let names = [
  "plain", "two words", "Übergröße 量子", "50%", "a%20b", "what?", "part#2", "semi;colon", "-",
]

/// Floats that no two rows share.
func floats(_ count: Int) -> [Float] { (0..<count).map { Float($0 % 97) - 40.5 } }

@Suite struct URLTests {
  let scratch: Scratch
  let folder: URL

  init() throws {
    scratch = try Scratch()
    folder = URL(filePath: scratch.path, directoryHint: .isDirectory)
  }

  /// A URL in the test's folder, and the path that it must mean.
  private func place(_ name: String) -> (url: URL, path: String) {
    (folder.appending(path: name, directoryHint: .notDirectory), scratch.file(name))
  }

  @Test(arguments: names) func index(name: String) throws {
    let (url, path) = place(name + ".tqi")
    var index = try VectorIndex(dimension: 8, metric: .cosine)
    try index.add(floats(24))
    try index.save(to: url)
    #expect(try scratch.names == [name + ".tqi"])
    let queries = floats(8)
    let hits = try index.search(queries, count: 3)
    #expect(try VectorIndex(opening: path).search(queries, count: 3) == hits)
    #expect(try VectorIndex(opening: url).search(queries, count: 3) == hits)
    var checked: UInt64 = 0
    let verified = try VectorIndex.verify(url) { done, _ in checked = done }
    #expect(try verified.search(queries, count: 3) == hits)
    #expect(checked > 0)
  }

  @Test(arguments: names) func lock(name: String) throws {
    let (url, path) = place(name + ".tqi")
    let index = try VectorIndex(dimension: 8, metric: .cosine)
    try index.save(to: path)
    let lock = try IndexFileLock(url)
    #expect(lock.path == path)
    #expect(
      thrownError(#_sourceLocation) { () throws(IndexError) in
        _ = try IndexFileLock(url, waitingAtMost: .zero)
      }?.kind == .file(path: path, offset: nil))
    try index.save(replacing: lock)
    _ = try IndexFileLock(url, waitingAtMost: .zero)
  }

  @Test(arguments: names) func sharedIndex(name: String) async throws {
    let (url, path) = place(name + ".tqi")
    var index = try VectorIndex(dimension: 8, metric: .cosine)
    try index.add(floats(24))
    let reports = Reports()
    try await SharedVectorIndex(index).save(to: url) { reports.add($0, $1) }
    #expect(try VectorIndex(opening: path).count == 3)
    let last = try #require(reports.all.last)
    #expect(last.done == last.total && last.total > 0)
  }

  @Test(arguments: names) func codes(name: String) throws {
    let (url, path) = place(name + ".tqv")
    let codec = try Codec(dimension: 8, rate: .bits(4))
    let codes = try codec.encode(floats(24))
    var writer = try CodeFileWriter(url, codec: codec)
    try writer.append(codes)
    try writer.finish()
    let byURL = try CodeFile(url)
    let byPath = try CodeFile(path)
    #expect(byURL.path == path)
    #expect(try byURL.codes(of: 0..<3) == codes)
    #expect(try byPath.codes(of: 0..<3) == codes)
  }

  @Test(arguments: names) func vectors(name: String) throws {
    let (url, path) = place(name + ".npy")
    let rows = floats(24)
    var writer = try NpyWriter(url, dimension: 8)
    try writer.append(rows)
    try writer.finish()
    var file = try VectorFile.open(url)
    #expect(file.path == path)
    var read: [Float] = []
    #expect(try file.read(upTo: 10, into: &read) == 3)
    #expect(read == rows)
  }

  @Test("A file named - is a file, not standard input") func dash() throws {
    let url = URL(filePath: "-", relativeTo: folder)
    // A file without an extension is refused, once it has been found not to exist.
    #expect(
      thrownError(#_sourceLocation) { () throws(VectorFileError) in _ = try VectorFile.open(url) }?
        .kind == .notFound)
  }

  @Test(arguments: names) func cache(name: String) throws {
    let (url, path) = place(name + ".tqkv")
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 8)
    let codec = try KVCodec(KVConfiguration(shape: shape, keys: .bits(4), values: .bits(4)))
    var cache = KVCache(codec)
    try cache.append(keys: floats(24), values: floats(24))
    try cache.save(to: url)
    let (byURL, byPath) = (
      try KVCache(opening: url, codec: codec), try KVCache(opening: path, codec: codec)
    )
    let output = try cache.attend(floats(8))
    #expect(try byURL.attend(floats(8)) == output)
    #expect(try byPath.attend(floats(8)) == output)
  }
}

/// What a progress closure was told.
private final class Reports: @unchecked Sendable {
  private let lock = NSLock()
  private var told: [(done: Int, total: Int)] = []

  func add(_ done: Int, _ total: Int) { lock.withLock { told.append((done, total)) } }

  var all: [(done: Int, total: Int)] { lock.withLock { told } }
}
