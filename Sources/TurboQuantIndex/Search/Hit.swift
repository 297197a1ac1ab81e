internal import TurboQuant

/// One result of a search.
public struct Hit: Sendable, Hashable {
  /// The row's id.
  public let id: UInt64
  /// The row's tag, or nil if rows have none.
  public let tag: RowTag?
  /// The estimated inner product, cosine or squared distance, or the exact one of originals that were compared.
  ///
  /// An estimate is not limited to possible values: a cosine may exceed 1, and a squared distance may be negative. The
  /// ends of ``interval(_:)`` are limited.
  public let score: Float
  /// Half the longer side of ``interval(_:)`` at 2, as seen from the score; 0 only if the score is exact.
  ///
  /// Nil if errors were not asked for. Scores of float32 originals and of zero vectors are exact.
  public let standardError: Float?
  /// None or one; an array keeps hits without an error small.
  private let errors: [EstimateError]

  /// The terms of the interval.
  var error: EstimateError? { errors.first }

  /// Creates a hit with a symmetric error.
  public init(id: UInt64, score: Float, standardError: Float? = nil, tag: RowTag? = nil) {
    self.id = id
    self.tag = tag
    self.score = score
    self.standardError = standardError
    errors =
      standardError.map { [EstimateError(of: Double(score), standardDeviation: Double($0))] } ?? []
  }

  init(_ id: UInt64, _ tag: RowTag?, _ score: Float, _ error: EstimateError?) {
    self.id = id
    self.tag = tag
    self.score = score
    errors = error.map { [$0] } ?? []
    standardError = error.map { Float($0.standardError(of: Double(score))) }
  }

  /// The scores that make the row's at most `deviations` standard deviations wrong, or nil without ``standardError``.
  ///
  /// The true score lies within `interval(2)` in about 95.4% of seeds, whatever it is. Near the ends of the possible
  /// range the interval is lopsided; it is cut to that range and never empty.
  public func interval(_ deviations: Float) -> (low: Float, high: Float)? {
    guard let (low, high) = errors.first?.interval(Double(deviations)) else { return nil }
    let (first, last) = (Float(low), Float(high))
    return (
      Double(first) <= low ? first : first.nextDown, Double(last) >= high ? last : last.nextUp
    )
  }
}
