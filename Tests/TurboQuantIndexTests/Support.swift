import Foundation
import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantIndex

/// The choices and numbers of one test, all from its seed.
struct Dice {
  private var stream: RandomStream

  init(seed: UInt64) { stream = RandomStream(seed: seed, purpose: .testData) }

  /// 0 ..< `bound`.
  mutating func below(_ bound: Int) -> Int { Int(stream.nextInteger(below: UInt32(bound))) }

  mutating func isOne(in count: Int) -> Bool { below(count) == 0 }

  mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }

  /// `count` normal deviates.
  mutating func normals(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in scale * Float(stream.nextNormal()) }
  }

  /// About `share` of some values, in their order.
  mutating func some<Value>(_ values: [Value], oneIn share: Int) -> [Value] {
    values.filter { _ in isOne(in: share) }
  }
}

/// Everything that decides what an index is.
struct IndexKind: CustomTestStringConvertible {
  let codec: Codec
  let metric: Metric
  let mean: [Float]?
  let originals: Originals?

  init(
    dimension: Int, bits: Int, metric: Metric = .innerProduct, isTwoStage: Bool = false,
    mean: [Float]? = nil, originals: Originals? = nil, seed: UInt64 = 7
  ) throws {
    codec = try Codec(
      dimension: dimension, rate: .bits(bits), quantizer: isTwoStage ? .twoStage() : .scalar,
      normalization: metric == .cosine && mean == nil ? .unit : .norm, seed: seed)
    self.metric = metric
    self.mean = mean
    self.originals = originals
  }

  /// An index with these rows.
  func index(_ vectors: [Float] = [], ids: [UInt64]? = nil) throws(IndexError) -> VectorIndex {
    var index = try VectorIndex(codec: codec, metric: metric, mean: mean, originals: originals)
    try index.add(vectors, ids: ids)
    return index
  }

  var testDescription: String {
    "d = \(codec.dimension), \(codec.quantizer.name) \(codec.rate), \(metric)"
      + (mean == nil ? "" : ", mean") + (originals.map { ", \($0)" } ?? "")
  }
}

extension SearchOptions {
  static let exhaustive = SearchOptions(exactness: .exhaustive)

  /// Options under which even small indexes are searched by their signs first, where they can be.
  static func signsFirst(
    exactness: Exactness = .certified(), filter: Filter? = nil, rerank: Int? = nil,
    hasStandardErrors: Bool = false, threads: Int = 1
  ) -> SearchOptions {
    var options = SearchOptions(
      exactness: exactness, filter: filter, rerank: rerank, hasStandardErrors: hasStandardErrors,
      threads: threads)
    options.smallRest = 0
    return options
  }
}

/// The error that `body` throws; a test failure and `nil` if it throws none.
@discardableResult
func failure<Result>(
  _ sourceLocation: SourceLocation = #_sourceLocation,
  of body: () throws(IndexError) -> Result
) -> IndexError? {
  do throws(IndexError) {
    _ = try body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    return nil
  } catch {
    #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
    return error
  }
}

/// Replaces the bytes from `offset` on by those of a number, the lowest first.
func put(_ value: some FixedWidthInteger, at offset: Int, in bytes: inout [UInt8]) {
  for index in 0..<value.bitWidth / 8 {
    bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
  }
}
