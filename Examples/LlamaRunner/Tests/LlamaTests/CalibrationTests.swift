import Foundation
import Testing
import TurboQuantKVCache

@testable import Llama
@testable import LlamaCLI

/// From a text to a file that makes a cache better, or to none.
@Suite struct CalibrationTests {
  static func windows(_ range: Range<Int>, length: Int = 400) throws -> [[Int]] {
    try Shipped.windows()[range].map { Array($0.prefix(length)) }
  }

  @Test("A calibration is that of the keys and queries that reach a cache")
  func statistics() throws {
    let model = try Shipped.model()
    let windows = try Self.windows(0..<2)
    let setting = "3,center=rotary-mean,boundary=16"
    let found = try Calibrator(setting, for: model).calibrations([.matrix], from: windows)
    let shape = model.configuration.cacheShape
    let layers = try SettingWords(setting).layers(
      shape: shape, count: 4, frequencies: model.rotaryFrequencies)
    var statistics = try KVStatistics(layers[2])
    for window in windows {
      var seen: ([Float], [Float]) = ([], [])
      var caches = model.makeCaches { layer -> any LayerCache in
        layer == 2 ? RecordingCache(shape: shape) { seen = ($0, $1) } : FloatCache(shape: shape)
      }
      _ = try model.forward(window, caches: &caches)
      try statistics.add(keys: seen.0.span, queries: seen.1.span)
    }
    #expect(statistics.tokenCount == 800)
    #expect(try found[0].layers[2] == statistics.equalization(.matrix))
    #expect(found[0].layers.map { $0 == nil } == [true, false, false, true])
  }

  /// The divergences of a setting, and of it with a calibration, on other windows.
  static func judged(_ setting: String, length: Int) throws -> Judgement {
    let calibrator = try Calibrator(setting, for: Shipped.model())
    let calibrations = try calibrator.calibrations(
      [.diagonal, .matrix], from: windows(0..<10, length: length))
    return try calibrator.judge(calibrations, on: windows(10..<15, length: length))
  }

  @Test("On other text keys of two bits lose less, and a matrix less than a diagonal")
  func helps() throws {
    for setting in ["2/32,center=mean", "q4_0-rotated/32"] {
      let judgement = try Self.judged(setting, length: 1_024)
      #expect(judgement.best == 1, "\(setting): \(judgement.changes)")
      #expect(judgement.changes[1].mean < judgement.changes[0].mean)
      #expect(judgement.plain.bitsPerCoordinate == judgement.equalized[1].bitsPerCoordinate)
    }
  }

  @Test("Uneven channels and a bias, calibrated and centred, change nothing")
  func conditions() throws {
    var generator = SeededGenerator(seed: 8)
    let moments = (0..<128).map { _ in exp2(8 * Float.random(in: -1...1, using: &generator)) }
    let url = try ConditionTests.file([1, 1, 128], moments)
    defer { try? FileManager.default.removeItem(at: url) }
    let hard = "3,center=mean,uneven=\(url.path),bias=20"
    let plain = try Self.judged("3,center=mean", length: 300)
    let judged = try Self.judged(hard, length: 300)
    #expect(judged.plain.divergence.mean > 3 * plain.plain.divergence.mean)
    for (found, expected) in zip(judged.equalized, plain.equalized) {
      // Factors of two commute with every step but the rounding of factors, and centres take the bias out.
      #expect(found.divergence.mean < 1.02 * expected.divergence.mean)
    }
  }

  @Test("A gain within two standard errors is none")
  func judgement() {
    func evaluation(_ windows: [Double]) -> Evaluation {
      let estimate = Estimate(windows: windows.map { [Float($0)] })
      return Evaluation(
        name: "", loss: estimate, perplexity: 1, increase: estimate, divergence: estimate,
        windowDivergences: windows, agreement: estimate, bitsPerCoordinate: 3, seconds: 1,
        tokens: 1)
    }
    func best(_ windows: [Double]...) -> Int? {
      Judgement(plain: evaluation([5, 7, 9]), equalized: windows.map(evaluation)).best
    }
    #expect(best([4, 6, 7], [3, 5, 6]) == 1)  // Less by 1, 1, 2 and by 2, 2, 3.
    #expect(best([5, 7, 8]) == nil)  // Less by 0, 0, 1: 1/3 ± 1/3.
    #expect(best([5, 7, 9]) == nil && best([6, 8, 10]) == nil && best() == nil)
    // Less by 1, 1, 0 on average, but not surely; less by 0.1 each.
    #expect(best([4, 6, 9], [4.9, 6.9, 8.9]) == 1)
    let difference = PairedDifference([1, 4], minus: [0, 1])
    #expect(difference.mean == 2 && difference.standardError == 1)
    #expect(PairedDifference([1], minus: [0]).standardError.isNaN)
  }

  /// A folder with a text of `count` windows, and the windows.
  private static func folder(windows count: Int) throws -> (URL, [[Int]]) {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "llama-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let tokenizer = try Shipped.tokenizer()
    // Some tokens more: a text cut elsewhere may have fewer tokens.
    let tokens = try Shipped.windows().flatMap { $0.dropFirst() }.prefix(count * 1_023 + 40)
    let text = tokenizer.decode(Array(tokens))
    try text.write(to: folder.appending(path: "text.txt"), atomically: true, encoding: .utf8)
    let windows = Windows.cut(text, tokenizer: tokenizer, length: 1_024)
    #expect(windows.count == count)
    return (folder, windows)
  }

  @Test("The command writes what helps, which a setting then uses")
  func command() throws {
    let (folder, windows) = try Self.folder(windows: 9)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (text, file) = (folder.appending(path: "text.txt"), folder.appending(path: "a.tqeq"))
    try run([
      "calibrate", "2/32,center=mean", "--text", text.path, "--output", file.path, "--kind",
      "diagonal",
    ])
    let written = try KVCalibration(contentsOf: file.path)
    let model = try Shipped.model()
    let calibrator = try Calibrator("2/32,center=mean", for: model)
    #expect(try written == calibrator.calibrations([.diagonal], from: Array(windows[0..<6]))[0])
    let heldOut = Array(windows[6..<9])
    let judgement = try calibrator.judge([written], on: heldOut)
    let settings = try ["", ",equalization=\(file.path)"].map {
      try CacheSetting("2/32,center=mean\($0)", for: model)
    }
    let results = try Evaluator(model: model, mode: .wholeWindow).evaluate(
      windows: heldOut, settings: [.float32] + settings)
    #expect(results[1].divergence == judgement.plain.divergence)
    #expect(results[2].divergence == judgement.equalized[0].divergence)
    try run(["generate", "a", "--tokens", "2", "--cache", settings[1].name])
    for other in ["32/4", "16", "32/q4_0"] {
      let error = #expect(throws: SettingError.self) {
        try CacheSetting("\(other),equalization=\(file.path)", for: model)
      }
      #expect(error?.description.contains("equalization=") == true, "\(other)")
    }
    #expect(throws: SettingError.self) { try Calibrator(settings[1].name, for: model) }
  }

  @Test("The command writes nothing where no metric helps: KIVI's scales are by channel anyway")
  func refusal() throws {
    let (folder, _) = try Self.folder(windows: 6)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (text, file) = (folder.appending(path: "text.txt"), folder.appending(path: "a.tqeq"))
    let words = ["calibrate", "kivi-4/32", "--text", text.path, "--output", file.path]
    let error = #expect(throws: CommandError.self) { try run(words + ["--kind", "diagonal"]) }
    #expect(error?.description.contains("Nothing is written") == true)
    #expect(!FileManager.default.fileExists(atPath: file.path))
    let (short, _) = try Self.folder(windows: 5)
    defer { try? FileManager.default.removeItem(at: short) }
    let less = #expect(throws: CommandError.self) {
      try run(["calibrate", "3", "--text", short.path + "/text.txt", "--output", file.path])
    }
    #expect(less?.description.contains("5 windows") == true)
  }

  @Test("A file that is missing, damaged or of another model is refused")
  func files() throws {
    let model = try Shipped.model()
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(throws: KVCacheError.self) { try CacheSetting("3,equalization=\(path)", for: model) }
    func metrics(heads: Int, dimension: Int) throws -> KVEqualization {
      let head = [Float](repeating: 1, count: dimension)
      return try KVEqualization(.diagonal, heads: [[Float]](repeating: head, count: heads))
    }
    for (layers, heads, dimension) in [(3, 2, 64), (4, 1, 64), (4, 2, 32)] {
      let layer = try metrics(heads: heads, dimension: dimension)
      try KVCalibration(layers: .init(repeating: layer, count: layers)).save(to: path)
      for setting in ["3", "q4_0"] {
        let error = #expect(throws: SettingError.self) {
          try CacheSetting("\(setting),equalization=\(path)", for: model)
        }
        #expect(error?.description.contains("4 layers with 2 heads of 64") == true)
      }
    }
    try KVCalibration(layers: .init(repeating: metrics(heads: 2, dimension: 64), count: 4))
      .save(to: path)
    var bytes = try Data(contentsOf: URL(filePath: path))
    _ = try CacheSetting("3,equalization=\(path)", for: model)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(filePath: path))
    #expect(throws: KVCacheError.self) { try CacheSetting("3,equalization=\(path)", for: model) }
    for setting in ["32/4", "16", "32/q8_0", "32"] {
      #expect(throws: SettingError.self) { try Calibrator(setting, for: model) }
    }
  }
}
