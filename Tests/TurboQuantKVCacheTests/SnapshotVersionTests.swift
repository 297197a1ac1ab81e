import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels
import TurboQuantStorage

@testable import TurboQuantKVCache

/// What version 3 of a snapshot added: kept, or refused by name.
@Suite struct SnapshotVersionTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Refuses `sections` with an error that names `reason`, file and byte, and returns that byte.
  @discardableResult
  private func refuses(_ sections: [SnapshotSection], naming reason: String) throws -> UInt64? {
    let path = try SnapshotSection.write(sections, to: scratch.file("bad.tqkv"))
    let codec = try KVCodec(SnapshotSection.golden.configuration)
    let error = #expect(throws: KVCacheError.self, "\(reason)") {
      try KVCache(opening: path, codec: codec)
    }
    let text = error?.description ?? ""
    #expect(text.contains(reason) && text.contains("bad.tqkv"), "\(reason): \(text)")
    guard case .file(let found, let offset)? = error?.kind else { return nil }
    #expect(found == path && offset != nil, "\(text)")
    return offset
  }

  /// Fields of section `tokens`: what the error names, the byte that it names, and what it is set to.
  static let fields: [(String, Int, UInt8)] =
    [
      ("exact tokens as bfloat16, which no cache of this configuration has", 40, 3),
      ("format 0 of exact tokens", 40, 0), ("format 4 of exact tokens", 40, 4),
      ("state 2 of the centre", 41, 2), ("a centre after 1 tokens", 48, 1),
      ("the hash of the equalization is not that of the configuration", 96, 1),
    ] + (42..<48).map { ("reserved", $0, 1) } + (56..<64).map { ("reserved", $0, 0x80) }

  @Test("What is not written yet is refused by its name", arguments: fields)
  func plannedFields(_ reason: String, _ offset: Int, _ value: UInt8) throws {
    var sections = try SnapshotSection.all(of: SnapshotSection.fixture(3))
    sections[1].bytes[offset] = value
    let found = try refuses(sections, naming: reason)
    let start = try ContainerReader(scratch.file("bad.tqkv")).sections[1].offset
    #expect(found == start + UInt64(offset))
  }

  @Test("Every byte of counts, fingerprint and hash is looked at") func everyByte() throws {
    let good = try SnapshotSection.all(of: SnapshotSection.fixture(3))
    for offset in 8..<40 {
      var forged = good
      forged[1].bytes[offset] ^= 0x40
      try refuses(forged, naming: "“tokens”")
    }
    for offset in 48..<56 {
      var forged = good
      forged[1].bytes[offset] = 1
      try refuses(forged, naming: "a centre after")
    }
    for offset in 64..<128 {
      var forged = good
      forged[1].bytes[offset] ^= 1
      try refuses(forged, naming: offset < 96 ? "same settings, but other codes" : "equalization")
    }
  }

  @Test("A section of another version's length is refused") func lengths() throws {
    let good = try SnapshotSection.all(of: SnapshotSection.fixture(3))
    for (count, reason) in [
      (0, "0 bytes"), (3, "3 bytes"), (4, "expected 128"), (40, "expected 128"),
      (127, "expected 128"), (129, "expected 128"),
    ] {
      var forged = good
      forged[1].bytes = Array((good[1].bytes + [0]).prefix(count))
      try refuses(forged, naming: reason)
    }
    var forged = good
    forged[1].bytes[0] = 2
    try refuses(forged, naming: "expected 40")
  }

  @Test("Snapshots of equal settings and other codes are refused") func otherCodes() throws {
    let codec = try KVCodec(SnapshotSection.golden.configuration)
    var other = SnapshotSection.golden.configuration
    other.seed = 1
    let fingerprint = try KVCodec(other).fingerprint
    #expect(codec.fingerprint != fingerprint)
    var forged = try SnapshotSection.all(of: SnapshotSection.fixture(3))
    #expect(Array(forged[1].bytes[64..<96]) == codec.fingerprint.bytes)
    forged[1].bytes.replaceSubrange(64..<96, with: fingerprint.bytes)
    try refuses(forged, naming: "\(fingerprint)".prefix(16) + "…, the codec's is ")
  }

  @Test("Sections that cannot be done without are refused by name") func requiredSections() throws {
    let good = try SnapshotSection.all(of: SnapshotSection.fixture(3))
    let notes = SnapshotSection(name: "notes", bytes: [1, 2, 3])
    let reason = "section \"notes\", which this build does not read"
    #expect(try refuses(good + [notes], naming: reason) != nil)
    let removed = SnapshotSection(name: "removed", isOptional: true, bytes: [])
    try refuses(good + [removed], naming: "section \"removed\" is marked as optional")
    for number in good.indices {
      var forged = good
      forged[number].isOptional = true
      try refuses(forged, naming: "section \"\(good[number].name)\" is marked as optional")
      forged = good
      forged.remove(at: number)
      #expect(try refuses(forged, naming: "no section \"\(good[number].name)\"") == 24)
    }
  }

  @Test("Optional sections are kept, whatever becomes of the cache") func optionalSections() throws
  {
    let large = (0..<(3 << 20) + 5).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let kept = [
      SnapshotSection(name: "title", isOptional: true, bytes: Array("a prompt".utf8)),
      SnapshotSection(name: "nothing", isOptional: true, bytes: []),
      SnapshotSection(name: "large", isOptional: true, bytes: large),
    ]
    let golden = SnapshotSection.golden
    var all = try SnapshotSection.all(of: SnapshotSection.fixture(3))
    all.insert(kept[0], at: 0)
    all += kept[1...]
    let path = try SnapshotSection.write(all, to: scratch.file("kept.tqkv"))
    var cache = try KVCache(opening: path, codec: KVCodec(golden.configuration))
    #expect(try golden.results(cache).attended == golden.results(golden.cache()).attended)
    func expectKept() throws {
      let found = try SnapshotSection.all(of: path)
      #expect(found.prefix(5).map(\.name) == SnapshotRecord.sections)
      #expect(found.dropFirst(5).map(\.name) == kept.map(\.name))
      #expect(found.dropFirst(5).map(\.bytes) == kept.map(\.bytes))
      #expect(found.map(\.isOptional) == [false, false, false, false, false, true, true, true])
    }
    // Over the file that the bytes are lent from, twice.
    try cache.save(to: path)
    try expectKept()
    try golden.append(300, to: &cache)
    try cache.save(to: path)
    try expectKept()
    cache = try KVCache(opening: path, codec: cache.codec)
    var fork = cache
    try fork.truncate(to: 0)
    try fork.save(to: path)
    try expectKept()
    // Those of version 2 had no readers that kept them.
    var old = try SnapshotSection.all(of: SnapshotSection.fixture(2))
    old.append(kept[0])
    let second = try SnapshotSection.write(old, to: scratch.file("old.tqkv"))
    try KVCache(opening: second, codec: cache.codec).save(to: second)
    #expect(try SnapshotSection.all(of: second).map(\.name) == SnapshotRecord.sections)
  }

  @Test("As many sections as a container holds") func manySections() throws {
    let more = (0..<59).map {
      SnapshotSection(name: "s\($0)", isOptional: true, bytes: [UInt8($0)])
    }
    let path = try SnapshotSection.write(
      try SnapshotSection.all(of: SnapshotSection.fixture(3)) + more, to: scratch.file("many.tqkv"))
    let cache = try KVCache(opening: path, codec: KVCodec(SnapshotSection.golden.configuration))
    try cache.save(to: path)
    #expect(try SnapshotSection.all(of: path).dropFirst(5).map(\.bytes) == more.map(\.bytes))
  }
}
