import Foundation
import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantFiles

/// Files that, once written, never change for a codec version.
///
/// `TQ_RECORD_GOLDEN=1` writes those that are missing, and fails because it did.
@Suite struct GoldenFileTests {
  struct Golden: Sendable, CustomTestStringConvertible {
    let name: String
    let dimension: Int
    let bits: Double
    var quantizer = Quantizer.scalar
    var rotation: RotationKind?
    var normalization = Normalization.norm
    var testDescription: String { name }

    func codec() throws -> Codec {
      try Codec(
        dimension: dimension, rate: try #require(Rate(bitsPerCoordinate: bits)),
        quantizer: quantizer, rotation: rotation, normalization: normalization, seed: 42)
    }

    /// Five rows of x[row][i] = ((37 i + 101 row + i² row) mod 61) − 30.
    var rows: [Float] {
      var rows: [Float] = []
      for row in 0..<5 {
        for i in 0..<dimension {
          let value: Int = (37 * i + 101 * row + i * i * row) % 61
          rows.append(Float(value - 30))
        }
      }
      return rows
    }
  }

  static let all = [
    Golden(name: "haar-5-scalar-3", dimension: 5, bits: 3),
    Golden(name: "haar-70-scalar-8", dimension: 70, bits: 8, rotation: .haar),
    Golden(name: "hadamard-100-scalar-4", dimension: 100, bits: 4),
    Golden(
      name: "hadamard-128-scalar-2.5-unit", dimension: 128, bits: 2.5, normalization: .unit),
    Golden(name: "two-stage-384-4", dimension: 384, bits: 4, quantizer: .twoStage()),
    Golden(
      name: "two-stage-100-3-orthogonal", dimension: 100, bits: 3,
      quantizer: .twoStage(sketch: .orthogonal, directions: 50)),
    Golden(name: "qjl-100-gaussian", dimension: 100, bits: 1, quantizer: .qjl(sketch: .gaussian)),
    Golden(name: "polar-128-4", dimension: 128, bits: 4, quantizer: .polar()),
    Golden(
      name: "polar-haar-19-5-3-1-unit", dimension: 19, bits: 4, quantizer: .polar(bits: [5, 3, 1]),
      normalization: .unit),
  ]

  @Test(arguments: all) func bytesNeverChange(_ golden: Golden) throws {
    let fixture = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Fixtures/\(golden.name).tqv")
    let codec = try golden.codec()
    let scratch = try Scratch()
    let written = URL(filePath: scratch.file("golden.tqv"))
    var writer = try CodeFileWriter(written.path, codec: codec)
    try writer.append(codec.encode(golden.rows, threads: 2))
    try writer.finish()
    try expectGolden(Data(contentsOf: written), fixture)
    let file = try CodeFile(fixture.path)
    try file.verify()
    #expect(file.codec.fingerprint == codec.fingerprint)
    #expect(file.count == 5)
  }
}
