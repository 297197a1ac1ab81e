internal import TurboQuant
internal import TurboQuantKernels

/// The coordinates of a query as whole numbers, which kernels multiply by whole centroids.
enum WholeQuery {
  /// ⟨ŷ, u⟩ = step · sum + offset, where sum is that of centroids times weights, in steps of the centroids.
  typealias Meaning = (step: Double, offset: Double)

  /// Appends the weights of a query of unit direction `u` for centroids that are bytes.
  static func append(_ u: Span<Float>, to weights: inout [Int8]) -> Meaning {
    var sum = 0
    let step = append(u, largest: 64, to: &weights) { sum += $0 }
    // Whole centroids are 64 more than they mean.
    return (step, -64 * Double(sum) * step)
  }

  /// Appends the weights of a query of unit direction `u` for centroids that are words.
  static func append(_ u: Span<Float>, to weights: inout [Int16]) -> Meaning {
    (append(u, largest: QuadShape.largestWeight, to: &weights) { _ in }, 0)
  }

  /// Appends `u` as whole numbers of at most `largest`; returns the step, which is what 1 stands for.
  @inline(__always)
  private static func append<Weight: FixedWidthInteger>(
    _ u: Span<Float>, largest: Int, to weights: inout [Weight], _ see: (Int) -> Void
  ) -> Double {
    var largestMagnitude: Float = 0
    for i in u.indices { largestMagnitude = max(largestMagnitude, abs(u[i])) }
    let step = Double(largestMagnitude) / Double(largest)
    let inverse = step > 0 ? 1 / step : 0
    weights.reserveCapacity(weights.count + u.count)
    for i in u.indices {
      let weight = Portable.nearest(Double(u[i]) * inverse)
      weights.append(Weight(truncatingIfNeeded: weight))
      see(weight)
    }
    return step
  }
}
