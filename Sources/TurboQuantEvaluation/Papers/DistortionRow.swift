internal import TurboQuant

/// ‖x − x̂‖² of unit vectors, beside theory's prediction and the paper's bound.
package struct DistortionRow: Encodable, Sendable {
  package let quantizer: String
  package let dimension: Int
  /// Bits of codes and radii per coordinate, without the row's float32 scalars.
  package let bits: Double
  package let measured: Double
  package let standardError: Double
  package let predicted: Double
  /// √3π/2 · 4⁻ᵇ (TurboQuant, Theorem 1), for scalar codes.
  package let upperBound: Nullable<Double>
  /// 4⁻ᵇ, which no code of b bits beats (Theorem 3).
  package let shannon: Double

  enum CodingKeys: String, CodingKey {
    case quantizer, dimension, bits, measured, predicted, shannon
    case standardError = "standard_error"
    case upperBound = "upper_bound"
  }

  /// Measures scalar codes of 1 … 8 bits, and angles with the default bits, at two dimensions.
  package static func measure(seed: UInt64) throws -> [DistortionRow] {
    var rows: [DistortionRow] = []
    for dimension in [128, 1536] {
      // At many bits, rare overloads dominate the error, so more bits need more draws.
      for bits in 1...8 {
        rows.append(
          try row(.scalar, dimension, bits: bits, draws: bits > 4 ? 4000 : 1000, seed))
      }
      for bits in [3, 4, 5] {
        rows.append(try row(.polar(), dimension, bits: bits, draws: 1000, seed))
      }
    }
    return rows
  }

  private static func row(
    _ quantizer: Quantizer, _ dimension: Int, bits: Int, draws: Int, _ seed: UInt64
  ) throws -> DistortionRow {
    let codec = try Codec(dimension: dimension, rate: .bits(bits), quantizer: quantizer)
    let vectors = VectorSet.gaussian(count: draws, dimension: dimension, seed: seed)
    var moments = Moments()
    // Each vector has its own rotation, because theory predicts the mean over rotations.
    for row in 0..<draws {
      let own = try codec.reseeded(with: seed &+ UInt64(row) &+ 1)
      let x = vectors.values.span.extracting(vectors.floats(row..<row + 1))
      let decoded = try own.decode(own.encode(x))
      var square = 0.0
      for i in 0..<dimension {
        let difference = Double(x[i]) - Double(decoded[i])
        square += difference * difference
      }
      moments.add(square)
    }
    let stored = Double(8 * codec.layout.radii.upperBound) / Double(dimension)
    let floor = pow4(-stored)
    return DistortionRow(
      quantizer: quantizer.name, dimension: dimension, bits: stored, measured: moments.mean,
      standardError: moments.standardError, predicted: codec.distortion ?? 0,
      upperBound: Nullable(quantizer == .scalar ? 3.0.squareRoot() * .pi / 2 * floor : nil),
      shannon: floor)
  }
}

/// 4ˣ.
package func pow4(_ x: Double) -> Double { Portable.exp(x * Portable.log(4)) }
