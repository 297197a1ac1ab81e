package import TurboQuant
internal import TurboQuantFiles
internal import TurboQuantThreads

/// Rows, queries and their exact inner products, the reference for every codec.
package struct Evaluation: Sendable {
  /// The rows that are encoded.
  package let rows: VectorSet
  /// The queries, which stay floats.
  package let queries: VectorSet
  /// The exact inner products.
  package let truth: GroundTruth
  /// The number of threads to use.
  package let threads: Int
  private let rowNorms: [Double]

  /// Computes the exact inner products; `progress` is called with numbers of finished queries.
  package init(
    rows: VectorSet, queries: VectorSet, threads: Int, _ progress: @Sendable (Int) -> Void
  ) {
    self.rows = rows
    self.queries = queries
    self.threads = threads
    rowNorms = rows.norms
    truth = GroundTruth(rows: rows, queries: queries, threads: threads, progress)
  }

  /// Rows as one codec stores them, the time this took, and its accuracy.
  package struct Encoded: Sendable {
    /// The codec.
    package let codec: Codec
    /// The stored rows.
    package let codes: CodeMatrix
    /// Seconds to encode all rows: the median over the seeds.
    package let seconds: Double
    /// ‖x − x̂‖²/‖x‖²: the moments over the nonzero rows or, with several seeds, over their means per seed.
    package let distortion: Moments
    /// The number of seeds.
    package let seedCount: Int
  }

  /// Encodes and decodes all rows with `seedCount` consecutive seeds, beginning with the codec's own.
  ///
  /// Theory predicts the mean over rotations, but all rows share one rotation. Only several seeds show
  /// how far the measured distortion may be from its mean.
  package func encoded(by codec: Codec, seedCount: Int = 1) throws -> Encoded {
    var first: CodeMatrix?
    var times: [Double] = []
    var perSeed = Moments()
    var perRow = Moments()
    for number in 0..<max(1, seedCount) {
      let codec = number == 0 ? codec : try codec.reseeded(with: codec.seed &+ UInt64(number))
      let start = ContinuousClock.now
      let codes = try codec.encode(rows.values, threads: threads)
      times.append((ContinuousClock.now - start).seconds)
      perRow = try distortion(codec, codes)
      perSeed.add(perRow.mean)
      if number == 0 { first = codes }
    }
    return Encoded(
      codec: codec, codes: try first ?? CodeMatrix(unidentified: [], of: codec),
      seconds: times.median,
      distortion: seedCount > 1 ? perSeed : perRow, seedCount: max(1, seedCount))
  }

  private func distortion(_ codec: Codec, _ codes: CodeMatrix) throws -> Moments {
    let pieces = codec.pieces(rows.count)
    let moments = try Parallel.map(pieces.count, threads: threads) { piece in
      relativeErrors(of: try codec.decode(codes, rows: pieces[piece]), pieces[piece])
    }
    return moments.reduce(Moments(), +)
  }

  private func relativeErrors(of decoded: [Float], _ range: Range<Int>) -> Moments {
    var moments = Moments()
    let (original, decoded) = (rows.values.span.extracting(rows.floats(range)), decoded.span)
    for (i, row) in range.enumerated() where rowNorms[row] > 0 {
      var error = 0.0
      for j in i * rows.dimension..<(i + 1) * rows.dimension {
        let difference = Double(original[j]) - Double(decoded[j])
        error += difference * difference
      }
      moments.add(error / (rowNorms[row] * rowNorms[row]))
    }
    return moments
  }

  /// Searches every query among the codes.
  package func measurement(
    of encoded: Encoded, by estimator: Estimator, _ progress: @Sendable (Int) -> Void
  ) throws -> Measurement {
    let results = try Parallel.map(queries.count, threads: threads) { query in
      defer { progress(1) }
      return try outcome(query, encoded, by: estimator).agreement
    }
    let total = results.reduce(Agreement(), +)
    let codec = encoded.codec
    return Measurement(
      quantizer: codec.quantizer.name, bits: codec.rate.bitsPerCoordinate,
      estimator: estimator.rawValue, bytesPerVector: codec.bytesPerVector,
      mse: encoded.distortion.mean, mseStandardError: encoded.distortion.standardError,
      mseTheory: Nullable(codec.distortion), mseSeeds: encoded.seedCount, ipBias: total.slope - 1,
      ipRMSE: total.rootMeanSquare, recallAt10: total.recallAt10,
      recall1At1: total.recall1At1, recall1At10: total.recall1At10,
      encodeMicroseconds: encoded.seconds * 1e6 / Double(max(1, rows.count)), threads: threads,
      dimension: rows.dimension, count: rows.count,
      zeroRows: rowNorms.count { $0 == 0 }, queries: queries.count, seed: codec.seed)
  }

  /// The estimated nearest rows of one query, best first.
  package func nearest(
    _ query: Int, _ encoded: Encoded, by estimator: Estimator
  ) throws -> TopList<Double> {
    let values = try self.values(query, encoded, estimator)
    var best = TopList<Double>(10)
    for (row, value) in values.enumerated() { best.offer(row, value) }
    return best
  }

  private func values(
    _ query: Int, _ encoded: Encoded, _ estimator: Estimator
  ) throws -> [Double] {
    let floats = queries.values.span.extracting(queries.floats(query..<query + 1))
    let prepared = try encoded.codec.prepare(floats)
    return try encoded.codec.values(prepared, for: encoded.codes, by: estimator)
  }

  /// How well one query is answered, and how many rows look nearer than the true nearest row.
  package func outcome(
    _ query: Int, _ encoded: Encoded, by estimator: Estimator
  ) throws -> (agreement: Agreement, rank: Int) {
    let values = try self.values(query, encoded, estimator)
    let queryNorm = queries.norm(of: query)
    var agreement = Agreement()
    var best = TopList<Double>(10)
    for (row, value) in values.enumerated() { best.offer(row, value) }
    for (i, exact) in truth.products[query].enumerated() {
      let row = i * truth.rowStride
      agreement.addPair(
        estimate: values[row], truth: Double(exact), scale: rowNorms[row] * queryNorm)
    }
    let nearest = truth.nearest[query].rows
    agreement.addSearch(found: best.rows, expected: nearest)
    let rank = nearest.first.map { row in
      values.indices.count { (values[$0], row) > (values[row], $0) }
    }
    return (agreement, rank ?? 0)
  }
}
