import Foundation
import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantIndex

/// `Documentation/read_tqi.py`, written from FileFormat.md alone, reads the golden files as we do.
///
/// Runs where `python3` (or the interpreter that `TQ_PYTHON` names) has numpy.
@Suite(.enabled(if: Python.hasNumpy, "no python3 with numpy: the independent reader is not run"))
struct IndexReaderTests {
  @Test(
    "Decodes and scores what the index decodes and scores",
    arguments: GoldenIndexTests.all, [2, 3] as [UInt32])
  func reads(_ golden: GoldenIndexTests.Golden, version: UInt32) throws {
    guard golden.versions.contains(version) else { return }
    let scratch = try Scratch()
    let path = golden.file(version)
    let index = try VectorIndex(opening: path)
    let q = Array(golden.queries.prefix(golden.dimension))
    var bytes: [UInt8] = []
    for value in q { put(value.bitPattern, at: bytes.count, appendingTo: &bytes) }
    let query = try scratch.write(bytes, to: "query.f32")
    let output = scratch.file("x.bin")
    let result = try Python.run("read_tqi.py", [path, output, query])
    try #require(result.exitCode == 0, "\(result.error)")
    #expect(result.output.contains("fingerprint \(index.fingerprint)"))
    let ids = try index.ids()
    #expect(result.output.contains("ids " + ids.map { "\($0)" }.joined(separator: " ")))
    for tag in try index.tags() { #expect(result.output.contains("“\(tag)”")) }
    let theirs = try floats(scratch.read("x.bin"))
    let (n, d) = (index.count, golden.dimension)
    let kept = golden.originals == nil ? 0 : n * d
    try #require(theirs.count == n * d + n + kept)
    let hits = try index.search(q, count: n, options: .exhaustive)[0]
    let scores = Dictionary(uniqueKeysWithValues: hits.map { ($0.id, $0.score) })
    let plain = try PlainScores(index, q)
    for (row, id) in ids.enumerated() {
      let ours = try index.reconstruct(id)
      let norm = ours.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      // Each side's products of a rotation in float32: d roundings of up to ‖y‖ · 2⁻²⁴ each; a mean
      // is no longer than the row here, and adds one more rounding.
      let bound = 2 * Double(d + 1) * norm * 0x1p-24
      for i in 0..<d { #expect(abs(Double(ours[i]) - Double(theirs[row * d + i])) <= bound) }
      let score = Double(try #require(scores[id]))
      let difference = abs(score - Double(theirs[n * d + row]))
      #expect(try difference <= plain.score(of: row).bound + plain.decodingError(of: row))
      guard golden.originals != nil else { continue }
      let start = n * d + n + row * d
      #expect(try index.original(id) == Array(theirs[start..<start + d]))
    }
  }

  @Test("Reads more rows than it decodes at once, and shows people few of their ids")
  func manyRows() throws {
    let (count, d) = (1100, 100)
    var index = try VectorIndex(dimension: d, bits: 3, metric: .innerProduct, seed: 5)
    let values = (0..<count * d).map { Float(($0 * 37 + $0 / d * 101) % 61) - 30 }
    try index.add(values, ids: (0..<count).map { UInt64(7 * $0) })
    let scratch = try Scratch()
    let path = scratch.file("x.tqi")
    try index.save(to: path)
    let output = scratch.file("x.bin")
    let result = try Python.run("read_tqi.py", [path, output])
    try #require(result.exitCode == 0, "\(result.error)")
    #expect(
      result.output.split(separator: "\n").last
        == "ids 0 7 14 21 28 35 42 49 56 63 … 7679 7686 7693 (1100 in all)")
    let theirs = try floats(scratch.read("x.bin"))
    try #require(theirs.count == count * d)
    for (row, id) in try index.ids().enumerated() {
      let ours = try index.reconstruct(id)
      let norm = ours.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      // As above, without a mean.
      let bound = 2 * Double(d) * norm * 0x1p-24
      for i in 0..<d { #expect(abs(Double(ours[i]) - Double(theirs[row * d + i])) <= bound) }
    }
  }

  @Test(
    "Refuses a changed byte anywhere",
    arguments: ["two-stage-3-9-mean.tqi", "two-stage-3-9-mean-v3.tqi", "scalar-4-33-tags-v3.tqi"])
  func refuses(_ name: String) throws {
    let scratch = try Scratch()
    var bytes = Array(try Data(contentsOf: GoldenIndexTests.fixture(name)))
    for offset in stride(from: 3, to: bytes.count, by: 257) {
      bytes[offset] ^= 0x10
      let result = try Python.run("read_tqi.py", [try scratch.write(bytes, to: "x.tqi")])
      bytes[offset] ^= 0x10
      #expect(result.exitCode == 1 && result.error.contains("x.tqi: "), "byte \(offset)")
    }
  }

  private func floats(_ bytes: [UInt8]) throws -> [Float] {
    stride(from: 0, to: bytes.count, by: 4).map { start in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) })
    }
  }

  private func put(_ value: UInt32, at: Int, appendingTo bytes: inout [UInt8]) {
    for shift in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * shift))) }
  }
}
