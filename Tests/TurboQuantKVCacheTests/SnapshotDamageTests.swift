import TestSupport
import Testing
import TurboQuantKVCache

/// Snapshots that were cut or changed are refused, with file and byte.
@Suite struct SnapshotDamageTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test("Sinks alone: every byte changed, every length cut", arguments: [2, 3])
  func sinks(_ version: Int) throws {
    try damage(SnapshotSection.all(of: SnapshotSection.fixture(version)), SnapshotSection.golden)
  }

  @Test("Pages, centres, channels and an optional section: every byte changed, every length cut")
  func pages() throws {
    let golden = GoldenCache(
      "small", dimension: 8, valueDimension: 4, .outliers(bits: 1), .bits(1), appends: [10]
    ) { ($0.sinks, $0.window, $0.centering) = (1, 2, .mean) }
    try golden.cache().save(to: scratch.file("pages.tqkv"))
    let title = SnapshotSection(name: "title", isOptional: true, bytes: [1, 2, 3])
    try damage(SnapshotSection.all(of: scratch.file("pages.tqkv")) + [title], golden)
  }

  private func damage(_ sections: [SnapshotSection], _ golden: GoldenCache) throws {
    let codec = try KVCodec(golden.configuration)
    let good = try SnapshotSection.write(sections, to: scratch.file("good.tqkv"))
    _ = try KVCache(opening: good, codec: codec)
    let bytes = try scratch.read("good.tqkv")
    func refuses(_ bytes: [UInt8], _ what: String) throws {
      let path = try scratch.write(bytes, to: "bad.tqkv")
      let error = #expect(throws: KVCacheError.self, "\(what)") {
        try KVCache(opening: path, codec: codec)
      }
      guard case .file(path, _?)? = error?.kind else {
        Issue.record("\(what): \(error?.description ?? "")")
        return
      }
      let inMemory = #expect(throws: KVCacheError.self) {
        try KVCache(serialized: bytes, codec: codec)
      }
      #expect(
        inMemory?.description == error?.description.replacing(path, with: "bytes of a cache"))
    }
    for place in bytes.indices {
      var changed = bytes
      changed[place] ^= 1 << UInt8(place % 8)
      try refuses(changed, "byte \(place)")
    }
    for length in bytes.indices { try refuses(Array(bytes[..<length]), "\(length) bytes") }
    try refuses(bytes + [0], "a byte more")
  }
}
