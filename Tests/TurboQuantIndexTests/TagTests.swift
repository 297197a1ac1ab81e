import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels
import TurboQuantStorage

@testable import TurboQuantIndex

/// Rows by their tags.
@Suite struct TagTests {
  private static let dimension = 9

  private static func index(_ tags: [RowTag], kind: TagKind = .text) throws -> VectorIndex {
    var dice = Dice(seed: UInt64(tags.count))
    var index = try VectorIndex(
      dimension: dimension, bits: 4, metric: .cosine, tags: kind, seed: 3)
    try index.add(dice.normals(dimension * tags.count), tags: tags)
    return index
  }

  /// Scripts of random calls against a dictionary from tags to vectors.
  @Test(arguments: 1...(isOptimizedBuild ? 60 : 8) as ClosedRange<UInt64>)
  func anIndexIsWhatItsHistoryLeaves(seed: UInt64) throws {
    var script = try TagScript(seed: seed)
    for _ in 0..<(seed % 8 == 0 ? 12 : 40) { try script.step() }
    try script.check()
  }

  @Test func textsThatLookEqualAreTwoTags() throws {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    #expect(composed == decomposed)
    var index = try Self.index([RowTag(composed), RowTag(decomposed)])
    #expect(try index.id(ofTag: composed) == 0 && index.id(ofTag: decomposed) == 1)
    try index.remove(tags: [composed])
    #expect(try index.tags() == [RowTag(decomposed)])
  }

  @Test func hitsAndFiltersKnowTags() throws {
    let index = try Self.index((0..<100).map { RowTag("row \($0)") })
    let q = try index.reconstruct(42)
    #expect(try index.search(q, count: 1)[0][0].tag == "row 42")
    #expect(try index.rangeSearch(q, limit: -.infinity)[0].count { $0.tag != nil } == 100)
    var other = index
    try other.upsert(q, tags: ["row 42"])  // finds slots through the table from here on
    for index in [index, other, try reopened(index)] {
      let few = SearchOptions(filter: .tags(["row 3", "row 42", "no such row"]))
      #expect(try Set(index.search(q, count: 9, options: few)[0].map(\.id)) == [3, 42])
      let odd = SearchOptions(filter: .tagPredicate { $0.text?.hasSuffix("7") ?? false })
      #expect(try index.search(q, count: 99, options: odd)[0].count == 10)
    }
    let ids = try Self.withoutTags().search(q, count: 1)[0][0]
    #expect(ids.tag == nil)
  }

  private static func withoutTags() throws -> VectorIndex {
    var dice = Dice(seed: 1)
    return try IndexKind(dimension: dimension, bits: 4, metric: .cosine).index(
      dice.normals(dimension * 4))
  }

  private func reopened(_ index: VectorIndex) throws -> VectorIndex {
    let scratch = try Scratch()
    try index.save(to: scratch.file("x.tqi"))
    return try VectorIndex.verify(scratch.file("x.tqi"))
  }

  @Test func refusals() throws {
    var index = try Self.index(["a", ""])
    let before = try index.tags()
    var dice = Dice(seed: 5)
    let two = dice.normals(2 * Self.dimension)
    func refused(
      _ tags: [RowTag], _ kind: IndexError.Kind, in index: inout VectorIndex,
      upserting: Bool = false
    ) {
      let error = failure { () throws(IndexError) in
        if upserting { try index.upsert(two, tags: tags) } else { try index.add(two, tags: tags) }
      }
      #expect(error?.kind == kind)
    }
    refused(["b", ""], .duplicateTag("", row: 1), in: &index)
    refused(["b", "b"], .duplicateTag("b", row: 1), in: &index)
    refused(["b"], .tagCountMismatch(tags: 1, vectors: 2), in: &index)
    let long = RowTag(String(repeating: "x", count: 65_536))
    for upserting in [false, true] {
      let error = failure { () throws(IndexError) in
        if upserting {
          try index.upsert(two, tags: ["b", long])
        } else {
          try index.add(two, tags: ["b", long])
        }
      }
      guard case .tagNotAllowed(_, row: 1) = error?.kind else {
        Issue.record("\(String(describing: error))")
        return
      }
      let bytes = failure { () throws(IndexError) in
        try index.add(two, tags: [RowTag(bytes: [0xFF]), "b"])
      }
      #expect(
        bytes?.description == "row 0 has the tag ff, which is not UTF-8, in an index of texts")
      #expect(bytes?.addingRows(7).description.hasPrefix("row 7 has the tag ff") == true)
    }
    for tags in [["c"], ["a", "a"]] as [[RowTag]] {
      #expect(
        failure { () throws(IndexError) in try index.remove(tags: tags) }?.kind
          == .unknownTag(tags[tags.count - 1]))
    }
    for error in [
      failure { () throws(IndexError) in try index.add(two) },
      failure { () throws(IndexError) in try index.upsert(two, ids: [1, 2]) },
    ] { #expect(error?.description.contains("give a tag for each vector") == true) }
    var plain = try Self.withoutTags()
    for error in [
      failure { () throws(IndexError) in try plain.add(two, tags: ["a", "b"]) },
      failure { () throws(IndexError) in try plain.remove(tags: ["a"]) },
    ] { #expect(error?.description.contains("have no tags") == true) }
    #expect(throws: IndexError.self) { try plain.merge(index) }
    #expect(try index.tags() == before && plain.count == 4)
    #expect(try plain.id(ofTag: "a") == nil && plain.tag(of: 0) == nil && plain.tags().isEmpty)
    #expect(throws: IndexError.self) { try index.tag(of: 77) }
  }

  @Test func theLongestTagAndAnyBytes() throws {
    let tags = [RowTag(bytes: [0, 0xFF, 0x0A]), RowTag(String(repeating: "y", count: 65_535)), ""]
    let index = try reopened(Self.index(tags, kind: .bytes))
    #expect(index.tagKind == .bytes)
    #expect(try index.tags() == tags)
    #expect(try index.id(ofTag: tags[1]) == 1)
    #expect(tags[0].description == "00ff0a" && tags[0].text == nil && tags[2].text == "")
  }

  @Test func mergedRowsGetNewIDs() throws {
    var index = try Self.index(["a", "b"])
    let other = try Self.index(["c", "a2", "d"])
    try index.merge(other)
    #expect(try index.tags() == ["a", "b", "c", "a2", "d"])
    #expect(try index.ids() == [0, 1, 2, 3, 4])
    #expect(try index.reconstruct(4) == other.reconstruct(2))
    #expect(
      failure { () throws(IndexError) in try index.merge(other) }?.kind
        == .duplicateTag("c", row: 0))
    #expect(try index.add([Float](repeating: 1, count: Self.dimension), tags: ["e"]) == [5])
  }

  // MARK: Files

  /// Rules of FileFormat.md, broken under right checksums.
  @Test(
    arguments: [
      ("tag ends", 8 * 33, [0xFF, 0xFF, 0xFF, 0xFF], "row 34 has a tag from byte 4294967295"),
      ("tag ends", 8 * 33, [0], "row 33 has a tag from"),
      ("tag ends", 8 * 34, [0, 0, 0, 0, 0, 0, 0, 1], "row 34 has a tag from"),
      ("tags", 0, [0xC3], "row 0 has the tag"),
      ("tags", 5, Array("row 0".utf8), "row 1 has the tag “row 0”, which row 0 has"),
    ] as [(String, Int, [UInt8], String)])
  func brokenRules(section: String, offset: Int, bytes: [UInt8], words: String) throws {
    let forge = try IndexForge(Self.index((0..<35).map { RowTag("row \($0)") }))
    let path = try forge.forged(section, offset, bytes).path
    let error = failure { () throws(IndexError) in try VectorIndex.verify(path) }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    guard case .file(path, .some) = error?.kind else {
      Issue.record("\(String(describing: error))")
      return
    }
    // Opened without a check of all rows, it searches or refuses, and is never written again.
    guard var index = try? VectorIndex(opening: path) else { return }
    let q = [Float](repeating: 1, count: Self.dimension)
    _ = try? index.search(q, count: 35)
    #expect(throws: IndexError.self) { try index.add(q, tags: ["new"]) }
    #expect(throws: IndexError.self) { try index.save(to: path) }
  }
}

/// Sections that this build does not know.
@Suite struct UnknownSectionTests {
  let scratch: Scratch
  let forge: IndexForge

  init() throws {
    scratch = try Scratch()
    var dice = Dice(seed: 8)
    forge = try IndexForge(IndexKind(dimension: 5, bits: 2).index(dice.normals(5 * 40)))
  }

  private func written(_ name: String, isOptional: Bool) throws -> String {
    let path = scratch.file("x.tqi")
    var writer = try ContainerWriter(path, kind: "INDX", sectionCount: forge.sections.count + 1)
    for (name, bytes) in forge.sections { try writer.writeSection(name, bytes.span.raw) }
    try writer.writeSection(name, isOptional: isOptional, ([1, 2, 3, 4] as [UInt8]).span.raw)
    try writer.finish()
    return path
  }

  @Test(arguments: [
    ("list offsets", "inverted lists"), ("second lists", "rows in a second list"),
    ("stage", "a quantizer with a record of its own"), ("colours", "\"colours\", which this build"),
  ])
  func requiredOnesAreRefusedByName(name: String, words: String) throws {
    let path = try written(name, isOptional: false)
    let error = failure { () throws(IndexError) in try VectorIndex(opening: path) }
    let text = try #require(error).description
    #expect(text.contains("section \"\(name)\"") && text.contains(words), "\(text)")
    #expect(text.contains("update turboquant"))
    guard case .file(path, .some) = error?.kind else {
      Issue.record("\(text)")
      return
    }
  }

  /// However often the index is changed and saved.
  @Test func optionalOnesAreKept() throws {
    let path = try written("colours", isOptional: true)
    for round in 0..<3 {
      var index = try VectorIndex.verify(path)
      try index.add([1, 2, 3, 4, Float(round)])
      try index.save(to: path)
      let reader = try ContainerReader(path)
      #expect(reader.sections.last?.name == "colours")
      #expect(reader.sections.last?.isOptional == true)
      #expect(try reader.bytes(of: "colours").copied() == [1, 2, 3, 4])
    }
    #expect(try VectorIndex.verify(path).count == 43)
  }

  /// Centres and tags of a file that says it has none.
  @Test(arguments: ["centres", "tags", "tag ends"])
  func sectionsThatTheRecordDeniesAreRefused(name: String) throws {
    let path = try written(name, isOptional: false)
    let error = failure { () throws(IndexError) in try VectorIndex(opening: path) }
    #expect(
      error?.description.contains("section “\(name)”") == true, "\(String(describing: error))")
  }

  @Test func plannedPartsOfTheRecordAreRefusedByName() throws {
    for (offset, byte, words) in [(24, 2, "2 centres, which"), (28, 2, "in the order 2, which")] {
      let (path, place) = try forge.forged("index", offset, [UInt8(byte)])
      let error = failure { () throws(IndexError) in try VectorIndex(opening: path) }
      #expect(error?.kind == .file(path: path, offset: place))
      #expect(error?.description.contains("\(words) this build does not read") == true)
    }
  }
}

/// A script of random calls on an index whose rows have tags.
private struct TagScript {
  private let scratch: Scratch
  private let isLong: Bool
  private var dice: Dice
  private var index: VectorIndex
  /// The model: each tag's vector and id.
  private var rows: [RowTag: (vector: [Float], id: UInt64)] = [:]
  private var nextID: UInt64 = 0
  private static let dimension = 3

  init(seed: UInt64) throws {
    dice = Dice(seed: seed)
    isLong = seed % 8 == 0
    scratch = try Scratch()
    index = try VectorIndex(
      dimension: Self.dimension, bits: 2, originals: .float32, tags: dice.pick([.text, .bytes]))
  }

  /// Mostly one of few, so that tags come back.
  private mutating func tag() -> RowTag {
    let number = dice.below(isLong ? 20_000 : 60)
    return RowTag(String(repeating: "·", count: number % 9) + "\(number)")
  }

  private mutating func vectors(_ count: Int) -> [Float] { dice.normals(Self.dimension * count) }

  private mutating func distinctTags(_ isWanted: (RowTag) -> Bool) -> [RowTag] {
    var tags: Set<RowTag> = []
    for _ in 0..<(isLong ? 3000 : 1 + dice.below(20)) {
      let tag = tag()
      if isWanted(tag) { tags.insert(tag) }
    }
    return tags.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
  }

  mutating func step() throws {
    switch dice.below(6) {
    case 0, 1:
      let known = rows
      let tags = distinctTags { known[$0] == nil }
      let vectors = vectors(tags.count)
      note(vectors, tags)
      let ids = try index.add(vectors, tags: tags)
      #expect(ids == tags.map { rows[$0]?.id })
    case 2:
      let tags = (0..<1 + dice.below(12)).map { _ in tag() }
      let vectors = vectors(tags.count)
      let ids = try index.upsert(vectors, tags: tags)
      note(vectors, tags)
      #expect(ids == tags.map { rows[$0]?.id })
    case 3, 4:
      let known = rows
      let tags = distinctTags { known[$0] != nil }
      try index.remove(tags: tags)
      for tag in tags { rows[tag] = nil }
    default:
      try index.save(to: scratch.file("x.tqi"))
      index = try VectorIndex(opening: scratch.file("x.tqi"))
      if dice.isOne(in: 2) { try check() }
    }
  }

  private mutating func note(_ vectors: [Float], _ tags: [RowTag]) {
    for (row, tag) in tags.enumerated() {
      let id = rows[tag]?.id ?? nextID
      nextID = max(nextID, id + 1)
      rows[tag] = (Array(vectors[Self.dimension * row..<Self.dimension * (row + 1)]), id)
    }
  }

  func check() throws {
    #expect(index.count == rows.count)
    let (ids, tags) = (try index.ids(), try index.tags())
    #expect(Set(tags) == Set(rows.keys) && tags.count == rows.count)
    for (tag, id) in zip(tags, ids).prefix(isLong ? 40 : .max) {
      #expect(rows[tag]?.id == id)
      #expect(try index.original(id) == rows[tag]?.vector)
      #expect(try index.id(ofTag: tag) == id && index.tag(of: id) == tag)
    }
  }
}
