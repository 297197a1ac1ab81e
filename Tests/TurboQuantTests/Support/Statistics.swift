import Foundation
import Testing

/// Mean, spread and standard error of what was added.
struct Statistics {
  private(set) var count = 0
  private(set) var mean = 0.0
  private var squares = 0.0

  mutating func add(_ value: Double) {
    count += 1
    let step = value - mean
    mean += step / Double(count)
    squares += step * (value - mean)
  }

  var variance: Double { count > 1 ? squares / Double(count - 1) : 0 }
  var deviation: Double { variance.squareRoot() }
  var standardError: Double { (variance / Double(max(1, count))).squareRoot() }
}

func percent(_ value: Double, _ digits: Int = 3) -> String {
  String(format: "%+.\(digits)f%%", 100 * value)
}

/// Numbers computed outside the package; Benchmarks/theory made them with scipy.
enum Reference {
  private struct File: Decodable {
    let distortion: [String: [String: Double]]
    let codebooks: [String: [String: [Double]]]
    let absolute_coordinate_mean: [String: Double]
  }

  private static let file: File? = {
    let url = fixture("theory_distortion.json")
    return try? JSONDecoder().decode(File.self, from: Data(contentsOf: url))
  }()

  static func distortion(_ dimension: Int, _ rate: String) -> Double? {
    file?.distortion["\(dimension)"]?[rate]
  }

  static var codebooks: [String: [String: [Double]]] { file?.codebooks ?? [:] }
  static var distortions: [String: [String: Double]] { file?.distortion ?? [:] }
  static var absoluteCoordinateMeans: [String: Double] { file?.absolute_coordinate_mean ?? [:] }
}

func fixture(_ name: String) -> URL {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/\(name)")
}
