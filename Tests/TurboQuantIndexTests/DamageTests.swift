import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels
import TurboQuantStorage

@testable import TurboQuantIndex

/// Small files of every kind, cut at every length, changed at every byte and forged.
@Suite struct IndexDamageTests {
  struct Example: Sendable, CustomTestStringConvertible {
    let bits: Int
    var metric = Metric.innerProduct
    var isTwoStage = false
    var hasMean = false
    var originals: Originals?
    var tags: TagKind?
    let mask: UInt8
    var testDescription: String { "\(bits) bits, \(metric)\(isTwoStage ? ", sketch" : "")" }

    static let dimension = 5

    /// 35 rows: a whole block and a begun one.
    func index() throws -> VectorIndex {
      var dice = Dice(seed: 12)
      let d = Example.dimension
      if let tags {
        var index = try VectorIndex(dimension: d, bits: bits, metric: metric, tags: tags)
        try index.add(dice.normals(35 * d), tags: (0..<35).map { "é\($0 * $0)" })
        return index
      }
      return try IndexKind(
        dimension: d, bits: bits, metric: metric, isTwoStage: isTwoStage,
        mean: hasMean ? dice.normals(d, scale: 0.2) : nil, originals: originals
      ).index(dice.normals(35 * d))
    }
  }

  static let examples = [
    Example(bits: 1, mask: 0x01), Example(bits: 2, metric: .cosine, mask: 0x80),
    Example(bits: 3, metric: .squaredEuclidean, mask: 0xFF),
    Example(bits: 4, metric: .cosine, hasMean: true, originals: .float16, mask: 0x04),
    Example(bits: 8, originals: .float32, mask: 0x10), Example(bits: 2, hasMean: true, mask: 0x20),
    Example(bits: 4, metric: .squaredEuclidean, isTwoStage: true, hasMean: true, mask: 0x40),
    Example(bits: 2, tags: .text, mask: 0x02),
  ]

  let scratch: Scratch
  let queries: [Float]

  init() throws {
    scratch = try Scratch()
    var dice = Dice(seed: 13)
    queries = dice.normals(2 * Example.dimension)
  }

  private func bytes(_ example: Example) throws -> [UInt8] {
    try example.index().save(to: scratch.file("good.tqi"))
    return try scratch.read("good.tqi")
  }

  /// What a search, without a check of the whole file, finds.
  private func found(_ index: VectorIndex) throws(IndexError) -> [[Hit]] {
    let rerank = index.originals == nil ? nil : 12
    return try index.search(queries, count: 10, options: SearchOptions(rerank: rerank))
  }

  private func place(_ error: IndexError?, in path: String) -> UInt64?? {
    guard let error, case .file(path, let offset) = error.kind else { return nil }
    #expect(error.description.hasPrefix("\(path): "))
    return offset
  }

  @Test(arguments: examples) func everyPrefixIsRefused(_ example: Example) throws {
    let whole = try bytes(example)
    for count in whole.indices {
      let path = try scratch.write(Array(whole[..<count]), to: "x.tqi")
      let error = failure { () throws(IndexError) in try VectorIndex(opening: path) }
      let offset = try #require(place(error, in: path), "\(String(describing: error))")
      #expect(try #require(offset) <= count)
    }
  }

  // A change among the rows shows only once the codec is built, which a debug build takes long for.
  #if DEBUG
    private static let stride = 29
  #else
    private static let stride = 1
  #endif

  @Test(arguments: examples) func everyChangedByteIsRefused(_ example: Example) throws {
    var bytes = try bytes(example)
    let expected = try found(VectorIndex(opening: scratch.file("good.tqi")))
    var refusedSearches = 0
    for index in Swift.stride(from: 0, to: bytes.count, by: Self.stride) {
      bytes[index] ^= example.mask
      let path = try scratch.write(bytes, to: "x.tqi")
      bytes[index] ^= example.mask
      var refusal: IndexError?
      do throws(IndexError) {
        let opened = try VectorIndex(opening: path)
        refusal = failure { () throws(IndexError) in try VectorIndex.verify(path) }
        // Without a check of everything a search meets the damage, or has nothing to do with it.
        do throws(IndexError) {
          let hits = try found(opened)
          #expect(hits == expected, "byte \(index) was changed, and so was the answer")
        } catch {
          #expect(place(error, in: path) != nil, "byte \(index): \(error)")
          refusedSearches += 1
        }
      } catch {
        refusal = error
      }
      let offset = try #require(
        place(refusal, in: path), "byte \(index): \(String(describing: refusal))")
      // What is named is the part that was checked, which begins at or before the change.
      #expect(try #require(offset) <= index, "byte \(index)")
    }
    #expect(refusedSearches > 0)
  }

  @Test func changesToADamagedFileAreWholeOrNotAtAll() throws {
    var dice = Dice(seed: 14)
    // Two segments, of 3.7 and .9 MB; what is damaged is the end of the last, in the last mebibyte.
    let kind = try IndexKind(dimension: 1024, bits: 8)
    let source = try kind.index(dice.normals(1024 * 5120))
    try source.save(to: scratch.file("x.tqi"))
    let reader = try ContainerReader(scratch.file("x.tqi"))
    let rest = try #require(reader.sections.first { $0.name == "rest" })
    var bytes = try scratch.read("x.tqi")
    bytes[Int(rest.offset + rest.byteCount) - 1] ^= 1
    let path = try scratch.write(bytes, to: "bad.tqi")
    let vectors = dice.normals(1024 * 2)
    let bad = try VectorIndex(opening: path)
    func upsert(_ index: inout VectorIndex) throws(IndexError) {
      try index.upsert(vectors, ids: [0, 5119])
    }
    func remove(_ index: inout VectorIndex) throws(IndexError) { try index.remove([0, 1]) }
    for isRemoval in [false, true] {
      var index = bad
      let error = failure { () throws(IndexError) in
        if isRemoval { try remove(&index) } else { try upsert(&index) }
      }
      #expect(place(error, in: path) != nil)
      #expect(try index.contains(0) && index.contains(1) && index.count == 5120)
      #expect(try index.codes(at: 0).bytes == source.codes(at: 0).bytes)
    }
    var other = try kind.index(Array(vectors[..<1024]), ids: [9000])
    let error = failure { () throws(IndexError) in try other.merge(bad) }
    #expect(place(error, in: path) != nil && other.count == 1)
  }
}

/// Files whose checksums are right and whose contents are not.
@Suite struct ForgedIndexTests {
  let scratch: Scratch
  let good: [UInt8]
  let sections: [String: Int]

  init() throws {
    scratch = try Scratch()
    var dice = Dice(seed: 15)
    let kind = try IndexKind(
      dimension: 5, bits: 3, metric: .squaredEuclidean, isTwoStage: true, mean: dice.normals(5))
    try kind.index(dice.normals(35 * 5)).save(to: scratch.file("good.tqi"))
    good = try scratch.read("good.tqi")
    let reader = try ContainerReader(scratch.file("good.tqi"))
    var sections: [String: Int] = [:]
    for section in reader.sections { sections[section.name] = Int(section.offset) }
    self.sections = sections
  }

  /// Makes all checksums right again; every section is shorter than a mebibyte.
  private func seal(_ bytes: inout [UInt8]) {
    func number(_ offset: Int, _ bytes: [UInt8]) -> Int {
      (0..<8).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
    func sum(_ range: Range<Int>, _ bytes: [UInt8]) -> UInt32 {
      crc32c(bytes.span.raw.extracting(range))
    }
    let end = 64 + 64 * sections.count
    for entry in stride(from: 64, to: end, by: 64) {
      let (start, size) = (number(entry + 16, bytes), number(entry + 24, bytes))
      let place = number(entry + 32, bytes)
      put(sum(start..<start + size, bytes), at: place, in: &bytes)
      put(sum(place..<place + 4, bytes), at: entry + 44, in: &bytes)
    }
    put(sum(64..<end, bytes), at: 28, in: &bytes)
    put(sum(0..<60, bytes), at: 60, in: &bytes)
  }

  private func forged(
    _ section: String, _ offset: Int, _ change: (Int, inout [UInt8]) -> Void
  ) throws -> (path: String, place: Int) {
    var bytes = good
    let place = try #require(sections[section]) + offset
    change(place, &bytes)
    seal(&bytes)
    return (try scratch.write(bytes, to: "forged.tqi"), place)
  }

  @Test func newerVersionsSaySo() throws {
    var bytes = good
    put(UInt32(3), at: 8, in: &bytes)
    seal(&bytes)
    let container = try scratch.write(bytes, to: "container.tqi")
    let first = failure { () throws(IndexError) in try VectorIndex(opening: container) }
    #expect(try #require(first).description.contains("container version 3, newer than version 2"))
    let (path, place) = try forged("index", 0) { put(UInt32(4), at: $0, in: &$1) }
    let second = failure { () throws(IndexError) in try VectorIndex(opening: path) }
    #expect(second?.kind == .file(path: path, offset: UInt64(place)))
    #expect(
      try #require(second).description.contains(
        "index version 4, this build knows 3; update turboquant"))
    let older = try forged("index", 0) { put(UInt32(1), at: $0, in: &$1) }.path
    let old = failure { () throws(IndexError) in try VectorIndex(opening: older) }
    #expect(
      try #require(old).description.contains("index version 1, which lays codes out otherwise"))
    let codec = try forged("codec", 16) { put(UInt32(2), at: $0, in: &$1) }.path
    let third = failure { () throws(IndexError) in try VectorIndex(opening: codec) }
    #expect(try #require(third).description.contains("codec version 2, this build knows 1; update"))
  }

  @Test(
    "A record that makes no sense is refused at its byte",
    arguments: [
      (0, 4, 0), (4, 0, 4), (4, 4, 4), (5, 1, 5), (5, 3, 5), (6, 3, 6), (7, 2, 7), (24, 2, 24),
      (27, 1, 24), (28, 0, 28), (28, 2, 28), (29, 1, 29), (31, 1, 31), (32, 0xEE, 32),
      (63, 0xEE, 32),
    ])
  func records(offset: Int, value: Int, named: Int) throws {
    var (path, place) = try forged("index", offset) { $1[$0] = UInt8(value) }
    place += named - offset
    let error = failure { () throws(IndexError) in try VectorIndex(opening: path) }
    #expect(error?.kind == .file(path: path, offset: UInt64(place)), "\(String(describing: error))")
    path = ""
  }

  @Test(
    "Another number of rows does not go with the sections",
    arguments: [0, 31, 65, 1 << 40, .max, -1])
  func counts(count: Int) throws {
    let (path, _) = try forged("index", 8) { put(count, at: $0, in: &$1) }
    let error = failure { () throws(IndexError) in try VectorIndex(opening: path) }
    guard case .file(path, .some) = error?.kind else {
      Issue.record("\(String(describing: error))"); return
    }
  }

  @Test("Metrics of other codecs and unknown kinds are refused")
  func otherKinds() throws {
    // Cosine with a mean goes with norms, so that only the fingerprint tells.
    let (path, place) = try forged("index", 4) { $1[$0] = Metric.cosine.rawValue }
    let error = failure { () throws(IndexError) in try VectorIndex(opening: path) }
    #expect(error?.kind == .file(path: path, offset: UInt64(place + 28)))
    var bytes = good
    bytes.replaceSubrange(12..<16, with: "VECS".utf8)
    seal(&bytes)
    let other = try scratch.write(bytes, to: "vecs.tqi")
    let kind = failure { () throws(IndexError) in try VectorIndex(opening: other) }
    #expect(
      try #require(kind).description.contains(
        "holds codes of vectors (.tqv), expected an index (.tqi)"))
    let missing = failure { () throws(IndexError) in try VectorIndex(opening: scratch.file("no")) }
    #expect(try #require(missing).description.contains("No such file"))
    let lines = try scratch.write(bytes, to: "two\nlines.tqi")
    failure { () throws(IndexError) in try VectorIndex(opening: lines) }
    let (forged, _) = try forged("index", 4) { $1[$0] = 9 }
    let moved = try scratch.write(try scratch.read("forged.tqi"), to: "a\nb.tqi")
    failure { () throws(IndexError) in try VectorIndex(opening: moved) }
    #expect(forged == scratch.file("forged.tqi"))
  }

  @Test("What lies beyond the last row is zero")
  func padding() throws {
    for (section, offset) in [
      ("ids", 8 * 35), ("norms", 4 * 63), ("signs", 63), ("rest", 64 + 63), ("sketch", 63),
      ("alignments", 4 * 35 + 3), ("residual norms", 4 * 40),
    ] {
      let (path, place) = try forged(section, offset) { $1[$0] ^= 0x40 }
      let error = failure { () throws(IndexError) in try VectorIndex.verify(path) }
      #expect(error?.kind == .file(path: path, offset: UInt64(place)), "\(section)")
      _ = try VectorIndex(opening: path).search([1, 2, 3, 4, 5], count: 40)
      // Bytes in memory are checked whole.
      let bytes = try scratch.read("forged.tqi")
      let refusal = failure { () throws(IndexError) in try VectorIndex(serialized: bytes) }
      #expect(refusal?.kind == .file(path: "bytes of an index", offset: UInt64(place)))
    }
  }
}

/// Every system call of saving and opening, failed once.
@Suite struct IndexFaultTests {
  let scratch: Scratch
  let index: VectorIndex

  init() throws {
    scratch = try Scratch()
    var dice = Dice(seed: 16)
    index = try IndexKind(dimension: 9, bits: 4, originals: .float16).index(dice.normals(9 * 40))
  }

  private func calls(_ body: () throws -> Void) throws -> [SystemCall] {
    let plan = FaultInjection()
    try FaultInjection.$current.withValue(plan) { try body() }
    return plan.calls
  }

  @Test(arguments: [true, false], [ErrorNumber.noSpace, ErrorNumber.inputOutput])
  func everyFailingCallOfSavingLeavesOldOrNew(replaces: Bool, code: Int32) throws {
    let path = scratch.file("x.tqi")
    try index.save(to: scratch.file("new"))
    let new = try scratch.read("new")
    var smaller = index
    try smaller.remove(3)
    try smaller.save(to: path)
    let old = try scratch.read("x.tqi")
    if !replaces { try FileManager.default.removeItem(atPath: path) }
    let calls = try calls { try index.save(to: path) }
    let renaming = try #require(calls.firstIndex(of: .rename))
    for (number, call) in calls.enumerated() {
      let own = try Scratch()
      let path = own.file("x.tqi")
      if replaces { _ = try own.write(old, to: "x.tqi") }
      let plan = FaultInjection(failing: number, code: code)
      let error: IndexError? = FaultInjection.$current.withValue(plan) {
        do throws(IndexError) {
          try index.save(to: path)
          return nil
        } catch {
          return error
        }
      }
      if call == .opendir {
        // Nothing that a killed writer left is looked for then, and the rest goes on.
        #expect(try error == nil && own.read("x.tqi") == new)
      } else if number <= renaming {
        guard case .file(path, _) = error?.kind else { Issue.record("\(call)"); return }
        #expect(try #require(error).description.contains("\(call.rawValue) failed"))
        #expect(try own.names == (replaces ? ["x.tqi"] : []))
        if replaces { #expect(try own.read("x.tqi") == old) }
      } else {
        #expect(try own.read("x.tqi") == new)
        #expect((error == nil) == (call == .close))
      }
    }
    #expect(calls.contains(.fsync) && calls.contains(.pwrite))
  }

  @Test func everyFailingCallOfOpeningIsNamed() throws {
    let path = scratch.file("x.tqi")
    try index.save(to: path)
    let calls = try calls { _ = try VectorIndex(opening: path) }
    #expect(calls.contains(.open) && calls.contains(.mmap))
    for (number, call) in calls.enumerated() {
      let plan = FaultInjection(failing: number, code: ErrorNumber.inputOutput)
      FaultInjection.$current.withValue(plan) {
        do throws(IndexError) {
          #expect(try VectorIndex(opening: path).count == 40)
          // Nothing that has been read depends on these.
          #expect([.close, .munmap].contains(call))
        } catch {
          guard case .file(path, _) = error.kind else { Issue.record("\(call)"); return }
          #expect(error.description.contains("\(call.rawValue) failed"))
        }
      }
    }
  }

  @Test func savingOntoTheFileThatIsMapped() throws {
    let path = scratch.file("x.tqi")
    try index.save(to: path)
    var opened = try VectorIndex(opening: path)
    let before = opened
    try opened.remove([0, 39])
    try opened.save(to: path)
    var dice = Dice(seed: 17)
    let q = dice.normals(9)
    #expect(try before.search(q, count: 40) == index.search(q, count: 40))
    #expect(try VectorIndex.verify(path).search(q, count: 40) == opened.search(q, count: 40))
    let directory = failure { () throws(IndexError) in try index.save(to: scratch.path) }
    #expect(try #require(directory).description.contains("is a directory"))
  }
}
