import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantIndex

@Suite("Bytes in memory are those of a file, both ways")
struct SerializedTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test(arguments: IndexDamageTests.examples)
  func bytesAreThoseOfAFile(_ example: IndexDamageTests.Example) throws {
    let index = try example.index()
    let path = scratch.file("x.tqi")
    try index.save(to: path)
    let file = try scratch.read("x.tqi")
    #expect(try index.serialized() == file)
    #expect(try index.serializedByteCount() == file.count)
    // Of a mapped file, and of bytes, too.
    #expect(try VectorIndex(opening: path).serialized() == file)
    var again = try VectorIndex(serialized: file)
    #expect(try again.serialized() == file)
    var dice = Dice(seed: 3)
    let queries = dice.normals(2 * IndexDamageTests.Example.dimension)
    #expect(try again.search(queries, count: 40) == index.search(queries, count: 40))

    // Changed after it was opened; 34 rows leave zeros in the last block.
    let id = try #require(index.ids().first)
    try again.remove(id)
    var changed = index
    try changed.remove(id)
    let bytes = try again.serialized()
    #expect(try bytes == changed.serialized())
    #expect(try again.serializedByteCount() == bytes.count)
  }

  @Test func emptyIndexes() throws {
    for tags in [nil, TagKind.text] {
      let index = try VectorIndex(dimension: 5, tags: tags)
      let bytes = try index.serialized()
      #expect(try bytes.count == index.serializedByteCount())
      #expect(try VectorIndex(serialized: bytes).isEmpty)
    }
  }

  /// Sections of more than one chunk have more than one checksum.
  @Test func manyRows() throws {
    let d = 8
    var dice = Dice(seed: 4)
    var index = try VectorIndex(dimension: d, bits: 1, originals: .float32)
    try index.add(dice.normals(70_000 * d))
    let bytes = try index.serialized()
    #expect(try bytes.count == index.serializedByteCount())
    #expect(bytes.count > 3 << 20)
    try index.save(to: scratch.file("x.tqi"))
    #expect(try bytes == scratch.read("x.tqi"))
    let again = try VectorIndex(serialized: bytes)
    #expect(try again.reconstruct(69_999) == index.reconstruct(69_999))
  }

  /// The same kind, byte and words as for a file, but for its name.
  @Test(arguments: IndexDamageTests.examples)
  func damageIsNamedAsInAFile(_ example: IndexDamageTests.Example) throws {
    var bytes = try example.index().serialized()
    func compare(_ bytes: [UInt8], _ what: String) throws {
      let path = try scratch.write(bytes, to: "x.tqi")
      let file = failure { () throws(IndexError) in try VectorIndex.verify(path) }
      let memory = failure { () throws(IndexError) in try VectorIndex(serialized: bytes) }
      guard case .file(path, let offset?)? = file?.kind,
        case .file("bytes of an index", offset)? = memory?.kind
      else {
        Issue.record("\(what): \(String(describing: file)), \(String(describing: memory))")
        return
      }
      #expect(
        memory?.description == file?.description.replacing(path, with: "bytes of an index"))
    }
    let step = isOptimizedBuild ? 1 : 97
    for count in stride(from: 0, to: bytes.count, by: step) {
      try compare(Array(bytes[..<count]), "\(count) bytes")
    }
    try compare(bytes + [0], "a byte more")
    for place in stride(from: 0, to: bytes.count, by: step) {
      bytes[place] ^= example.mask
      try compare(bytes, "byte \(place)")
      bytes[place] ^= example.mask
    }
  }
}
