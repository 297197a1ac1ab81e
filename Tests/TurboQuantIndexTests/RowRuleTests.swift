import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels
import TurboQuantStorage

@testable import TurboQuantIndex

/// A file of an index, to be written again with other contents under right checksums.
struct IndexForge {
  let scratch: Scratch
  let sections: [(name: String, bytes: [UInt8])]

  init(_ index: VectorIndex) throws {
    scratch = try Scratch()
    try index.save(to: scratch.file("good.tqi"))
    let reader = try ContainerReader(scratch.file("good.tqi"))
    var sections: [(name: String, bytes: [UInt8])] = []
    for section in reader.sections {
      sections.append((section.name, try reader.bytes(of: section.name).copied()))
    }
    self.sections = sections
  }

  /// The file with some bytes of a section replaced, and where they are in it.
  func forged(_ section: String, _ offset: Int, _ bytes: [UInt8]) throws -> (
    path: String, place: UInt64
  ) {
    let path = scratch.file("forged.tqi")
    var writer = try ContainerWriter(path, kind: "INDX", sectionCount: sections.count)
    for (name, old) in sections {
      var new = old
      if name == section { new.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
      try writer.writeSection(name, new.span.raw)
    }
    try writer.finish()
    let reader = try ContainerReader(path)
    let start = try #require(reader.sections.first { $0.name == section }).offset
    return (path, start + UInt64(offset))
  }

  func bytes(of section: String) throws -> [UInt8] {
    try #require(sections.first { $0.name == section }).bytes
  }
}

/// Each rule of FileFormat.md that no checksum holds, broken by a file whose checksums are right.
@Suite struct RowRuleTests {
  /// Something that no index writes: in row 33 of 35, the second of a block.
  struct Break: Sendable, CustomTestStringConvertible {
    let kind: Kind
    let section: String
    let offset: Int
    let bytes: [UInt8]
    let words: String
    var testDescription: String { "\(kind), \(section): \(words)" }

    init(_ kind: Kind, _ section: String, _ offset: Int, _ bytes: [UInt8], _ words: String) {
      (self.kind, self.section, self.offset) = (kind, section, offset)
      (self.bytes, self.words) = (bytes, words)
    }

    init(_ kind: Kind, _ section: String, _ value: Float, _ words: String) {
      self.init(kind, section, 4 * 33, littleEndian(value.bitPattern), words)
    }
  }

  enum Kind: Sendable, CaseIterable {
    case twoStage, centred, plain

    func index(rows: Int = 35) throws -> VectorIndex {
      var dice = Dice(seed: 41)
      let mean = dice.normals(5)
      return switch self {
      // Zero vectors among them, of which alignments and residuals are other than those of the rest.
      case .twoStage:
        try IndexKind(
          dimension: 5, bits: 3, metric: .squaredEuclidean, isTwoStage: true, mean: mean
        ).index(mean + dice.normals(5 * (rows - 1)))
      case .centred:
        try IndexKind(
          dimension: 5, bits: 4, metric: .cosine, mean: mean, originals: .float16
        ).index(dice.normals(5 * rows))
      case .plain:
        try IndexKind(dimension: 13, bits: 2, originals: .float32).index(dice.normals(13 * rows))
      }
    }
  }

  static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: value)
    return bytes
  }

  static let breaks: [Break] = [
    Break(.plain, "norms", .nan, "row 33 has nan, expected 0.0 …"),
    Break(.plain, "norms", -1, "row 33 has -1.0"),
    Break(.plain, "norms", 0x1.000002p62, "row 33 has 4.6116866e+18"),
    Break(.plain, "norms", .infinity, "row 33 has inf"),
    Break(.plain, "norms", 0, "section “alignments”: row 33 has"),
    Break(.plain, "alignments", .nan, "row 33 has nan"),
    Break(.plain, "alignments", 0, "row 33 has 0.0"),
    Break(.plain, "alignments", -0.5, "row 33 has -0.5"),
    Break(.plain, "alignments", 1e-3, "row 33 has 0.001"),
    Break(.plain, "alignments", 40, "row 33 has 40.0"),
    Break(.twoStage, "residual norms", .nan, "row 33 has nan"),
    Break(.twoStage, "residual norms", -.leastNonzeroMagnitude, "row 33 has -1e-45"),
    Break(.twoStage, "residual norms", 1e6, "row 33 has 1000000.0"),
    Break(
      .twoStage, "alignments", 0, littleEndian(Float(0.9).bitPattern), "row 0 has 0.9, expected 1.0"
    ),
    Break(.centred, "components", .nan, "row 33 has nan"),
    Break(.centred, "components", 1000, "row 33 has 1000.0"),
    Break(.centred, "components", -0x1p63, "row 33 has -9.223372e+18"),
    Break(
      .plain, "originals", 33 * 52 + 4 * 7, [0, 0, 0xC0, 0x7F],
      "row 33 has no finite number in column 7"),
    Break(
      .plain, "originals", 33 * 52 + 4 * 8, [0, 0, 0x80, 0xFF],
      "row 33 has no finite number in column 8"),
    Break(
      .centred, "originals", 33 * 10 + 2 * 3, [0, 0x7C], "row 33 has no finite number in column 3"),
    Break(
      .centred, "originals", 33 * 10 + 2 * 4, [1, 0xFC], "row 33 has no finite number in column 4"),
    Break(.plain, "ids", 8 * 33, littleEndian(UInt64(7)), "row 33 has the id 7, which row 7 has"),
    Break(.plain, "index", 16, littleEndian(UInt64(0)), "the next id is 0, but row 0 has the id 0"),
    Break(
      .plain, "index", 16, littleEndian(UInt64(34)), "the next id is 34, but row 34 has the id 34"),
  ]

  private func opened(_ path: String) throws -> VectorIndex { try VectorIndex(opening: path) }

  @Test("Files that keep every rule pass", arguments: Kind.allCases)
  func whole(_ kind: Kind) throws {
    for rows in [1, 35, 4097] {
      let forge = try IndexForge(try kind.index(rows: rows))
      #expect(try VectorIndex.verify(forge.scratch.file("good.tqi")).count == rows)
    }
    // Every length that is accepted, with rows of denormal numbers.
    for exponent in [-148, -126, -100, 57] {
      var dice = Dice(seed: 44)
      var index = try kind.index()
      let d = index.codec.dimension
      let vectors = dice.normals(
        20 * d, scale: Float(sign: .plus, exponent: exponent, significand: 1))
      let isKept = index.originals != .float16
      let bare = try VectorIndex(codec: index.codec, metric: index.metric, mean: index.mean)
      if !isKept { index = bare }
      // A row of which nothing is left has no direction.
      let isLost = index.metric == .cosine && exponent < -126
      if !isLost { try index.add(vectors) }
      let forge = try IndexForge(index)
      #expect(try VectorIndex.verify(forge.scratch.file("good.tqi")).count == index.count)
    }
  }

  @Test("verify names section, row and byte of what no index writes", arguments: breaks)
  func verifies(_ broken: Break) throws {
    let forge = try IndexForge(try broken.kind.index())
    let (path, place) = try forge.forged(broken.section, broken.offset, broken.bytes)
    let error = failure { () throws(IndexError) in try VectorIndex.verify(path) }
    let text = try #require(error).description
    #expect(text.contains(broken.words), "\(text)")
    // A norm of 0 is right by itself, and shows in the alignment beside it.
    if broken.words.hasPrefix("section") { return }
    #expect(error?.kind == .file(path: path, offset: place), "\(text)")
    #expect(text.contains("section “\(broken.section)”"), "\(text)")
  }

  @Test("Rows are counted from the file's first, not the segment's")
  func laterSegments() throws {
    let forge = try IndexForge(try Kind.plain.index(rows: 8200))
    let values = [("norms", 4 * 4100), ("alignments", 4 * 4100), ("originals", 52 * 4100 + 4 * 3)]
    for (section, offset) in values {
      let (path, place) = try forge.forged(section, offset, [0, 0, 0xC0, 0x7F])
      let error = failure { () throws(IndexError) in try VectorIndex.verify(path) }
      #expect(error?.kind == .file(path: path, offset: place))
      #expect(error?.description.contains("section “\(section)”: row 4100 has") == true)
      // What lies in another segment than the change, saving finds.
      var index = try opened(path)
      try index.upsert([Float](repeating: 1, count: 13), ids: [3])
      failure { () throws(IndexError) in try index.save(to: path) }
    }
  }

  @Test("Opening and searching look at no more than they need", arguments: breaks)
  func searches(_ broken: Break) throws {
    let forge = try IndexForge(try broken.kind.index())
    let index = try opened(try forge.forged(broken.section, broken.offset, broken.bytes).path)
    let query = [Float](repeating: 1, count: index.codec.dimension)
    #expect(try index.search(query, count: 40)[0].count <= 35)
    _ = try index.rangeSearch(query, limit: 1)
  }

  @Test("No change writes again what no index writes", arguments: breaks)
  func changes(_ broken: Break) throws {
    let good = try broken.kind.index()
    let forge = try IndexForge(good)
    let path = try forge.forged(broken.section, broken.offset, broken.bytes).path
    let (before, names) = (try forge.scratch.read("forged.tqi"), try forge.scratch.names)
    let vector = (0..<good.codec.dimension).map { Float($0 + 1) }
    let index = try opened(path)
    func refused(_ name: String, _ change: (inout VectorIndex) throws(IndexError) -> Void) {
      let error = failure { () throws(IndexError) in
        var copy = index
        try change(&copy)
        try copy.save(to: path)
      }
      guard case .file(path, .some) = error?.kind else {
        Issue.record("\(name): \(String(describing: error))"); return
      }
    }
    refused("save") { _ in }
    refused("add") { (index) throws(IndexError) in try index.add(vector) }
    refused("add of ids") { (index) throws(IndexError) in try index.add(vector, ids: [1000]) }
    refused("upsert") { (index) throws(IndexError) in try index.upsert(vector, ids: [3]) }
    refused("remove") { (index) throws(IndexError) in try index.remove(2) }
    refused("merge into") { (index) throws(IndexError) in
      try index.merge(
        try VectorIndex(
          codec: good.codec, metric: good.metric, mean: good.mean, originals: good.originals))
    }
    refused("merge from") { (index) throws(IndexError) in
      var other = try VectorIndex(
        codec: good.codec, metric: good.metric, mean: good.mean, originals: good.originals)
      try other.merge(index)
    }
    #expect(try forge.scratch.read("forged.tqi") == before && forge.scratch.names == names)
  }

  @Test("A bit is refused unless it is of a code", arguments: [1, 2, 3, 4, 8], [5, 36])
  func bits(bits: Int, dimension: Int) throws {
    var dice = Dice(seed: 42)
    let isTwoStage = bits < 4
    let kind = try IndexKind(
      dimension: dimension, bits: bits + (isTwoStage ? 1 : 0), isTwoStage: isTwoStage)
    let forge = try IndexForge(try kind.index(dice.normals(dimension * 35)))
    // Column c = C − 1 of every plane, in the last unit, as FileFormat.md has it.
    let columns = (dimension + 7) / 8
    let (unit, width) = ((columns - 1) / 4, (columns - 1) % 4 + 1)
    for (section, planes) in [("signs", 1), ("rest", bits - 1), ("sketch", isTwoStage ? 1 : 0)] {
      let coordinates =
        section == "rest"
        ? Self.restCoordinates(bits) : [(0..<8).map { $0 }]
      for plane in 0..<planes {
        let offset =
          32 * columns * planes + 128 * planes * unit + 32 * width * plane + width
          + (columns - 1) % 4
        let old = try forge.bytes(of: section)[offset]
        for bit in 0..<8 {
          let (path, place) = try forge.forged(section, offset, [old ^ 1 << UInt8(bit)])
          guard 8 * (columns - 1) + coordinates[plane][bit] >= dimension else {
            #expect(try VectorIndex.verify(path).count == 35, "\(section), bit \(bit)")
            continue
          }
          let error = failure { () throws(IndexError) in try VectorIndex.verify(path) }
          #expect(error?.kind == .file(path: path, offset: place), "\(section), bit \(bit)")
          #expect(error?.description.contains("row 33 has a bit beyond the last") == true)
        }
      }
    }
  }

  /// The coordinate that each bit of a byte of each plane of `rest` is of, by the table of FileFormat.md.
  private static func restCoordinates(_ bits: Int) -> [[Int]] {
    let pieces = [4, 2, 1].filter { (bits - 1) & $0 != 0 }
    return pieces.flatMap { width in
      var planes = [[Int]](repeating: [Int](repeating: 0, count: 8), count: width)
      for coordinate in 0..<8 {
        let (k, nibble) = (coordinate % 4, coordinate / 4 * 4)
        switch width {
        case 1: planes[0][nibble + (k + 1) % 4] = coordinate
        case 2:
          planes[k % 2][nibble + (k + 2) % 4] = coordinate
          planes[k % 2][nibble + (k + 3) % 4] = coordinate
        default: for bit in 0..<4 { planes[k][nibble + bit] = coordinate }
        }
      }
      return planes
    }
  }
}
