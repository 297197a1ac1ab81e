internal import TurboQuant
internal import TurboQuantKernels

/// What one sum of whole numbers means: value = `step` · sum + `offset`.
struct SumScale: Sendable {
  var step: Double
  var offset: Double
  /// The variance that rounding the query added to the value.
  var variance: Double

  /// The same for a multiple of the value.
  func scaled(by factor: Double) -> SumScale {
    SumScale(step: step * factor, offset: offset * factor, variance: variance * factor * factor)
  }
}

extension SumScale {
  init(_ meaning: LookupTables.Meaning) {
    self.init(
      step: meaning.step, offset: meaning.offset,
      variance: Double(meaning.count) * meaning.step * meaning.step / 12)
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
      let turned = BlockShape.secondOrder(u)
      secondScales.append(
        QueryTables.append(turned.span, LookupTables.signs, to: &secondTables, kernels))
    }
    switch codes {
    case .signs(let centroid):
      codeScales.append(signScales[signScales.count - 1].scaled(by: centroid))
    case .tables(let tables): appendPlanes(u, tables, kernels, apart: readsSigns)
    case .products(_, let step): codeScales.append(appendWeights(u, centroidStep: step))
    case .wide(_, let step): codeScales.append(appendWideWeights(u, centroidStep: step))
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

  private static func largest(_ u: Span<Float>) -> Double {
    var largest: Float = 0
    for i in u.indices { largest = max(largest, abs(u[i])) }
    return Double(largest)
  }

  /// Weights of at most 64, in the order of `product_sums`.
  private mutating func appendWeights(_ u: Span<Float>, centroidStep: Double) -> SumScale {
    let step = QueryTables.largest(u) / 64
    let inverse = step > 0 ? 1 / step : 0
    let first = weights.count
    weights.append(contentsOf: repeatElement(0, count: BlockShape.weightCount(of: u.count)))
    var own = weights.mutableSpan
    var sum = 0
    QueryTables.forEachWeight(u) { place, coordinate in
      let weight = Portable.nearest(Double(coordinate) * inverse)
      own[first + place] = Int8(truncatingIfNeeded: weight)
      sum += weight
    }
    return SumScale(
      step: step * centroidStep, offset: -64 * Double(sum) * step * centroidStep,
      variance: step * step / 12)
  }

  /// Weights below 2¹² in magnitude, in the order of `wide_sums`.
  private mutating func appendWideWeights(_ u: Span<Float>, centroidStep: Double) -> SumScale {
    let step = QueryTables.largest(u) / 4095
    let inverse = step > 0 ? 1 / step : 0
    let first = wideWeights.count
    wideWeights.append(contentsOf: repeatElement(0, count: BlockShape.weightCount(of: u.count)))
    var own = wideWeights.mutableSpan
    QueryTables.forEachWeight(u) { place, coordinate in
      own[first + place] = Int16(truncatingIfNeeded: Portable.nearest(Double(coordinate) * inverse))
    }
    return SumScale(step: step * centroidStep, offset: 0, variance: step * step / 12)
  }

  /// Calls `body` with every coordinate and where its weight stands.
  @inline(__always)
  private static func forEachWeight(
    _ u: Span<Float>, _ body: (_ place: Int, _ coordinate: Float) -> Void
  ) {
    let order = BlockShape.weightOrder
    let whole = u.count / 32 * 32
    for start in stride(from: 0, to: whole, by: 32) {
      for place in 0..<32 { body(start + place, u[start + order[place]]) }
    }
    for place in 0..<32 where whole + order[place] < u.count {
      body(whole + place, u[whole + order[place]])
    }
  }
}
