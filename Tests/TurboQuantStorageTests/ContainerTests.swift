import Foundation
import Synchronization
import TestSupport
import Testing
import TurboQuantKernels
import TurboQuantStorage

@Suite struct ContainerTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  static let mebibyte = 1 << 20
  static let sizes = [
    0, 1, 63, 64, 65, mebibyte - 1, mebibyte, mebibyte + 1, 3 * mebibyte + 5,
  ]

  @Test(arguments: sizes, [1 << 30, 300_007])
  func sectionComesBack(size: Int, piece: Int) throws {
    let sections = [Section("data", pattern(size))]
    try writeContainer(scratch.file("x"), sections, pieceByteCount: piece)
    #expect(try readContainer(scratch.file("x")) == sections)
    #expect(try scratch.names == ["x"])
  }

  @Test func manySectionsComeBack() throws {
    let sections = (0..<64).map { Section("section \($0)", pattern($0 * 7, seed: UInt32($0))) }
    try writeContainer(scratch.file("x"), sections, pieceByteCount: 5)
    #expect(try readContainer(scratch.file("x")) == sections)
    let reader = try ContainerReader(scratch.file("x"))
    #expect(reader.kind == "VECS")
    #expect(reader.sections.map(\.name) == sections.map(\.name))
    #expect(reader.sections.allSatisfy { $0.offset % 64 == 0 && $0.checksumOffset % 64 == 0 })
    #expect(reader.byteCount % 64 == 0)
  }

  @Test("In memory a container has the bytes of a file, whatever room was made", arguments: sizes)
  func inMemory(size: Int) throws {
    let sections = [Section("first", pattern(size)), Section("second", pattern(100))]
    try writeContainer(scratch.file("x"), sections)
    let file = try scratch.read("x")
    let byteCount = ContainerFormat.byteCount(ofSections: sections.map(\.bytes.count))
    #expect(byteCount == file.count)
    for room in [byteCount, 0, byteCount + 1000] {
      var writer = try ContainerWriter(inMemory: room, named: "x", kind: "VECS", sectionCount: 2)
      for section in sections { try writer.writeSection(section.name, section.bytes.span.raw) }
      #expect(try writer.finishInMemory() == file)
    }
    let reader = try ContainerReader(copying: file.span.raw, named: "x", kind: "VECS")
    try reader.verify()
    // Bytes that were verified can be read again.
    for section in sections {
      let bytes = try reader.bytes(of: section.name)
      #expect(bytes.byteArray(0..<bytes.byteCount) == section.bytes)
    }
  }

  @Test func misuseInMemoryIsNamed() throws {
    let error = failure { () throws(StorageError) in
      let writer = try ContainerWriter(inMemory: 0, named: "bytes", kind: "VECS", sectionCount: 1)
      _ = try writer.finishInMemory()
    }
    #expect(error?.path == "bytes")
    #expect(error?.kind == .misuse(reason: "0 sections written, 1 declared"))
  }

  @Test func containerWithoutSectionsIsOneHeader() throws {
    try writeContainer(scratch.file("x"), [])
    #expect(try scratch.read("x").count == 64)
    #expect(try readContainer(scratch.file("x")) == [])
  }

  @Test func bytesOnDiskAreTheGoldenOnes() throws {
    try writeContainer(scratch.file("x"), smallSections)
    #expect(try scratch.read("x") == goldenContainer)
    #expect(try readContainer(scratch.write(goldenContainer, to: "golden")) == smallSections)
  }

  @Test func optionalSectionsMakeVersionTwo() throws {
    var writer = try ContainerWriter(scratch.file("x"), kind: "VECS", sectionCount: 2)
    try writer.writeSection("codes", pattern(10).span.raw)
    try writer.writeSection("remarks", isOptional: true, pattern(20).span.raw)
    try writer.finish()
    #expect(try scratch.read("x")[8..<12].elementsEqual([2, 0, 0, 0]))
    let reader = try ContainerReader(scratch.file("x"), kind: "VECS")
    try reader.verify()
    #expect(reader.sections.map(\.isOptional) == [false, true])
  }

  @Test func rangesAreLentAndBoundsChecked() throws {
    let data = pattern(2 * Self.mebibyte + 10)
    try writeContainer(scratch.file("x"), [Section("data", data)])
    let reader = try ContainerReader(scratch.file("x"))
    reader.adviseSequentialReading()
    let ranges = [
      0..<0, 0..<1, 1_048_570..<1_048_580, 2_097_152..<2_097_162, 2_097_162..<2_097_162,
    ]
    for range in ranges {
      let lent = try reader.bytes(of: "data", range)
      #expect(lent.byteArray(0..<lent.byteCount) == Array(data[range]))
    }
    #expect(throws: StorageError.self) { _ = try reader.bytes(of: "data", 0..<2_097_163).byteCount }
    #expect(throws: StorageError.self) { _ = try reader.bytes(of: "data", -1..<3).byteCount }
    #expect(throws: StorageError(.missingSection(name: "date"), path: scratch.file("x"))) {
      _ = try reader.bytes(of: "date").byteCount
    }
  }

  @Test func onlyTouchedChunksAreChecked() throws {
    var file = scratch.file("x")
    try writeContainer(file, [Section("data", pattern(3 * Self.mebibyte))])
    var bytes = try scratch.read("x")
    bytes[128 + Self.mebibyte + 77] ^= 0x10
    file = try scratch.write(bytes)
    let reader = try ContainerReader(file)
    _ = try reader.bytes(of: "data", 0..<Self.mebibyte).byteCount
    _ = try reader.bytes(of: "data", 2 * Self.mebibyte..<3 * Self.mebibyte).byteCount
    let expected = StorageError(
      .checksumMismatch(region: "chunk 1 of section \"data\""), path: file,
      offset: UInt64(128 + Self.mebibyte))
    // The same again: a chunk that failed is never taken for checked.
    for _ in 0..<2 {
      #expect(throws: expected) {
        _ = try reader.bytes(of: "data", Self.mebibyte - 1..<Self.mebibyte + 1).byteCount
      }
    }
    #expect(throws: expected) { try reader.verify() }
  }

  @Test func verifyReportsProgress() throws {
    try writeContainer(
      scratch.file("x"), [Section("a", pattern(Self.mebibyte + 1)), Section("b", [1, 2])])
    let reader = try ContainerReader(scratch.file("x"))
    var reports: [[UInt64]] = []
    try reader.verify { reports.append([$0, $1]) }
    let total = UInt64(Self.mebibyte + 3)
    #expect(reports == [[total - 3, total], [total - 2, total], [total, total]])
  }

  @Test func manyThreadsReadAtOnce() throws {
    let data = pattern(5 * Self.mebibyte + 3)
    try writeContainer(scratch.file("x"), [Section("data", data)])
    let reader = try ContainerReader(scratch.file("x"))
    let wrong = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 32) { turn in
      let start = turn * 160_000
      let lent = try? reader.bytes(of: "data", start..<start + 1000).byteArray(0..<1000)
      if lent != Array(data[start..<start + 1000]) { wrong.add(1, ordering: .relaxed) }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  @Test func misuseIsRefusedAndLeavesNothing() throws {
    let path = scratch.file("x")
    func attempt(
      kind: String = "VECS", count: Int = 1,
      _ body: (inout ContainerWriter) throws(StorageError) -> Void
    ) -> Bool {
      let error = failure { () throws(StorageError) in
        var writer = try ContainerWriter(path, kind: kind, sectionCount: count)
        try body(&writer)
        try writer.finish()
      }
      guard case .misuse = error?.kind else { return false }
      return true
    }
    #expect(attempt(kind: "VEC") { _ in })
    #expect(attempt(kind: "VÉC") { _ in })
    #expect(attempt(count: 65) { _ in })
    #expect(attempt(count: -1) { _ in })
    #expect(attempt { _ in })
    #expect(attempt { (writer) throws(StorageError) in try writer.endSection() })
    #expect(attempt { (writer) throws(StorageError) in try writer.append(RawSpan()) })
    #expect(attempt { (writer) throws(StorageError) in try writer.beginSection("a") })
    #expect(attempt { (writer) throws(StorageError) in try writer.beginSection("") })
    #expect(
      attempt { (writer) throws(StorageError) in try writer.beginSection("seventeen letters") })
    #expect(
      attempt(count: 2) { (writer) throws(StorageError) in
        try writer.beginSection("a")
        try writer.beginSection("b")
      })
    #expect(
      attempt(count: 2) { (writer) throws(StorageError) in
        try writer.writeSection("a", RawSpan())
        try writer.writeSection("a", RawSpan())
      })
    #expect(
      attempt { (writer) throws(StorageError) in
        try writer.writeSection("a", RawSpan())
        try writer.writeSection("b", RawSpan())
      })
    #expect(try scratch.names == [])
  }
}
