import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantFiles
import TurboQuantStorage

/// Readers that go through a mapped file free the memory behind them.
@Suite struct StreamingTests {
  let scratch: Scratch
  /// Rows of two mebibytes and a quarter.
  let count = 2_304
  let dimension = 256

  init() throws {
    scratch = try Scratch()
    var writer = try NpyWriter(scratch.file("x.npy"), dimension: dimension)
    let values = (0..<count * dimension).map { Float($0 % 1_009) - 504 }
    try writer.append(values.span)
    try writer.finish()
  }

  /// How often `body` advises the kernel of how a mapping is used.
  func advice(_ body: () throws -> Void) throws -> Int {
    let plan = FaultInjection()
    try FaultInjection.$current.withValue(plan) { try body() }
    return plan.calls.count { $0 == .madvise }
  }

  func readAll() throws {
    var file = try VectorFile.open(scratch.file("x.npy"))
    var block: [Float] = []
    while try file.read(upTo: 100, into: &block) > 0 {}
  }

  @Test func vectorsAreFreedAMebibyteAtATime() throws {
    // Once that the file will be read from front to back, and once each whole mebibyte.
    #expect(try advice { try readAll() } == 3)
  }

  @Test func columnsAreKept() throws {
    let path = scratch.file("x.npy")
    var bytes = try Data(contentsOf: URL(filePath: path))
    let order = try #require(bytes.firstRange(of: Data("False, ".utf8)))
    bytes.replaceSubrange(order, with: Data("True,  ".utf8))
    try bytes.write(to: URL(filePath: path))
    #expect(try advice { try readAll() } == 0)
  }

  @Test func codesAreFreedWhenTheyAreCopiedAndVerified() throws {
    let codec = try Codec(dimension: dimension, rate: .bits(8))
    let row = [Float](repeating: 1, count: dimension)
    let codes = try codec.encode(row.span)
    var writer = try CodeFileWriter(scratch.file("x.tqv"), codec: codec)
    let rows = (5 << 19) / codec.bytesPerVector  // two mebibytes and a half
    for _ in 0..<rows { try writer.append(codes) }
    try writer.finish()
    let file = try CodeFile(scratch.file("x.tqv"))
    #expect(try advice { _ = try file.codes(of: 0..<rows) } == 1)
    // Checksums first, what the codes are then.
    #expect(try advice { try file.verify() } == 4)
    #expect(try file.codes(of: rows - 1..<rows).bytes == codes.bytes)
  }
}
