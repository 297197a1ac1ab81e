import Foundation
import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKVCache

/// Keys and values drawn with the second moments that real models' channels have, a few of them many
/// times as large as the others.
///
/// The moments lie outside the repository: TQ_TEST_DATA names the folder that holds `kv-second-moments`, which
/// `.ci/nightly` does where there is one.
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

  /// How far the mean loss of some vectors under one random rotation may be from its prediction, relative to it.
  ///
  /// The loss of a unit vector u is Σ f(coordinate of Ru) with f even. By Gebelein's inequality two such sums of
  /// Gaussian coordinates have at most the square of their vectors' cosine for a correlation, so the mean over
  /// many has at most s² · mean ⟨u, w⟩² for a variance: s² ‖C‖² with C the vectors' mean u uᵀ, whether they are
  /// all one direction or spread out.
  struct Band {
    let quantizer: ScalarQuantizer
    /// s, of one vector: √((κ − 1)/d) with κ the kurtosis of a coordinate's error, and twice the deviation of
    /// ⟨û, û − ŷ⟩, some √(D/d), by which the renormalized estimator divides.
    let deviation: Double

    init(_ quantizer: ScalarQuantizer) {
      self.quantizer = quantizer
      let d = Double(quantizer.dimension)
      let codebook = quantizer.segments[0].codebook
      // The upper half; the law and the errors are even.
      let centroids = codebook.exactCentroids.suffix(codebook.exactCentroids.count / 2)
      let inner = zip(centroids, centroids.dropFirst()).map { ($0 + $1) / 2 }
      let edges = [0] + inner + [codebook.law.upperEnd]
      func moment(_ power: Int) -> Double {
        zip(centroids, zip(edges, edges.dropFirst())).reduce(0) { sum, cell in
          let (c, (from, to)) = cell
          return sum
            + codebook.law.integral(from: from, to: to) { t in
              (0..<power).reduce(1) { product, _ in product * (t - c) }
            }
        }
      }
      let kurtosis =
        moment(4) * codebook.law.integral(from: 0, to: codebook.law.upperEnd)
        / (moment(2) * moment(2))
      let distortion = quantizer.distortion
      deviation =
        ((kurtosis - 1) / d).squareRoot() + 2 * (distortion / d).squareRoot() / (1 - distortion)
    }

    /// Six deviations for directions whose mean u uᵀ has the length `spread`, and what the prediction leaves out:
    /// terms of second order in ⟨û, û − ŷ⟩, four of at most 1/d.
    func width(_ spread: Double) -> Double {
      6 * deviation * spread + 4 / Double(quantizer.dimension)
    }
  }

  @Test(
    "The loss is that of any vectors", .enabled(if: folder != nil),
    arguments: ["llama_3.1_8b_K", "llama_3.1_8b_V", "qwen2.5_7b_K", "qwen2.5_7b_V"])
  func lossWithOutlierChannels(_ name: String) throws {
    let d = 128
    let moments = try Self.rows(name + ".npy", width: d)
    for bits in [2, 3, 4] {
      let quantizer = try ScalarQuantizer(dimension: d, rate: .bits(bits))
      let expected = CodecErrorTests.predicted(quantizer.distortion, .renormalized)
      let band = Band(quantizer)
      var (losses, widths, squares) = ([Double](), [Double](), 0.0)
      for (row, moment) in moments.enumerated() where isOptimizedBuild || row % 32 == 5 {
        let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: d)
        var configuration = KVConfiguration(shape: shape, keys: .bits(bits), values: .float32)
        // Each head has its own rotation, so that the mean over heads is a mean over rotations.
        configuration.seed = UInt64(row)
        let (loss, spread) = try lossAndSpread(moment, KVCodec(configuration), seed: UInt64(row))
        let (ratio, width) = (loss / expected, band.width(spread))
        #expect(abs(ratio - 1) <= width, "\(name), row \(row), \(bits) bits: \(ratio)")
        losses.append(ratio)
        widths.append(width)
        squares += spread * spread
      }
      let count = Double(losses.count)
      let (mean, width) = (losses.reduce(0, +) / count, band.width(squares.squareRoot() / count))
      #expect(abs(mean - 1) <= width, "\(name), \(bits) bits: \(mean)")
      print(
        "\(name), \(bits) bits: \(mean) of the predicted loss, within \(width); "
          + "\(losses.min() ?? 0) to \(losses.max() ?? 0) from head to head, within "
          + "\(widths.min() ?? 0) to \(widths.max() ?? 0)")
    }
  }

  /// The mean relative loss of keys with these moments, and the length of the mean u uᵀ of their directions u.
  private func lossAndSpread(
    _ moments: [Float], _ codec: KVCodec, seed: UInt64
  ) throws -> (loss: Double, spread: Double) {
    let (d, tokens) = (moments.count, isOptimizedBuild ? 400 : 40)
    var dice = Dice(seed: seed)
    let keys = (0..<tokens).flatMap { _ in moments.map { $0.squareRoot() * dice.normal() } }
    var cache = KVCache(codec)
    try cache.append(keys: keys.span, values: keys.span)
    let decoded = try cache.decoded(head: 0).keys
    var (loss, spread) = (0.0, [Double](repeating: 0, count: d * d))
    for start in stride(from: 0, to: keys.count, by: d) {
      let key = keys[start..<start + d].map(Double.init)
      let length = key.reduce(0) { $0 + $1 * $1 }
      let error = zip(key, decoded[start...]).reduce(0.0) {
        $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1))
      }
      loss += error / length / Double(tokens)
      for i in 0..<d {
        let factor = key[i] / length / Double(tokens)
        for k in 0..<d { spread[i * d + k] += factor * key[k] }
      }
    }
    return (loss, spread.reduce(0) { $0 + $1 * $1 }.squareRoot())
  }
}
