import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantIndex

/// Files that, once written, never change for an index version, and results that no target changes.
///
/// `TQ_RECORD_GOLDEN=1` writes those that are missing, and fails because it did.
@Suite struct GoldenIndexTests {
  struct Golden: Sendable, CustomTestStringConvertible {
    let name: String
    let dimension: Int
    let bits: Int
    var metric = Metric.innerProduct
    var isTwoStage = false
    var rotation: RotationKind?
    var hasMean = false
    var originals: Originals?
    var hasTags = false
    var testDescription: String { name }

    /// The files of this index, the oldest version first.
    var versions: [UInt32] { hasTags ? [3] : [2, 3] }

    func file(_ version: UInt32) -> String {
      GoldenIndexTests.fixture("\(name)\(version == 2 ? "" : "-v\(version)").tqi").path
    }

    /// The file of recorded results.
    ///
    /// Scores of 3, 4 and 8 bits come from whole numbers that were chosen anew once, so
    /// that rounding costs near neighbours little; those are the second.
    var results: String {
      [1, 2].contains(bits - (isTwoStage ? 1 : 0)) ? "\(name).txt" : "\(name)-2.txt"
    }

    /// 37 rows of x[row][i] = ((37 i + 101 row + i² row) mod 61) − 30, a block and a begun one.
    static let count = 37

    static func rows(_ rows: Range<Int>, dimension: Int) -> [Float] {
      var values: [Float] = []
      for row in rows {
        for i in 0..<dimension {
          let value: Int = (37 * i + 101 * row + i * i * row) % 61
          values.append(Float(value - 30))
        }
      }
      return values
    }

    /// mean[i] = (i mod 7 − 3)/8.
    var mean: [Float]? { hasMean ? (0..<dimension).map { Float($0 % 7 - 3) / 8 } : nil }

    /// Tags of different lengths, one of them empty.
    static func tag(_ row: Int) -> RowTag {
      row == 7 ? "" : RowTag("Zeile \(String(repeating: "ü", count: row % 5)) \(row)")
    }

    /// Row r has the id 1000 − 3 r; added in two calls, and one row removed between them.
    func index() throws -> VectorIndex {
      let codec = try Codec(
        dimension: dimension, rate: .bits(bits), quantizer: isTwoStage ? .twoStage() : .scalar,
        rotation: rotation, normalization: metric == .cosine && !hasMean ? .unit : .norm, seed: 42)
      var index = try VectorIndex(
        codec: codec, metric: metric, mean: mean, originals: originals, tags: hasTags ? .text : nil)
      if hasTags {
        try index.add(Golden.rows(0..<20, dimension: dimension), tags: (0..<20).map(Golden.tag))
        try index.add(Golden.rows(50..<51, dimension: dimension), tags: ["removed"])
        try index.remove(tags: ["removed"])
        try index.add(Golden.rows(20..<37, dimension: dimension), tags: (20..<37).map(Golden.tag))
        return index
      }
      let ids = (0..<Golden.count).map { UInt64(1000 - 3 * $0) }
      try index.add(Golden.rows(0..<20, dimension: dimension), ids: Array(ids[..<20]))
      try index.add(Golden.rows(50..<51, dimension: dimension), ids: [5])
      try index.remove(5)
      try index.add(Golden.rows(20..<37, dimension: dimension), ids: Array(ids[20...]))
      return index
    }

    /// Rows 60, 61 and 62 of the same formula.
    var queries: [Float] { Golden.rows(60..<63, dimension: dimension) }
  }

  static let all = [
    Golden(name: "scalar-1-100", dimension: 100, bits: 1),
    Golden(name: "scalar-2-70-cosine", dimension: 70, bits: 2, metric: .cosine),
    Golden(
      name: "scalar-3-haar-13-euclidean", dimension: 13, bits: 3, metric: .squaredEuclidean),
    Golden(
      name: "scalar-4-100-cosine-mean-float16", dimension: 100, bits: 4, metric: .cosine,
      hasMean: true, originals: .float16),
    Golden(name: "scalar-8-66-float32", dimension: 66, bits: 8, originals: .float32),
    Golden(
      name: "two-stage-4-72-euclidean", dimension: 72, bits: 4, metric: .squaredEuclidean,
      isTwoStage: true),
    Golden(name: "two-stage-3-9-mean", dimension: 9, bits: 3, isTwoStage: true, hasMean: true),
    Golden(name: "scalar-4-33-tags", dimension: 33, bits: 4, hasTags: true),
  ]

  static func fixture(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)")
  }

  private static func lines(_ hits: [[Hit]]) -> String {
    hits.enumerated().map { query, hits in
      "\(query): "
        + hits.map { "\($0.id)=\(String($0.score.bitPattern, radix: 16))" }.joined(separator: " ")
        + "\n"
    }.joined()
  }

  @Test(arguments: all) func bytesNeverChange(_ golden: Golden) throws {
    let scratch = try Scratch()
    let index = try golden.index()
    try index.save(to: scratch.file("x.tqi"))
    try expectGolden(Data(try scratch.read("x.tqi")), Self.fixture("\(golden.name)-v3.tqi"))
    for version in golden.versions {
      let opened = try VectorIndex.verify(golden.file(version))
      #expect(opened.fingerprint == index.fingerprint && opened.count == Golden.count)
      #expect(opened.metric == golden.metric && opened.mean == golden.mean)
      #expect(opened.originals == golden.originals)
      #expect(try opened.ids() == index.ids() && opened.tags() == index.tags())
      var next = opened
      let row = Golden.rows(0..<1, dimension: golden.dimension)
      let ids = try golden.hasTags ? next.add(row, tags: ["new"]) : next.add(row)
      #expect(ids == [golden.hasTags ? 38 : 1001])
    }
  }

  /// Version 2 was written from 747da8e on; the next save writes version 3.
  @Test(arguments: all) func savingUpgrades(_ golden: Golden) throws {
    let scratch = try Scratch()
    for version in golden.versions {
      try VectorIndex(opening: golden.file(version)).save(to: scratch.file("x.tqi"))
      #expect(try Data(scratch.read("x.tqi")) == Data(contentsOf: URL(filePath: golden.file(3))))
    }
  }

  /// The scores are recorded as bits: they are the same on every target, which CI runs one by one.
  @Test(arguments: all) func resultsNeverChange(_ golden: Golden) throws {
    for version in golden.versions {
      let index = try VectorIndex(opening: golden.file(version))
      var text = Self.lines(try index.search(golden.queries, count: 5, options: .exhaustive))
      if golden.originals != nil {
        let options = SearchOptions(exactness: .exhaustive, rerank: 10)
        text += Self.lines(try index.search(golden.queries, count: 5, options: options))
      }
      try expectGolden(Data(text.utf8), Self.fixture(golden.results))
    }
  }

  /// More rows and dimensions than a golden file has room for; a checksum of all ids and scores.
  @Test func resultsOfLargerIndexesNeverChange() throws {
    var text = ""
    for bits in [1, 2, 3, 4, 8] {
      for dimension in [64, 100, 384] {
        for (metric, isTwoStage) in [(Metric.innerProduct, false), (.squaredEuclidean, true)] {
          var dice = Dice(seed: UInt64(bits))
          let kind = try IndexKind(
            dimension: dimension, bits: bits + (isTwoStage ? 1 : 0), metric: metric,
            isTwoStage: isTwoStage)
          let index = try kind.index(dice.normals(dimension * 1500))
          let queries = dice.normals(dimension * 6)
          var bytes: [UInt8] = []
          for options in [SearchOptions.exhaustive, .signsFirst(threads: 3)] {
            for hit in try index.search(queries, count: 20, options: options).joined() {
              bytes.append(littleEndian: hit.id)
              bytes.append(littleEndian: hit.score.bitPattern)
            }
          }
          let sum = String(crc32c(bytes.span.raw), radix: 16)
          text += "d = \(dimension), \(kind.codec.quantizer.name) \(kind.codec.rate): \(sum)\n"
        }
      }
    }
    try expectGolden(Data(text.utf8), Self.fixture("results-2.txt"))
  }
}
