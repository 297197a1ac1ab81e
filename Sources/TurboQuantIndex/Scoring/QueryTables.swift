// Queries in the form that the scan kernels read.

internal import TurboQuant
internal import TurboQuantKernels

/// A group of queries as the kernels read them, one after another in each array.
struct QueryTables: Sendable {
  /// Lookup tables of sign planes.
  private(set) var signTables: [UInt8] = []
  /// Lookup tables of the planes of second bits.
  private(set) var secondTables: [UInt8] = []
  /// Lookup tables of whole codes of two bits.
  private(set) var codeTables: [UInt8] = []
  /// Weights for codes of three and four bits.
  private(set) var weights8: [Int8] = []
  /// Weights for codes of eight bits.
  private(set) var weights16: [Int16] = []
  /// Lookup tables of sketches.
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
  /// The sign plane gets tables if it is read alone or is the whole code, the second plane if it is read alone.
  mutating func append(
    _ u: Span<Float>, _ projections: Span<Float>, sketchScale: Double, _ codes: ScanCodebook,
    _ kernels: Kernels, readsSigns: Bool, readsSecondPlane: Bool
  ) {
    if !codes.areSumsOfPlanes, readsSigns || codes.areSigns {
      signScales.append(QueryTables.append(u, LookupTables.signs, to: &signTables, kernels))
    }
    if readsSecondPlane {
      let permuted = BlockShape.permutedToSecondBits(u)
      secondScales.append(
        QueryTables.append(permuted.span, LookupTables.signs, to: &secondTables, kernels))
    }
    switch codes {
    case .signs(let centroid):
      codeScales.append(signScales[signScales.count - 1].scaled(by: centroid))
    case .lookup(let tables): appendPlanes(u, tables, kernels, apart: readsSigns)
    case .int8(_, let centroids): codeScales.append(appendWeights8(u, centroids))
    case .int16(_, let centroids): codeScales.append(appendWeights16(u, centroids))
    }
    if !projections.isEmpty {
      let sums = QueryTables.append(projections, LookupTables.signs, to: &sketchTables, kernels)
      sketchScales.append(sums.scaled(by: sketchScale))
    }
  }

  /// Adds tables for codes whose value is the sum of two planes' values and, if the planes are also read `apart`, the
  /// tables of each plane, whose sums add up to the code's.
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

  /// Adds weights of at most 64, in the order of the kernel for int8.
  private mutating func appendWeights8(
    _ u: Span<Float>, _ centroids: IntegerCodebook
  ) -> SumScale {
    let query = IntegerQuery(u, largest: 64)
    QueryTables.append(query.numbers, to: &weights8)
    var scale = QueryTables.scale(query, centroids)
    scale.offset = -Double(IntegerCodebook.bias) * Double(query.sum) * scale.step
    return scale
  }

  /// Adds weights below 2¹² in magnitude, in the order of the kernel for int16.
  private mutating func appendWeights16(
    _ u: Span<Float>, _ centroids: IntegerCodebook
  ) -> SumScale {
    let query = IntegerQuery(u, largest: 4095)
    QueryTables.append(query.numbers, to: &weights16)
    return QueryTables.scale(query, centroids)
  }

  private static func scale(_ query: IntegerQuery, _ centroids: IntegerCodebook) -> SumScale {
    SumScale(
      step: query.step * centroids.step, offset: 0,
      rounding: centroids.rounding + query.rounding(distortion: centroids.distortion))
  }

  /// Appends the weights of a query in the order of the kernels; what pads the last column group is zero.
  private static func append<Weight: FixedWidthInteger>(
    _ numbers: [Int], to weights: inout [Weight]
  ) {
    let first = weights.count
    weights.append(contentsOf: repeatElement(0, count: BlockShape.weightCount(of: numbers.count)))
    var output = weights.mutableSpan
    let order = BlockShape.weightOrder
    let whole = numbers.count / 32 * 32
    for start in stride(from: 0, to: whole, by: 32) {
      for place in 0..<32 {
        output[first + start + place] = Weight(truncatingIfNeeded: numbers[start + order[place]])
      }
    }
    for place in 0..<32 where whole + order[place] < numbers.count {
      output[first + whole + place] = Weight(truncatingIfNeeded: numbers[whole + order[place]])
    }
  }
}
