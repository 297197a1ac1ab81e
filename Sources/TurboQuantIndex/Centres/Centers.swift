// Where rows are measured from: how a vector becomes what is encoded, and what a query needs to undo that.

internal import TurboQuant

/// The centres that rows are encoded relative to.
///
/// A row of centre c is encoded as x = y − c, where y is the vector or, for cosines, its direction. Adding a row and
/// preparing a query ask this type alone, so a further case changes neither.
enum Centers: Sendable {
  /// Rows are encoded as they are.
  case none
  /// Every row belongs to one centre, the mean of the rows.
  case one(Center)

  /// The centres of an index.
  ///
  /// - Throws: ``IndexError`` when the mean has another dimension, is not finite, or is too long.
  init(mean: [Float]?, _ metric: Metric, dimension: Int) throws(IndexError) {
    guard let mean else {
      self = .none
      return
    }
    guard mean.count == dimension else { throw .length(mean.count, dimension: dimension) }
    if let column = mean.firstIndex(where: { !$0.isFinite }) {
      throw IndexError(CodecError(.notFinite(value: mean[column], row: 0, column: column)))
    }
    let center = Center(mean, metric)
    guard center.norm <= VectorIndex.largestNorm else {
      throw .norm(center.norm, of: "mean", row: 0)
    }
    self = .one(center)
  }

  /// What a codec must do with the lengths of rows: x has a length of its own, even where y is a direction.
  static func normalization(_ metric: Metric, isCentered: Bool) -> Normalization {
    metric == .cosine && !isCentered ? .unit : .norm
  }

  /// Whether rows store their component along their centre.
  var hasComponents: Bool {
    if case .one(let center) = self { center.direction != nil } else { false }
  }
}

// MARK: Rows

extension Centers {
  /// Vectors as they are encoded, x = y − c.
  func centered(_ vectors: [Float]) throws(IndexError) -> [Float] {
    switch self {
    case .none: vectors
    case .one(let center): try center.centered(vectors)
    }
  }

  /// One component along its centre per encoded row; nothing where rows do not store it.
  func components(ofCentered rows: [Float]) -> [Float] {
    switch self {
    case .none: []
    case .one(let center): center.components(ofCentered: rows)
    }
  }

  /// Turns a decoded row x into y = x + c.
  func restore(_ row: inout [Float]) {
    if case .one(let center) = self {
      for i in row.indices { row[i] += center.vector[i] }
    }
  }
}

// MARK: Queries

/// A query as the rows of a centre meet it.
struct CenteredQuery {
  /// What is rotated and compared with codes.
  let vector: [Float]
  /// The length of the whole query, nil where that is the length of `vector`.
  let norm: Double?
  let constants: CenterConstants
}

/// What a query adds to the similarities of all rows of one centre.
struct CenterConstants: Sendable {
  /// ⟨q, c⟩.
  let product: Double
  /// ⟨q, c/‖c‖⟩, by which a row's component along its centre counts.
  let component: Double

  /// Those of rows that are measured from zero, and of distances, which need none.
  static let none = CenterConstants(product: 0, component: 0)
}

extension Centers {
  /// A query as rows meet it.
  func centered(query: [Float]) -> CenteredQuery {
    switch self {
    case .none: CenteredQuery(vector: query, norm: nil, constants: .none)
    case .one(let center): center.centered(query: query)
    }
  }

  /// Whether similarities are products with the query's direction, already in units of its length.
  func areProductsWithDirections(_ metric: Metric) -> Bool { metric == .cosine && hasComponents }
}
