internal import TurboQuant
internal import TurboQuantKernels

/// How far the score of a whole code may lie above what the first bits of it say.
///
/// In the rotated frame a row is û, its code ŷ with alignment α = ⟨û, ŷ⟩, the means of the cells that its first
/// bits name ŵ; the query has direction u and cosine ρ with the row. The whole code says ρ̂ = ⟨ŷ, u⟩/α, its first
/// bits ρ̂ₚ = ⟨ŵ, u⟩/(1 − Dₚ), Dₚ the distortion of those means. Their difference is ⟨f, u⟩ with
/// f = ŷ/α − ŵ/(1 − Dₚ), and over a Haar rotation, u = ρû + √(1 − ρ²)·v with v uniform around û,
///
///   Var(ρ̂ − ρ̂ₚ) = ρ²σ² + (1 − ρ²)τ²,  σ² = Var⟨û, ŵ⟩/(1 − Dₚ)²,  τ² = (1/(1 − Dₚ) − 1/(1 − D))/(d − 1),
///
/// since ‖f‖² → 1/(1 − Dₚ) − 1/(1 − D) where both satisfy the centroid condition. The same condition makes
/// ρ̂ − ρ̂ₚ uncorrelated with the error of ρ̂ itself, so that being among the best by ρ̂ does not favour rows whose
/// first bits mislead; k results are then missed with probability at most k times the tail of one.
/// Documentation/Numerics.md derives this and measures it.
struct Certificate: Sendable {
  /// In fewer dimensions one coordinate weighs too much for the normal tail to hold, and a scan takes little time
  /// anyway.
  static let smallestDimension = 64

  /// The signs.
  let signs: Prefix
  /// The first two bits, if the second has a plane apart from the bits after it.
  let twoBits: Prefix?

  /// The certificate of a codec, or nil if its codes have no first bits worth reading alone.
  init?(_ codec: Codec, _ codebook: Codebook) {
    let d = codec.dimension
    guard codec.sketch == nil, codebook.bits > 1, d >= Certificate.smallestDimension else {
      return nil
    }
    signs = Prefix(of: codebook, bits: 1, dimension: d)
    twoBits =
      BlockShape.hasSecondPlane(bits: codebook.bits)
      ? Prefix(of: codebook, bits: 2, dimension: d) : nil
  }

  /// What first bits estimate, and how far off they are.
  struct Prefix: Sendable {
    /// ŵ/(1 − Dₚ) for each value of the first bits.
    let estimates: [Double]
    private let tau2: Double
    private let sigma2: Double
    /// The variance of the whole code's own error at cosine 0.
    private let codeVariance: Double
    /// 1 − D of the whole code.
    private let wholeKept: Double

    fileprivate init(of codebook: Codebook, bits: Int, dimension: Int) {
      let (prefix, d) = (codebook.prefix(bits: bits), Double(dimension))
      let (kept, whole) = (1 - prefix.distortion, 1 - codebook.distortion)
      estimates = prefix.means.map { $0 / kept }
      sigma2 = prefix.alignmentVariance / d / (kept * kept)
      // ‖f‖² varies from row to row by a relative deviation below 2/√d.
      tau2 = (1 + 2 / d.squareRoot()) * (1 / kept - 1 / whole) / (d - 1)
      codeVariance = (1 / whole - 1) / (d - 1)
      wholeKept = whole
    }

    /// A lower bound for ρ̂ₚ of rows with ρ̂ ≥ c, with z deviations to spare: ρ̂ₚ ≥ slope · c + intercept.
    ///
    /// c − z·b(c), with b² = ρ²σ² + (1 − ρ²)τ² + noise, is convex, and the line is its tangent at `c`. Rows of other
    /// norms need another cosine for the same score, and the tangent is a lower bound for them too. The noise is the
    /// most that rounding adds to ρ̂ₚ and to ⟨ŷ, u⟩.
    func line(
      at c: Double, deviations z: Double, prefixRounding: CosineError, codeRounding: CosineError
    ) -> (slope: Double, intercept: Double) {
      let codeNoise = codeRounding.largest / (wholeKept * wholeKept)
      let noise = prefixRounding.largest + codeNoise
      let at = min(max(c, -1), 1)
      // A row's true cosine may be lower than its estimate.
      let code = CosineError(across: codeVariance + codeNoise, along: codeNoise)
      let rho = max(0, code.interval(around: at, deviations: 3).low)
      let deviation = (rho * rho * sigma2 + (1 - rho * rho) * tau2 + noise).squareRoot()
      let slope = 1 + z * (tau2 - sigma2) * rho / deviation
      return (slope, at - z * deviation - slope * at)
    }
  }
}

extension Certificate {
  /// The deviations that a search allows for.
  struct Deviations: Sendable {
    let signs: Double
    let twoBits: Double

    /// Together the prefixes miss a result with at most the given probability.
    ///
    /// Signs get three quarters of it, because
    /// they decide about all rows, and two bits only about those that are left.
    init(_ certificate: Certificate, failureProbability: Double) {
      // A tail of much less is beyond double precision.
      let probability = max(failureProbability, 1e-290)
      guard certificate.twoBits != nil else {
        (signs, twoBits) = (NormalTail.deviate(probability), 0)
        return
      }
      signs = NormalTail.deviate(probability * 0.75)
      twoBits = NormalTail.deviate(probability * 0.25)
    }
  }
}
