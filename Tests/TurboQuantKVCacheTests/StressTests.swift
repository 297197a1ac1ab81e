import Foundation
import Testing

@testable import TurboQuant
@testable import TurboQuantKVCache

/// Keys and values drawn with the second moments that real models' channels have, a few of them many
/// times as large as the others.
///
/// The moments lie outside the repository: TQ_TEST_DATA names the folder that holds `kv-second-moments`.
@Suite struct StressTests {
  static let folder = ProcessInfo.processInfo.environment["TQ_TEST_DATA"].map {
    URL(filePath: $0).appending(path: "kv-second-moments")
  }

  /// The float32 rows of an .npy file of `width` columns.
  private static func rows(_ name: String, width: Int) throws -> [[Float]] {
    let file = try Data(contentsOf: try #require(folder).appending(path: name))
    let start = 10 + Int(file[8]) + Int(file[9]) << 8
    let floats = stride(from: start, to: file.count, by: 4).map { at in
      Float(
        bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(file[at + $1]) << UInt32(8 * $1) })
    }
    return stride(from: 0, to: floats.count, by: width).map { Array(floats[$0..<$0 + width]) }
  }

  @Test(
    "The loss is that of any vectors", .enabled(if: folder != nil),
    arguments: ["llama_3.1_8b_K", "llama_3.1_8b_V", "qwen2.5_7b_K", "qwen2.5_7b_V"])
  func lossWithOutlierChannels(_ name: String) throws {
    let (d, tokens) = (128, 400)
    let moments = try Self.rows(name + ".npy", width: d)
    for bits in [2, 3, 4] {
      let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: d)
      let codec = try KVCodec(
        KVConfiguration(shape: shape, keys: .bits(bits), values: .float32))
      let quantizer = try #require(codec.keyCodec?.parts[0].codec.scalarQuantizer)
      let expected = CodecErrorTests.predicted(quantizer.distortion, .renormalized)
      var losses: [Double] = []
      for (row, own) in moments.enumerated() {
        var dice = Dice(seed: UInt64(row))
        let keys = (0..<tokens).flatMap { _ in own.map { $0.squareRoot() * dice.normal() } }
        var cache = KVCache(codec)
        try cache.append(keys: keys.span, values: keys.span)
        let decoded = try cache.decoded(head: 0).keys
        var loss = 0.0
        for start in stride(from: 0, to: keys.count, by: d) {
          var (error, length) = (0.0, 0.0)
          for i in start..<start + d {
            let difference = Double(keys[i]) - Double(decoded[i])
            error += difference * difference
            length += Double(keys[i]) * Double(keys[i])
          }
          loss += error / length / Double(tokens)
        }
        // Where one channel has nearly all of the length, all vectors of a row are one direction, of which
        // a single rotation makes what it will.
        #expect((0.5...1.6).contains(loss / expected), "\(name), row \(row), \(bits) bits")
        losses.append(loss / expected)
      }
      let mean = losses.reduce(0, +) / Double(losses.count)
      #expect(abs(mean - 1) <= 0.05, "\(name), \(bits) bits: \(mean)")
      print(
        "\(name), \(bits) bits: \(mean) of the predicted loss, \(losses.min() ?? 0) to "
          + "\(losses.max() ?? 0) from head to head")
    }
  }
}
