import Foundation
import Llama
import Testing

/// The model that is shipped with the example, and what PyTorch computed with it.
enum Shipped {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Models/tiny-llama")
  static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures")

  private static let loadedModel = Result { try LlamaModel(folder: folder) }
  private static let loadedTokenizer = Result {
    try Tokenizer(contentsOf: folder.appending(path: "tokenizer.json"))
  }

  static func model() throws -> LlamaModel { try loadedModel.get() }
  static func tokenizer() throws -> Tokenizer { try loadedTokenizer.get() }

  static func text() throws -> String {
    try String(contentsOf: folder.appending(path: "valid.txt"), encoding: .utf8)
  }

  /// The rows of a reference file of 4-byte elements.
  static func rows<Element: BitwiseCopyable>(
    _ name: String, of type: Element.Type = Element.self
  ) throws -> [[Element]] {
    try readArray(folder.appending(path: "reference/\(name).npy"))
  }

  static func windows() throws -> [[Int]] {
    try rows("windows_i32", of: Int32.self).map { $0.map { Int($0) } }
  }
}

/// Reads a two-dimensional NPY file, version 1, of little-endian 4-byte elements.
func readArray<Element: BitwiseCopyable>(_ url: URL) throws -> [[Element]] {
  let data = try Data(contentsOf: url)
  let length = Int(data[8]) | Int(data[9]) << 8
  let header = String(decoding: data[10..<10 + length], as: UTF8.self)
  let shape = try #require(header.firstMatch(of: /\((\d+), (\d+)\)/))
  let (rows, columns) = (try #require(Int(shape.1)), try #require(Int(shape.2)))
  #expect(header.contains(Element.self == Float.self ? "'<f4'" : "'<i4'"))
  let body = data[(10 + length)...]
  try #require(body.count == 4 * rows * columns && MemoryLayout<Element>.size == 4)
  return unsafe body.withUnsafeBytes { bytes in
    (0..<rows).map { row in
      (0..<columns).map {
        unsafe bytes.loadUnaligned(fromByteOffset: 4 * (row * columns + $0), as: Element.self)
      }
    }
  }
}

/// The greatest difference between elements; infinite for a NaN, and for sequences of two lengths.
func largestDifference(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).reduce(0) {
    let difference = abs($1.0 - $1.1)
    return difference.isNaN ? .infinity : max($0, difference)
  }
}

/// Random numbers in -1...1.
func randomFloats(_ count: Int, _ generator: inout SeededGenerator) -> [Float] {
  (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
}
