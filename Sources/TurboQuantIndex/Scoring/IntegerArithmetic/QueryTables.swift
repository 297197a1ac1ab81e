internal import TurboQuant
internal import TurboQuantKernels

/// What one sum of whole numbers means: value = `step` · sum + `offset`.
struct SumScale: Sendable {
  var step: Double
  var offset: Double
  /// What rounding query and centroids to whole numbers adds to the value's variance.
  var rounding: CosineError

  /// The same for a multiple of the value.
  func scaled(by factor: Double) -> SumScale {
    SumScale(step: step * factor, offset: offset * factor, rounding: rounding.scaled(by: factor))
  }
}

extension SumScale {
  /// Entries of lookup tables are rounded each on its own, by up to half a step.
  init(_ meaning: LookupTables.Meaning) {
    self.init(
      step: meaning.step, offset: meaning.offset,
      rounding: CosineError(everywhere: Double(meaning.count) * meaning.step * meaning.step / 12))
  }
}

/// A unit vector u in whole numbers k, u′ = `step` · k.
///
/// The step makes ⟨u, u′⟩ = 1, so that no error is left for rows that point where the query does: u′ − u stands at
/// right angles to u.
struct WholeQuery {
  private(set) var numbers: [Int] = []
  private(set) var step = 0.0
  private(set) var sum = 0
  /// ‖u′ − u‖².
  private(set) var error = 0.0

  /// The whole numbers of `u` up to `largest` in magnitude.
  init(_ u: Span<Float>, largest: Int) {
    var most: Float = 0
    for i in u.indices { most = max(most, abs(u[i])) }
    let inverse = most > 0 ? Double(largest) / Double(most) : 0
    var (product, square) = (0.0, 0.0)
    numbers.reserveCapacity(u.count)
    for i in u.indices {
      let number = Portable.nearest(Double(u[i]) * inverse)
      numbers.append(number)
      sum += number
      product += Double(u[i]) * Double(number)
      square += Double(number) * Double(number)
    }
    guard product > 0 else { return }
    step = 1 / product
    error = max(0, step * step * square - 1)
  }

  /// What u′ − u adds to the variance of ⟨ŷ, u⟩, ŷ a row's code of distortion D in d dimensions.
  ///
  /// ŷ is (1 − D)û and an error of squared length D(1 − D); û is ρu and something at right angles to u.
  func rounding(distortion: Double) -> CosineError {
    let each = error / Double(max(1, numbers.count)) * (1 - distortion)
    return CosineError(across: each, along: each * distortion)
  }
}

/// A group of queries as the kernels read them, one after another in each array.
struct QueryTables: Sendable {
  private(set) var signTables: [UInt8] = []
  private(set) var secondTables: [UInt8] = []
  private(set) var codeTables: [UInt8] = []
  private(set) var weights: [Int8] = []
  private(set) var wideWeights: [Int16] = []
  private(set) var sketchTables: [UInt8] = []
  /// ⟨sign(ŷ), u⟩ of each query.
  private(set) var signScales: [SumScale] = []
  /// ⟨second(ŷ), u⟩ of each query, second(ŷ) +1 where a code's second bit is set and −1 where it is not.
  private(set) var secondScales: [SumScale] = []
  /// ⟨ŷ, u⟩ of each query.
  private(set) var codeScales: [SumScale] = []
  /// c · ⟨sign(Jr), Ju⟩ of each query, c the sketch's scale.
  private(set) var sketchScales: [SumScale] = []

  /// Adds the query of unit direction `u`; its `projections` count `sketchScale` each.
  ///
  /// Of the sign plane there are tables where it is read alone or is the whole code, of second bits where they
  /// are read alone or are all that is left.
  mutating func append(
    _ u: Span<Float>, _ projections: Span<Float>, sketchScale: Double, _ codes: ScanCodes,
    _ kernels: Kernels, readsSigns: Bool, readsSecondPlane: Bool
  ) {
    if !codes.areSumsOfPlanes, readsSigns || codes.areSigns {
      signScales.append(QueryTables.append(u, LookupTables.signs, to: &signTables, kernels))
    }
    if readsSecondPlane {
      let turned = BlockShape.permutedToSecondBits(u)
      secondScales.append(
        QueryTables.append(turned.span, LookupTables.signs, to: &secondTables, kernels))
    }
    switch codes {
    case .signs(let centroid):
      codeScales.append(signScales[signScales.count - 1].scaled(by: centroid))
    case .tables(let tables): appendPlanes(u, tables, kernels, apart: readsSigns)
    case .products(_, let meaning): codeScales.append(appendWeights(u, meaning))
    case .wide(_, let meaning): codeScales.append(appendWideWeights(u, meaning))
    }
    if !projections.isEmpty {
      let sums = QueryTables.append(projections, LookupTables.signs, to: &sketchTables, kernels)
      sketchScales.append(sums.scaled(by: sketchScale))
    }
  }

  /// Tables of codes that are sums of what their planes say, and those of each plane `apart`, the sums of which
  /// add up to the code's.
  private mutating func appendPlanes(
    _ u: Span<Float>, _ tables: LookupTables, _ kernels: Kernels, apart: Bool
  ) {
    let first = codeTables.count
    let meaning = tables.append(u, to: &codeTables, kernels)
    codeScales.append(SumScale(meaning))
    guard apart else { return }
    let (signs, seconds) = (
      tables.entries(ofPlane: 0, in: codeTables.span.extracting(first...)),
      tables.entries(ofPlane: 1, in: codeTables.span.extracting(first...))
    )
    signTables += signs
    secondTables += seconds
    signScales.append(SumScale(tables.meaning(ofPlane: 0, in: meaning)))
    secondScales.append(SumScale(tables.meaning(ofPlane: 1, in: meaning)))
  }

  private static func append(
    _ u: Span<Float>, _ tables: LookupTables, to entries: inout [UInt8], _ kernels: Kernels
  ) -> SumScale {
    SumScale(tables.append(u, to: &entries, kernels))
  }

  /// Weights of at most 64, in the order of `product_sums`.
  private mutating func appendWeights(
    _ u: Span<Float>, _ centroids: ScanCodes.Meaning
  ) -> SumScale {
    let query = WholeQuery(u, largest: 64)
    let first = weights.count
    weights.append(contentsOf: repeatElement(0, count: BlockShape.weightCount(of: u.count)))
    var own = weights.mutableSpan
    QueryTables.forEachWeight(query.numbers) { own[first + $0] = Int8(truncatingIfNeeded: $1) }
    // Centroids stand for 64 less than they are.
    var scale = QueryTables.scale(query, centroids)
    scale.offset = -64 * Double(query.sum) * scale.step
    return scale
  }

  /// Weights below 2¹² in magnitude, in the order of `wide_sums`.
  private mutating func appendWideWeights(
    _ u: Span<Float>, _ centroids: ScanCodes.Meaning
  ) -> SumScale {
    let query = WholeQuery(u, largest: 4095)
    let first = wideWeights.count
    wideWeights.append(contentsOf: repeatElement(0, count: BlockShape.weightCount(of: u.count)))
    var own = wideWeights.mutableSpan
    QueryTables.forEachWeight(query.numbers) { own[first + $0] = Int16(truncatingIfNeeded: $1) }
    return QueryTables.scale(query, centroids)
  }

  private static func scale(_ query: WholeQuery, _ centroids: ScanCodes.Meaning) -> SumScale {
    SumScale(
      step: query.step * centroids.step, offset: 0,
      rounding: centroids.rounding + query.rounding(distortion: centroids.distortion))
  }

  /// Calls `body` with every weight and where it stands.
  @inline(__always)
  private static func forEachWeight(
    _ numbers: [Int], _ body: (_ place: Int, _ number: Int) -> Void
  ) {
    let order = BlockShape.weightOrder
    let whole = numbers.count / 32 * 32
    for start in stride(from: 0, to: whole, by: 32) {
      for place in 0..<32 { body(start + place, numbers[start + order[place]]) }
    }
    for place in 0..<32 where whole + order[place] < numbers.count {
      body(whole + place, numbers[whole + order[place]])
    }
  }
}
