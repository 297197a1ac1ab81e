import Foundation
import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantIndex

/// The same calls for arrays, spans and half-precision floats.
@Suite struct InputTests {
  private static let dimension = 10
  private let vectors: [Float]
  private let queries: [Float]

  init() {
    var dice = Dice(seed: 6)
    vectors = dice.normals(50 * Self.dimension)
    queries = dice.normals(3 * Self.dimension)
  }

  private func index(_ tags: TagKind? = nil) throws -> VectorIndex {
    try VectorIndex(dimension: Self.dimension, bits: 4, originals: .float32, tags: tags)
  }

  private func expectSame(_ a: VectorIndex, _ b: VectorIndex) throws {
    let scratch = try Scratch()
    try a.save(to: scratch.file("a"))
    try b.save(to: scratch.file("b"))
    #expect(try scratch.read("a") == scratch.read("b"))
  }

  @Test func spans() throws {
    var (arrays, spans) = (try index(), try index())
    #expect(try arrays.add(vectors) == spans.add(vectors.span))
    try arrays.upsert(queries, ids: [3, 70, 4])
    try spans.upsert(queries.span, ids: [3, 70, 4])
    try expectSame(arrays, spans)
    #expect(try arrays.search(queries, count: 4) == spans.search(queries.span, count: 4))
    #expect(
      try arrays.rangeSearch(queries, limit: 0) == spans.rangeSearch(queries.span, limit: 0))
    var (tagged, taggedSpans) = (try index(.text), try index(.text))
    let tags = (0..<50).map { "row \($0)" }
    try tagged.add(vectors, tags: tags)
    try taggedSpans.add(vectors.span, tags: tags)
    try tagged.upsert(queries, tags: ["a", "row 7", "b"])
    try taggedSpans.upsert(queries.span, tags: ["a", "row 7", "b"])
    try expectSame(tagged, taggedSpans)
  }

  #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    @Test func halves() throws {
      let (halves, halfQueries) = (vectors.map(Float16.init), queries.map(Float16.init))
      let (rounded, roundedQueries) = (halves.map(Float.init), halfQueries.map(Float.init))
      var (floats, arrays, spans) = (try index(), try index(), try index())
      try floats.add(rounded)
      try arrays.add(halves)
      try spans.add(halves.span)
      for ids in [[3, 70, 4], [4, 5, 6]] as [[UInt64]] {
        try floats.upsert(roundedQueries, ids: ids)
        try arrays.upsert(halfQueries, ids: ids)
        try spans.upsert(halfQueries.span, ids: ids)
      }
      try expectSame(floats, arrays)
      try expectSame(floats, spans)
      let hits = try floats.search(roundedQueries, count: 4)
      #expect(try arrays.search(halfQueries, count: 4) == hits)
      #expect(try spans.search(halfQueries.span, count: 4) == hits)
      let near = try floats.rangeSearch(roundedQueries, limit: 0)
      #expect(try arrays.rangeSearch(halfQueries, limit: 0) == near)
      #expect(try spans.rangeSearch(halfQueries.span, limit: 0) == near)
      var (tagged, taggedArrays, taggedSpans) = (
        try index(.text), try index(.text), try index(.text)
      )
      let tags = (0..<50).map { "row \($0)" }
      try tagged.add(rounded, tags: tags)
      try taggedArrays.add(halves, tags: tags)
      try taggedSpans.add(halves.span, tags: tags)
      try tagged.upsert(roundedQueries, tags: ["a", "row 7", "b"])
      try taggedArrays.upsert(halfQueries, tags: ["a", "row 7", "b"])
      try taggedSpans.upsert(halfQueries.span, tags: ["a", "row 7", "b"])
      try expectSame(tagged, taggedArrays)
      try expectSame(tagged, taggedSpans)
    }

    @Test func infiniteHalvesAreRefusedByRow() throws {
      var index = try index()
      var halves = vectors.map(Float16.init)
      halves[25] = .infinity
      let error = failure { () throws(IndexError) in try index.add(halves) }
      #expect(error?.description.contains("row 2") == true)
    }
  #endif

  /// Literals mean float32.
  @Test func literalsAreNotAmbiguous() throws {
    var index = try VectorIndex(dimension: 2, bits: 4)
    try index.add([1, 2, 3, 4])
    #expect(try index.search([1, 2], count: 1)[0].count == 1)
    var tagged = try VectorIndex(dimension: 2, bits: 4, tags: .text)
    try tagged.add([1, 2, 3, 4], tags: ["a", "b"])
    try tagged.remove(tags: ["a"])
    #expect(try tagged.id(ofTag: "b") == 1)
  }

  @Test func substringsAreTags() throws {
    var index = try index(.text)
    try index.add(Array(vectors[..<20]), tags: "left right".split(separator: " "))
    #expect(try index.tags() == ["left", "right"])
  }
}

/// Everything of an index that can be written as JSON.
@Suite struct IndexCodableTests {
  private func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private func read<Value: Decodable>(_ json: String, as type: Value.Type) throws -> Value {
    try JSONDecoder().decode(type, from: Data(json.utf8))
  }

  private func expectBack<Value: Codable & Equatable>(_ value: Value, is text: String) throws {
    #expect(try json(value) == text)
    #expect(try read(text, as: Value.self) == value)
  }

  @Test func kinds() throws {
    try expectBack(
      Metric.allCases, is: #"["innerProduct","cosine","squaredEuclidean"]"#)
    try expectBack(Originals.allCases, is: #"["float16","float32"]"#)
    try expectBack(TagKind.allCases, is: #"["text","bytes"]"#)
    try expectBack(Exactness.exhaustive, is: #""exhaustive""#)
    try expectBack(
      Exactness.certified(failureProbability: 0.25), is: #"{"failureProbability":0.25}"#)
    try expectBack([RowTag("é\n"), RowTag(bytes: [255, 0])], is: #"["é\n",[255,0]]"#)
  }

  @Test(arguments: [
    #""dot""#, "1", #""Cosine""#, #"{"failureProbability":2}"#, #"{"failureProbability":-0.1}"#,
    #""certain""#, "[256]", "{}",
  ])
  func impossibleValuesAreRefused(text: String) {
    #expect(throws: DecodingError.self) { try read(text, as: Metric.self) }
    #expect(throws: DecodingError.self) { try read(text, as: Originals.self) }
    #expect(throws: DecodingError.self) { try read(text, as: TagKind.self) }
    #expect(throws: DecodingError.self) { try read(text, as: Exactness.self) }
    if !text.hasPrefix(#"""#) {
      #expect(throws: DecodingError.self) { try read(text, as: RowTag.self) }
    }
  }

  @Test(arguments: Metric.allCases, [nil, TagKind.text, .bytes])
  func hits(metric: Metric, tags: TagKind?) throws {
    var dice = Dice(seed: 7)
    var index = try VectorIndex(dimension: 6, bits: 2, metric: metric, tags: tags)
    let vectors = dice.normals(60)
    switch tags {
    case nil: try index.add(vectors)
    case .text: try index.add(vectors, tags: (0..<10).map { "row \($0)" })
    case .bytes: try index.add(vectors, tags: (0..<10).map { RowTag(bytes: [0xFF, $0]) })
    }
    for hasStandardErrors in [false, true] {
      let options = SearchOptions(hasStandardErrors: hasStandardErrors)
      let (hits, statistics) = try index.searchWithStatistics(
        Array(vectors[..<6]), count: 4, options: options)
      let back = try read(json(hits), as: [[Hit]].self)
      #expect(back == hits)
      #expect(back[0][0].tag == hits[0][0].tag)
      let (a, b) = (back[0][0].interval(2), hits[0][0].interval(2))
      #expect(a?.low == b?.low && a?.high == b?.high && (a != nil) == hasStandardErrors)
      #expect(try read(json(statistics), as: SearchStatistics.self) == statistics)
    }
  }

  @Test(arguments: [
    #"{"id":-1,"score":1}"#, #"{"id":1}"#, #"{"id":1,"score":1e400}"#,
    #"{"id":1,"score":1,"error":{"offset":0}}"#,
  ])
  func impossibleHitsAreRefused(text: String) {
    #expect(throws: DecodingError.self) { try read(text, as: Hit.self) }
  }
}

@Suite struct IndexErrorCodeTests {
  @Test func numbersNeverChange() {
    let kinds: [(IndexError.Kind, Int32)] = [
      (.codec(CodecError(.zeroVector(row: 3))), 111),
      (.codecNotOffered(reason: ""), 400), (.lengthMismatch(found: 1, dimension: 2), 401),
      (.idCountMismatch(ids: 1, vectors: 2), 402), (.duplicateID(1, row: 2), 403),
      (.unknownID(1), 404), (.idsExhausted, 405),
      (.fingerprintMismatch(expected: "", found: ""), 406), (.normOutOfRange(1, row: 2), 407),
      (.beyondHalfPrecision(value: 1, row: 2, column: 3), 408), (.tooManyRows(1), 409),
      (.countOutOfRange(1), 410), (.probabilityOutOfRange(1), 411), (.noOriginals, 412),
      (.notOffered(""), 413), (.file(path: "", offset: nil), 414),
      (.tagCountMismatch(tags: 1, vectors: 2), 415), (.duplicateTag("", row: 1), 416),
      (.unknownTag(""), 417), (.tagNotAllowed(reason: "", row: 1), 418), (.cancelled, 419),
    ]
    for (kind, code) in kinds { #expect(IndexError(kind, "").code == code) }
    #expect(Set(kinds.map(\.1)).count == kinds.count)
  }
}
