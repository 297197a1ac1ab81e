/// How one configuration did: the fields of `evaluate --json`.
struct Measurement: Encodable, Sendable {
  /// The quantizer's name.
  let quantizer: String
  /// Bits a coordinate, without the row's scalars.
  let bits: Double
  /// The estimator's name.
  let estimator: String
  /// Bytes a row, everything included.
  let bytesPerVector: Int
  /// Mean of ‖x − x̂‖²/‖x‖².
  let mse: Double
  /// Its standard error: over the seeds, or over the rows when there is one seed.
  let mseStandardError: Double
  /// What theory predicts for it, where it does.
  let mseTheory: Nullable<Double>
  /// The number of seeds that `mse` is the mean over.
  let mseSeeds: Int
  /// The slope of estimate on truth, less 1.
  let ipBias: Double
  /// Root mean square of (estimate − truth)/(‖x‖‖q‖).
  let ipRMSE: Double
  /// The share of the true ten nearest among the estimated ten nearest.
  let recallAt10: Double
  /// How often the true nearest is the estimated nearest.
  let recall1At1: Double
  /// How often the true nearest is among the estimated ten nearest.
  let recall1At10: Double
  /// Encoding time, by the clock on `threads` threads.
  let encodeMicroseconds: Double
  /// The number of threads.
  let threads: Int
  /// The number of coordinates.
  let dimension: Int
  /// The number of rows.
  let count: Int
  /// The number of zero rows, left out of the relative errors.
  let zeroRows: Int
  /// The number of queries.
  let queries: Int
  /// The codec's seed.
  let seed: UInt64

  /// The names in JSON.
  enum CodingKeys: String, CodingKey {
    case quantizer, bits, estimator, mse, threads, dimension, count, queries, seed
    case bytesPerVector = "bytes_per_vector"
    case mseStandardError = "mse_standard_error"
    case mseTheory = "mse_theory"
    case mseSeeds = "mse_seeds"
    case ipBias = "ip_bias"
    case ipRMSE = "ip_rmse"
    case recallAt10 = "recall_at_10"
    case recall1At1 = "recall_1_at_1"
    case recall1At10 = "recall_1_at_10"
    case encodeMicroseconds = "encode_us_per_vector"
    case zeroRows = "zero_rows"
  }
}
