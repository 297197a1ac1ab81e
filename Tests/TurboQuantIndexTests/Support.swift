import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantIndex

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

extension VectorIndex {
  /// The one centre of its rows, or nil.
  var center: Center? { if case .one(let center) = centers { center } else { nil } }
}

extension SearchOptions {
  static let exhaustive = SearchOptions(exactness: .exhaustive)

  /// Options under which even small indexes are searched by their signs first, where they can be, in stages.
  static func signsFirst(
    exactness: Exactness = .certified(), filter: Filter? = nil, rerank: Int? = nil,
    hasStandardErrors: Bool = false, threads: Int = 1
  ) -> SearchOptions {
    var options = SearchOptions(
      exactness: exactness, filter: filter, rerank: rerank, hasStandardErrors: hasStandardErrors,
      threads: threads)
    options.exhaustiveByteLimit = 0
    options.firstStageCount = 1
    return options
  }
}

/// The error that `body` throws; a test failure and `nil` if it throws none.
@discardableResult
func failure<Result>(
  _ sourceLocation: SourceLocation = #_sourceLocation,
  of body: () throws(IndexError) -> Result
) -> IndexError? {
  let error = thrownError(sourceLocation, of: body)
  #expect(error?.description.contains("\n") != true, sourceLocation: sourceLocation)
  return error
}
