import TurboQuant
import TurboQuantKernels

extension Moments {
  /// The standard deviation of the numbers, not of their mean.
  var deviation: Double { standardError * squareRoot(Double(count)) }
}
