/// The results of one configuration: the fields of `evaluate --json`.
package struct Measurement: Encodable, Sendable {
  /// The quantizer's name.
  package let quantizer: String
  /// Bits per coordinate, without the row's scalars.
  package let bits: Double
  /// The estimator's name.
  package let estimator: String
  /// Bytes per row, with everything included.
  package let bytesPerVector: Int
  /// Mean of ‖x − x̂‖²/‖x‖².
  package let mse: Double
  /// The standard error of `mse`: over the seeds or, with one seed, over the rows.
  package let mseStandardError: Double
  /// The prediction of theory for `mse`, if there is one.
  package let mseTheory: Nullable<Double>
  /// The number of seeds over which `mse` is the mean.
  package let mseSeeds: Int
  /// The slope of estimate on truth, minus 1.
  package let ipBias: Double
  /// Root mean square of (estimate − truth)/(‖x‖‖q‖).
  package let ipRMSE: Double
  /// The share of the true ten nearest rows among the estimated ten nearest.
  package let recallAt10: Double
  /// The share of queries whose true nearest row is the estimated nearest.
  package let recall1At1: Double
  /// The share of queries whose true nearest row is among the estimated ten nearest.
  package let recall1At10: Double
  /// Wall-clock time to encode on `threads` threads.
  package let encodeMicroseconds: Double
  /// The number of threads.
  package let threads: Int
  /// The number of coordinates.
  package let dimension: Int
  /// The number of rows.
  package let count: Int
  /// The number of zero rows, which are left out of the relative errors.
  package let zeroRows: Int
  /// The number of queries.
  package let queries: Int
  /// The codec's seed.
  package let seed: UInt64

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
